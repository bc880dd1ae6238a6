package registry_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	ggcr "github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"go.uber.org/goleak"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/registry"
)

// noTag fails the test when reference names anything.
func noTag(t *testing.T, b *bench, reference string) {
	t.Helper()
	_, err := b.Resolve(context.Background(), reference)
	if code := actions.CodeOf(err); code != actions.CodeTagNotFound && code != actions.CodeImageNotFound {
		t.Errorf("%s is there, or cannot be asked for: %v", reference, err)
	}
}

// slowLine takes a quarter of a second for 8 MiB and longer, so that progress is reported on the way.
type slowLine struct{ http.ResponseWriter }

func (s *slowLine) Write(p []byte) (written int, err error) {
	for chunk := range slices.Chunk(p, 32<<10) {
		time.Sleep(time.Millisecond) // the line's own time
		n, err := s.ResponseWriter.Write(chunk)
		written += n
		if err != nil {
			return written, err
		}
	}
	return written, nil
}

func TestCopyCancelledInTheMiddle(t *testing.T) {
	held := ggcr.New(ggcr.Logger(log.New(io.Discard, "", 0)))
	from := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		held.ServeHTTP(&slowLine{w}, r)
	}))
	to := distributionRegistry(t)
	b := newBench(t)
	b.login(t, to)
	source, destination := from+"/demo/app:latest", to+"/l3-students/app:1.0"
	put(t, b, source, randomImage(t, 8<<20, 3))
	b.base.CloseIdleConnections()
	running := goleak.IgnoreCurrent()

	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var stopped atomic.Bool
	b.seen.on = func(e actions.Event) {
		if p, ok := e.(actions.Progress); ok && p.Done > 0 && p.Done < p.Total {
			stopped.Store(true)
			cancel()
		}
	}
	_, err := b.Copy(ctx, registry.CopyRequest{Source: source, Destination: destination})
	if !stopped.Load() {
		t.Fatal("the copy was over before it could be cancelled")
	}
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("%v, want %v", err, context.Canceled)
	}
	if actions.ExitCode(err) != 130 {
		t.Errorf("exit code %d, want 130", actions.ExitCode(err))
	}
	b.base.CloseIdleConnections()
	// The servers of this test take half a second to let go of a client that left.
	goleak.VerifyNone(t, running, goleak.IgnoreAnyFunction("net/http.(*conn).serve"))
	b.seen.on = nil
	noTag(t, b, destination)
	stages := b.seen.stages()
	if last := stages[len(stages)-1]; last != "blobs 2" {
		t.Errorf("the stages end with %s, want a failed stage of blobs", last)
	}
}

// A transfer that stands still at either end is cancelled at once too.
func TestCopyCancelledWhileNothingMoves(t *testing.T) {
	store := distribution(t, t.TempDir(), false)
	reached := make(chan struct{}, 10)
	stall := func(match func(*http.Request) bool) string {
		return serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if match(r) {
				_, _ = io.Copy(io.Discard, r.Body)
				reached <- struct{}{}
				<-r.Context().Done()
				return
			}
			store.ServeHTTP(w, r)
		}))
	}
	isBlob := func(method, part string) func(*http.Request) bool {
		return func(r *http.Request) bool { return r.Method == method && strings.Contains(r.URL.Path, part) }
	}
	good := serve(t, store)
	b := newBench(t)
	put(t, b, good+"/demo/app:latest", randomImage(t, 1<<20, 2))
	for name, ends := range map[string]struct{ source, destination string }{
		"source":      {stall(isBlob(http.MethodGet, "/blobs/")), good},
		"destination": {good, stall(isBlob(http.MethodPut, "/blobs/uploads/"))},
		"manifest":    {good, stall(isBlob(http.MethodPut, "/manifests/"))},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			go func() {
				<-reached
				cancel()
			}()
			destination := ends.destination + "/copy/" + name + ":1"
			_, err := b.Copy(ctx, registry.CopyRequest{Source: ends.source + "/demo/app:latest", Destination: destination})
			if !errors.Is(err, context.Canceled) {
				t.Fatalf("%v, want %v", err, context.Canceled)
			}
			noTag(t, b, good+"/copy/"+name+":1")
		})
	}
}

