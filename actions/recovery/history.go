package recovery

import (
	"context"
	"encoding/base64"
	"slices"
	"strings"
	"sync"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/sigstore/cosign/v2/pkg/oci/static"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"golang.org/x/sync/errgroup"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/registry/quay"
)

// lenders is how many former manifests are made readable at the same time.
const lenders = 4

// canAskHistory returns why the registry has no history to ask, or nil.
func (s *search) canAskHistory(ctx context.Context, asked *Asked) error {
	repo := s.report.Digest.Context()
	opts := quay.Options{Registry: s.opts.Registry, Host: repo.RegistryStr(), Transport: s.opts.Transport}
	if repo.RegistryStr() == s.opts.QuayHost {
		opts.Token = s.opts.QuayToken
	}
	client, err := quay.New(ctx, opts)
	if err != nil {
		return err
	}
	asked.Address = client.URL()
	if s.former, err = client.History(ctx, repo.RepositoryStr(), s.report.Tag.TagStr()); err != nil {
		return err
	}
	s.quay = client
	return nil
}

// askHistory collects the signatures of all that the tag named before.
func (s *search) askHistory(ctx context.Context, asked *Asked) error {
	digests := map[string]bool{}
	var versions []string
	for _, f := range s.former {
		if !digests[f.Digest] {
			digests[f.Digest] = true
			versions = append(versions, f.Digest)
		}
	}
	asked.Entries = len(versions)
	read := make([][]stored, len(versions))
	var mu sync.Mutex
	done := 0
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(lenders)
	for i, digest := range versions {
		group.Go(func() error {
			var err error
			read[i], err = s.version(gctx, digest)
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			done++
			s.opts.Observer.Event(ctx, actions.Progress{
				ID: "versions", Title: "former versions of the tag", Done: int64(done), Total: int64(len(versions)), Unit: "versions",
			})
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return err
	}
	for _, layers := range slices.Backward(read) { // the oldest first, as they were written
		for _, l := range layers {
			s.takeBack(l)
		}
	}
	return nil
}

// version reads the signatures of a manifest that the tag named. Quay shows it only when some tag names it. One that is
// gone for good is passed over.
func (s *search) version(ctx context.Context, digest string) ([]stored, error) {
	repo := s.report.Digest.Context()
	ref, err := name.NewDigest(repo.Name() + "@" + digest)
	if err != nil {
		return nil, err
	}
	layers, there, err := s.repo.layers(ctx, ref)
	if err == nil && there {
		err = s.keepPayloads(ctx, layers)
	}
	if err == nil && !there {
		err = s.quay.Lend(ctx, repo.RepositoryStr(), digest, func(ctx context.Context, lent string) error {
			var err error
			if layers, _, err = s.repo.layers(ctx, repo.Tag(lent)); err != nil {
				return err
			}
			return s.keepPayloads(ctx, layers)
		})
	}
	switch actions.CodeOf(err) {
	case actions.CodeImageNotFound, actions.CodeTagNotFound, actions.CodeNotAnImage:
		s.opts.Observer.Event(ctx, actions.Note{
			Level: actions.NoteWarning, Text: "a former version of the tag cannot be read: " + err.Error(),
		})
		return nil, nil
	}
	return layers, err
}

// keepPayloads reads the payloads while the registry shows them.
func (s *search) keepPayloads(ctx context.Context, layers []stored) error {
	for _, l := range layers {
		if s.present[l.signature] || s.heldPayload(l.payload) != nil {
			continue
		}
		content, err := s.repo.content(ctx, s.report.Digest.Context(), l.payload)
		if err != nil {
			return err
		}
		s.mu.Lock()
		s.payloads[l.payload] = content
		s.mu.Unlock()
	}
	return nil
}

func (s *search) heldPayload(digest string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.payloads[digest]
}

// takeBack takes in a signature that was at the tag, as it was.
func (s *search) takeBack(l stored) {
	if l.signature == "" || s.known[l.signature] != nil {
		return
	}
	content := s.payloads[l.payload]
	found := &Signature{
		Sources: []Source{FromHistory}, Payload: l.payload, signature: l.signature, layer: l.raw, payload: content, Rebuilt: content != nil,
	}
	var logged entry
	if carried, ok := l.logged(); ok {
		found.LogIndex, found.LogID = &carried.index, carried.log
		// What it carries is verified later, like all of it; here it tells whose key to verify with.
		if text, ok := carried.body.(string); ok {
			if raw, err := base64.StdEncoding.DecodeString(text); err == nil && logged.readBody(raw) == nil {
				found.Kind = logged.kind
			}
		}
	}
	certs, err := cryptoutils.LoadCertificatesFromPEM(strings.NewReader(l.annotations[static.CertificateAnnotationKey]))
	if err == nil && len(certs) > 0 {
		found.vouched(certs[0], nil)
	} else if logged.cert == nil && logged.key != nil {
		found.vouched(nil, logged.key)
		found.public = logged.key
	}
	s.add(found)
}
