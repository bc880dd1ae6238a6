package recovery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/sigstore/cosign/v2/pkg/cosign/bundle"
	"github.com/sigstore/cosign/v2/pkg/oci/static"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/registry"
)

// The most that is read of what a registry hands us, in bytes.
const (
	maxManifest = 32 << 20
	maxPayload  = 1 << 20
)

// repository reads what is stored beside an image.
type repository struct {
	client *registry.Client
	puller *remote.Puller
	asked  string // the reference as the person wrote it, for errors
}

func (r *Recoverer) repository(ctx context.Context, asked string) (*repository, error) {
	puller, err := remote.NewPuller(r.opts.Registry.Remote(ctx)...)
	if err != nil {
		return nil, err
	}
	return &repository{r.opts.Registry, puller, asked}, nil
}

// stored is one layer of a signature tag.
type stored struct {
	raw         json.RawMessage
	payload     string // digest
	signature   string // base64
	annotations map[string]string
}

// place is where a signature stands in a log.
type place struct {
	log   string
	index int64
}

// carried is the log entry that a layer carries, as it says itself.
type carried struct {
	place
	body any
}

// logged returns the log entry of a layer, and false when it carries none.
func (s stored) logged() (carried, bool) {
	var entry bundle.RekorBundle
	if json.Unmarshal([]byte(s.annotations[static.BundleAnnotationKey]), &entry) != nil || entry.Payload.LogID == "" {
		return carried{}, false
	}
	return carried{place{entry.Payload.LogID, entry.Payload.LogIndex}, entry.Payload.Body}, true
}

// layers returns the layers of the manifest that ref names, and false when there is none.
func (r *repository) layers(ctx context.Context, ref name.Reference) ([]stored, bool, error) {
	got, err := r.puller.Get(ctx, ref)
	var refused *transport.Error
	if errors.As(err, &refused) && refused.StatusCode == http.StatusNotFound {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, r.explain(ctx, err)
	}
	found, err := parseLayers(got.Manifest)
	if err != nil {
		return nil, false, &actions.Error{
			Code: actions.CodeNotAnImage, What: ref.Name() + " holds something else than signatures", Why: err.Error(), Err: err,
			Next: "nothing was changed. Look what it is (crane manifest " + ref.Name() + "); whoever put it there must move it",
		}
	}
	return found, true, nil
}

func parseLayers(manifest []byte) ([]stored, error) {
	if len(manifest) > maxManifest {
		return nil, fmt.Errorf("it has %d bytes, more than the %d that are read", len(manifest), maxManifest)
	}
	var m struct {
		Layers []json.RawMessage `json:"layers"`
	}
	if err := json.Unmarshal(manifest, &m); err != nil {
		return nil, err
	}
	found := make([]stored, 0, len(m.Layers))
	for _, raw := range m.Layers {
		var l struct {
			Digest      string            `json:"digest"`
			Annotations map[string]string `json:"annotations"`
		}
		if err := json.Unmarshal(raw, &l); err != nil {
			return nil, err
		}
		found = append(found, stored{raw, l.Digest, l.Annotations[static.SignatureAnnotationKey], l.Annotations})
	}
	return found, nil
}

// content returns a payload, whose digest is checked.
func (r *repository) content(ctx context.Context, repo name.Repository, digest string) ([]byte, error) {
	ref, err := name.NewDigest(repo.Name() + "@" + digest)
	if err != nil {
		return nil, err
	}
	layer, err := r.puller.Layer(ctx, ref)
	if err != nil {
		return nil, r.explain(ctx, err)
	}
	body, err := layer.Compressed() // as it is stored
	if err != nil {
		return nil, r.explain(ctx, err)
	}
	defer func() { _ = body.Close() }()
	content, err := io.ReadAll(io.LimitReader(body, maxPayload+1))
	if err != nil {
		return nil, r.explain(ctx, err)
	}
	if len(content) > maxPayload {
		return nil, fmt.Errorf("the payload %s has more than the %d bytes that are read", digest, maxPayload)
	}
	return content, nil
}

func (r *repository) explain(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return r.client.Explain(ctx, err, r.asked)
}
