package registry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"golang.org/x/sync/errgroup"
)

// parallel bounds the calls that a copy makes at once.
const parallel = 6

// largestConfig bounds what is read into memory.
const largestConfig = 8 << 20

// blob is a layer or a configuration.
type blob struct {
	digest v1.Hash
	size   int64
	title  string
	data   []byte // the content, if it is known already
	// tellsPlatform is true for the configuration of an image that is copied alone.
	tellsPlatform bool
}

// copyBlobs brings every blob to the destination that is not there.
func (cp *copying) copyBlobs(ctx context.Context) (string, error) {
	for _, b := range cp.blobs {
		cp.client.meter(ctx, b).report(false)
	}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(parallel)
	g.Go(func() error { return cp.lookAhead(gctx) })
	for _, b := range cp.blobs {
		g.Go(func() error { return cp.copyBlob(gctx, b) })
	}
	if err := g.Wait(); err != nil {
		return "", err
	}
	skipped := int(cp.skipped.Load())
	return fmt.Sprintf("%d copied, %d already there", len(cp.blobs)-skipped, skipped), nil
}

func (cp *copying) copyBlob(ctx context.Context, b *blob) error {
	if b.tellsPlatform {
		if err := cp.readPlatform(ctx, b); err != nil {
			return atSource(err)
		}
	}
	t := &transfer{copying: cp, blob: b, meter: cp.client.meter(ctx, b)}
	wait := newPatience()
	for {
		before := t.stored
		err := t.attempt(ctx)
		if err == nil {
			return nil
		}
		if t.stored > before {
			wait.renew()
		}
		var atSource *sideError // the stream was patient with the source already
		if errors.As(err, &atSource) || !worthRetrying(err) || !wait.again(ctx) {
			return atDestination(err)
		}
	}
}

// readPlatform reads the configuration, which it keeps for the upload.
func (cp *copying) readPlatform(ctx context.Context, b *blob) error {
	if b.data == nil && b.size <= largestConfig {
		in := cp.source.stream(ctx, b, 0, nil)
		defer func() { _ = in.Close() }()
		data, err := io.ReadAll(in)
		if err != nil {
			return err
		}
		b.data = data
	}
	config, err := v1.ParseConfigFile(bytes.NewReader(b.data))
	if err != nil || config.OS == "" {
		return nil // an artifact, or a configuration that says nothing: the copy can do without
	}
	p := config.Platform()
	if cp.platform != nil && !p.Satisfies(*cp.platform) {
		return cp.wrongPlatform([]string{p.String()})
	}
	cp.platforms = []string{p.String()}
	return nil
}

// transfer is one blob on its way.
type transfer struct {
	*copying
	*blob
	meter    *meter
	location string // where the upload goes on, once one was begun
	stored   int64  // bytes of it that the registry has for sure
	begun    bool   // whether bytes travelled
}

// attempt brings the blob to the destination, or as far as it gets.
func (t *transfer) attempt(ctx context.Context) error {
	there, err := t.destination.has(ctx, t.digest)
	if err != nil {
		return err
	}
	if there {
		t.done(!t.begun)
		return nil
	}
	if err := t.findPlace(ctx); err != nil {
		return err
	}
	if t.location == "" {
		t.done(true) // mounted
		return nil
	}
	if err := t.send(ctx); err != nil {
		return t.judge(err)
	}
	t.done(false)
	return nil
}

// judge makes an upload begin anew that the registry does not know any more, or whose rest it does not take.
func (t *transfer) judge(err error) error {
	var refusal *transport.Error
	var atSource *sideError
	if !errors.As(err, &atSource) && errors.As(err, &refusal) && (t.stored > 0 && !denied(refusal) ||
		hasCode(refusal, transport.BlobUploadUnknownErrorCode) || refusal.StatusCode == http.StatusRequestedRangeNotSatisfiable) {
		t.location, t.stored = "", 0
		return fmt.Errorf("%w: %w", errAnew, err)
	}
	return err
}

func (t *transfer) done(skipped bool) {
	if skipped {
		t.skipped.Add(1)
	}
	t.meter.finish(skipped)
}