func TestCopyOfADamagedSource(t *testing.T) {
	b := newBench(t)
	store := distribution(t, t.TempDir(), false)
	var damage atomic.Pointer[func(http.ResponseWriter, *http.Request) bool]
	from := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f := damage.Load(); f != nil && (*f)(w, r) {
			return
		}
		store.ServeHTTP(w, r)
	}))
	to := plainRegistry(t)
	img := randomImage(t, 64<<10, 2)
	put(t, b, from+"/demo/app:latest", img)
	layers, err := img.Layers()
	if err != nil {
		t.Fatal(err)
	}
	digest, err := layers[0].Digest()
	if err != nil {
		t.Fatal(err)
	}
	path := "/v2/demo/app/blobs/" + digest.String()
	for name, c := range map[string]struct {
		do   func(http.ResponseWriter, *http.Request) bool
		code actions.Code
	}{
		"other bytes": {func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodGet || r.URL.Path != path {
				return false
			}
			answer := httptest.NewRecorder()
			store.ServeHTTP(answer, r)
			body := bytes.Clone(answer.Body.Bytes())
			body[len(body)/2] ^= 1
			_, _ = w.Write(body)
			return true
		}, actions.CodeDigestMismatch},
		"a layer is missing": {func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path != path {
				return false
			}
			w.WriteHeader(http.StatusNotFound)
			return true
		}, actions.CodeImageNotFound},
		"another manifest": {func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodGet || !strings.Contains(r.URL.Path, "/manifests/sha256:") {
				return false
			}
			w.Header().Set("Content-Type", string(types.OCIManifestSchema1))
			_, _ = io.WriteString(w, `{"schemaVersion":2}`)
			return true
		}, actions.CodeDigestMismatch},
	} {
		t.Run(name, func(t *testing.T) {
			manifest, err := img.Digest()
			if err != nil {
				t.Fatal(err)
			}
			damage.Store(&c.do)
			destination := to + "/copy/app:" + strings.ReplaceAll(name, " ", "-")
			_, err = b.Copy(context.Background(), registry.CopyRequest{
				Source: from + "/demo/app@" + manifest.String(), Destination: destination,
			})
			e := wantCode(t, err, c.code)
			if !strings.Contains(e.What, from) {
				t.Errorf("%q does not name the source", e.What)
			}
			noTag(t, b, destination)
		})
	}
}

func TestCopyConfirmsWhatIsThere(t *testing.T) {
	b := newBench(t)
	from := plainRegistry(t)
	put(t, b, from+"/demo/app:latest", randomImage(t, 1<<10, 1))
	store := distribution(t, t.TempDir(), false)
	other := randomImage(t, 1<<10, 1)
	plain := serve(t, store)
	// Somebody moves the tag between the push and the confirmation.
	to := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		store.ServeHTTP(w, r)
		if r.Method == http.MethodPut && strings.HasSuffix(r.URL.Path, "/manifests/1.0") && r.UserAgent() != "" {
			put(t, newBench(t), plain+"/copy/app:1.0", other)
		}
	}))
	_, err := b.Copy(context.Background(), registry.CopyRequest{Source: from + "/demo/app:latest", Destination: to + "/copy/app:1.0"})
	wantCode(t, err, actions.CodeDigestMismatch)
}

func TestCopyWhatIsNoImage(t *testing.T) {
	b := newBench(t)
	from, to := plainRegistry(t), plainRegistry(t)
	put(t, b, from+"/demo/thing:1", notAnImage{})
	_, err := b.Resolve(context.Background(), from+"/demo/thing:1")
	wantCode(t, err, actions.CodeNotAnImage)
	_, err = b.Copy(context.Background(), registry.CopyRequest{Source: from + "/demo/thing:1", Destination: to + "/copy/thing:1"})
	e := wantCode(t, err, actions.CodeNotAnImage)
	if !strings.Contains(e.What, from+"/demo/thing:1") || !strings.Contains(e.Why, "application/vnd.example") {
		t.Errorf("%q does not name the reference and its type", e.Error())
	}
}

// notAnImage is a manifest of a type of its own.
type notAnImage struct{}

func (notAnImage) RawManifest() ([]byte, error) { return []byte(`{"schemaVersion":2}`), nil }
func (notAnImage) MediaType() (types.MediaType, error) {
	return "application/vnd.example.thing+json", nil
}
