package signing

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/sigstore/cosign/v2/pkg/oci"
	"golang.org/x/sync/errgroup"
)

// Existing is a signature that was made before: the descriptor of its layer with its annotations, kept byte for byte, and
// the payload that the descriptor names.
type Existing struct {
	Layer   json.RawMessage
	Payload []byte
}

// Restored says what Restore left behind.
type Restored struct {
	Tag name.Tag
	// Total is how many signatures the tag holds now.
	Total int
	// Pushes is how often the tag was written; 0 when everything was there already.
	Pushes int
}

// Restore attaches signatures that exist to the image with digest, beside everything that is there, in the way in which a
// new one is attached: docs/attaching.md. It verifies none of them. It reports the stage "push".
func (s *Signer) Restore(ctx context.Context, digest name.Digest, existing []Existing) (*Restored, error) {
	return s.restoreAt(ctx, digest, signatureSuffix, existing)
}

// RestoreAttestations is Restore for attestations: the payload of each is its signed envelope.
func (s *Signer) RestoreAttestations(ctx context.Context, digest name.Digest, existing []Existing) (*Restored, error) {
	return s.restoreAt(ctx, digest, attestationSuffix, existing)
}

// ExistingOf is what cosign's package made of a signature or an attestation, to be attached.
func ExistingOf(signed oci.Signature) (Existing, error) {
	layer, err := layerOf(signed)
	if err != nil {
		return Existing{}, err
	}
	payload, err := signed.Payload()
	return Existing{Layer: layer.raw, Payload: payload}, err
}

func (s *Signer) restoreAt(ctx context.Context, digest name.Digest, suffix string, existing []Existing) (*Restored, error) {
	tag, err := tagOf(digest, suffix)
	if err != nil {
		return nil, err
	}
	result := &Restored{Tag: tag}
	if len(existing) == 0 {
		return result, nil
	}
	err = s.pushed(ctx, tag, result, func(ctx context.Context) (attached, error) { return s.restore(ctx, tag, existing) })
	if err != nil {
		return nil, err
	}
	return result, nil
}

func (s *Signer) restore(ctx context.Context, tag name.Tag, existing []Existing) (attached, error) {
	store, err := newStore(tag, s.opts.Registry.Remote(ctx))
	if err != nil {
		return attached{}, err
	}
	layers := make([]layer, len(existing))
	payloads := make(map[string][]byte, len(existing))
	for i, e := range existing {
		if layers[i], err = parseLayer(e.Layer); err != nil {
			return attached{}, err
		}
		if digestOf(e.Payload) != layers[i].desc.Digest.String() {
			return attached{}, fmt.Errorf("a payload is not the one that its layer names, %s", layers[i].desc.Digest)
		}
		payloads[layers[i].key] = e.Payload
	}
	before, err := store.first(ctx)
	if err != nil {
		return attached{}, err
	}
	if err := upload(ctx, store, before, layers, payloads); err != nil {
		return attached{}, err
	}
	done, err := s.attacher(store).attach(ctx, before, layers)
	if err != nil {
		return done, err
	}
	return done, s.remember(ctx, tag, layers, payloads)
}

// upload makes sure that the blobs are there before a manifest names them. Most signatures of an image share one.
func upload(ctx context.Context, store *store, before *manifest, layers []layer, payloads map[string][]byte) error {
	if before == nil {
		before = emptyManifest()
	}
	missing := before.missing(layers)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(4)
	asked := map[string]bool{}
	for _, l := range missing {
		if digest := l.desc.Digest.String(); !asked[digest] {
			asked[digest] = true
			group.Go(func() error {
				_, err := store.blob(ctx, payloads[l.key], l.desc.MediaType)
				return err
			})
		}
	}
	return group.Wait()
}

// remember records the signatures for the guard. What cannot be recorded is attached all the same.
func (s *Signer) remember(ctx context.Context, tag name.Tag, layers []layer, payloads map[string][]byte) error {
	j := journal{s.opts.Homes.Attached}
	var failed error
	for _, l := range layers {
		failed = errors.Join(failed, j.add(tag, l, payloads[l.key], s.opts.Clock.Now()))
	}
	if failed != nil {
		s.warn(ctx, fmt.Sprintf("the %s are attached, but not remembered for the case that another tool overwrites them: %v", nounOf(tag, 0), failed))
	}
	return ctx.Err()
}