// has asks whether the repository has a blob.
func (e *endpoint) has(ctx context.Context, digest v1.Hash) (bool, error) {
	err := e.do(ctx, http.MethodHead, e.url("blobs/"+digest.String(), nil), http.StatusOK)
	if isMissing(err) {
		return false, nil
	}
	return err == nil, err
}

// findPlace takes up an upload that was cut off, mounts the blob (the location is empty then) or begins a new upload.
func (t *transfer) findPlace(ctx context.Context) error {
	if t.location != "" {
		if t.stored = t.takeUp(ctx); t.stored > 0 {
			return nil
		}
	}
	t.stored = 0
	from := ""
	if t.sameRegistry() && t.source.repo.RepositoryStr() != t.destination.repo.RepositoryStr() {
		from = t.source.repo.RepositoryStr()
	}
	location, mounted, err := t.destination.begin(ctx, t.digest.String(), from)
	var refusal *transport.Error
	if from != "" && errors.As(err, &refusal) {
		// Some registries refuse to mount instead of beginning an upload.
		location, mounted, err = t.destination.begin(ctx, "", "")
	}
	if err != nil {
		return err
	}
	if t.location = location; mounted {
		t.location = ""
	}
	return nil
}

// takeUp asks how much of the upload arrived. Zero, when that cannot be said, makes it begin anew.
func (t *transfer) takeUp(ctx context.Context) int64 {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, t.location, http.NoBody)
	if err != nil {
		return 0
	}
	resp, err := t.destination.send(req, http.StatusNoContent, http.StatusAccepted, http.StatusOK)
	if err != nil {
		return 0
	}
	defer drain(resp)
	stored := uploaded(resp.Header)
	if stored > t.size {
		return 0
	}
	if resp.Header.Get("Location") != "" {
		if t.location, err = follow(resp); err != nil {
			return 0
		}
	}
	return stored
}

// send uploads what the registry has not got: all in one call, or the rest after what is stored, and completes it.
func (t *transfer) send(ctx context.Context) error {
	method, address := http.MethodPut, t.location
	if t.stored > 0 {
		method = http.MethodPatch
	} else {
		var err error
		if address, err = withDigest(t.location, t.digest.String()); err != nil {
			return err
		}
	}
	if t.stored < t.size || t.stored == 0 {
		next, err := t.sendBody(ctx, method, address)
		if err != nil || method == http.MethodPut {
			return err
		}
		t.location, t.stored = next, t.size
	}
	address, err := withDigest(t.location, t.digest.String())
	if err != nil {
		return err
	}
	return t.destination.do(ctx, http.MethodPut, address, http.StatusCreated, http.StatusNoContent)
}

func (t *transfer) sendBody(ctx context.Context, method, address string) (next string, err error) {
	ctx, stop := context.WithCancelCause(ctx)
	in := t.source.stream(ctx, t.blob, t.stored, t.meter)
	t.begun = true
	watch := watchStall(stop)
	in.alive = watch.alive
	// The HTTP client may still read when the call has failed: the context ends that first.
	defer func() {
		stop(nil)
		_ = in.Close()
		watch.end()
		t.travelled.Add(in.read.Load())
	}()
	req, err := http.NewRequestWithContext(ctx, method, address, in)
	if err != nil {
		return "", err
	}
	req.ContentLength = t.size - t.stored
	if t.size == 0 {
		req.Body = http.NoBody
	}
	req.Header.Set("Content-Type", "application/octet-stream")
	want := []int{http.StatusCreated, http.StatusNoContent}
	if method == http.MethodPatch {
		req.Header.Set("Content-Range", fmt.Sprintf("%d-%d", t.stored, t.size-1))
		want = append(want, http.StatusAccepted)
	}
	resp, err := t.destination.send(req, want...)
	if err != nil {
		if errors.Is(context.Cause(ctx), errStalled) {
			return "", errStalled
		}
		if cause := in.failure(); cause != nil {
			return "", atSource(cause)
		}
		return "", err
	}
	defer drain(resp)
	if method == http.MethodPut {
		return "", nil
	}
	return follow(resp)
}
