package signing

import (
	"context"

	"github.com/google/go-containerregistry/pkg/v1/types"
)

// deliver attaches a parcel. It returns nil without an error where the registry keeps the list itself.
func (s *Signer) deliver(ctx context.Context, w *work, p *parcel) (*attached, error) {
	store, blobType := w.prepared.store, p.blobType
	if blobType == "" {
		blobType = p.layer.desc.MediaType
	}
	if _, err := store.blob(ctx, p.blob, blobType); err != nil {
		return nil, err
	}
	payload := p.blob
	if p.manifest != nil {
		listed, err := s.refer(ctx, store, p)
		if listed || err != nil {
			return nil, err
		}
		payload = nil // whoever is put back is there by its digest
	} else if err := s.nextConfig(ctx, w, p); err != nil {
		return nil, err
	}
	done, err := s.attach(ctx, w.prepared, p.layer, payload)
	return &done, err
}

// refer stores the manifest of a referrer.
func (s *Signer) refer(ctx context.Context, store *store, p *parcel) (listed bool, err error) {
	if _, err := store.blob(ctx, emptyConfig, types.OCIConfigJSON); err != nil {
		return false, err
	}
	return s.opts.Registry.Refer(ctx, store.tag.Context(), p.manifest, p.subject)
}

// nextConfig uploads the configuration that fits when nobody else comes, so that there is less to do between reading the
// tag and pushing it.
func (s *Signer) nextConfig(ctx context.Context, w *work, p *parcel) error {
	base := w.prepared.before
	if base == nil {
		base = w.prepared.store.empty()
	}
	_, err := w.prepared.store.nextConfig(ctx, base, base.missing([]layer{p.layer}))
	return err
}
