package verification

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	cbundle "github.com/sigstore/cosign/v2/pkg/cosign/bundle"
	"github.com/sigstore/cosign/v2/pkg/oci"
	"github.com/sigstore/cosign/v2/pkg/oci/static"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"golang.org/x/sync/errgroup"

	"github.com/sigwalk/sigwalk/actions"
)

// tagged reads the signatures in the layers of sha256-<hex>.sig. It returns none when there is no such tag.
func (s *source) tagged(ctx context.Context, d name.Digest) ([]Signature, error) {
	return s.inTag(ctx, d, KindSignature)
}

// inTag reads the signatures or attestations in the layers of the tag for them.
func (s *source) inTag(ctx context.Context, d name.Digest, kind Kind) ([]Signature, error) {
	tag := s.beside(d).Tag(tagFor(d, kind.suffix()))
	like := Signature{Kind: kind, Storage: StoredInTag}
	m, digest, e, err := s.arriving(ctx, tag, like)
	if m == nil || err != nil {
		return nil, err
	}
	like.Manifest = digest
	return s.inLayers(ctx, tag, m, like, e)
}

// inLayers reads each layer of a manifest as a signature in cosign's own form; what all have in common is in like. Those that
// were read early are taken as they are; nil for none.
func (s *source) inLayers(ctx context.Context, ref name.Reference, m *v1.Manifest, like Signature, e *early) ([]Signature, error) {
	if len(m.Layers) > maxSignatures {
		return nil, &actions.Error{
			Code: actions.CodeManifestTooLarge,
			What: fmt.Sprintf("%s holds %d signatures, more than the %d that are read", ref.Identifier(), len(m.Layers), maxSignatures),
			Next: "ask whoever runs the registry to remove what does not belong there",
		}
	}
	payloads, err := s.payloads(ctx, ref.Context(), m.Layers, like.Kind.most(), e)
	if err != nil {
		return nil, err
	}
	signatures := make([]Signature, len(m.Layers))
	read := func(i int) {
		layer := m.Layers[i]
		sig, ok := e.take(i, &layer)
		if !ok {
			sig = like
			if like.Storage == StoredInTag {
				sig.Position = i
			}
			sig.readLayer(layer, payloads[layer.Digest])
		}
		sig.Manifest = like.Manifest
		signatures[i] = sig
	}
	return signatures, everyOne(ctx, len(signatures), read)
}

// readLayer fills in s from a layer and its payload.
func (s *Signature) readLayer(layer v1.Descriptor, p fetched) {
	s.Layer, s.mediaType = layer.Digest, string(layer.MediaType)
	s.readLegacy(layer, p)
}

// suffix is that of the tag in which cosign keeps the kind.
func (k Kind) suffix() string {
	switch k {
	case KindAttestation:
		return "att"
	case KindSBOM:
		return "sbom"
	case KindSignature:
	}
	return "sig"
}

// most is how many bytes a payload of the kind may have.
func (k Kind) most() int64 {
	if k == KindAttestation {
		return maxBundleBytes // it is inside, as in a bundle: a list of packages has megabytes
	}
	return maxPayloadBytes
}

// fetched is a payload, or why it is not there.
type fetched struct {
	content []byte
	err     *actions.Error
}

// payloads fetches every distinct blob of the layers once: all signers of a digest sign the same words, and so do nearly
// all layers. Those that were fetched early are not asked for again.
func (s *source) payloads(ctx context.Context, repo name.Repository, layers []v1.Descriptor, most int64, e *early) (map[v1.Hash]fetched, error) {
	found := map[v1.Hash]fetched{}
	var wanted []v1.Hash
	var total int64
	for _, layer := range layers {
		if _, ok := found[layer.Digest]; ok {
			continue
		}
		found[layer.Digest] = fetched{}
		total += layer.Size
		switch {
		case layer.Size > most:
			found[layer.Digest] = fetched{err: tooLarge(layer.Digest.String(), most)}
		case total > maxPayloadsBytes:
			found[layer.Digest] = fetched{err: tooLarge(layer.Digest.String()+" and those before it", maxPayloadsBytes)}
		default:
			wanted = append(wanted, layer.Digest)
		}
	}
	var read int64
	wanted = slices.DeleteFunc(wanted, func(digest v1.Hash) bool {
		content := e.payload(digest)
		if content == nil || read+int64(len(content)) > maxPayloadsBytes {
			return false
		}
		read += int64(len(content))
		found[digest] = fetched{content: content}
		return true
	})
	var mu sync.Mutex
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(fetchers)
	for _, digest := range wanted {
		g.Go(func() error {
			content, err := s.blob(ctx, repo.Digest(digest.String()), most)
			var e *actions.Error
			if err != nil && (!errors.As(err, &e) || gone(e)) {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			// The sizes in the manifest are the registry's word; what came is what counts.
			if read += int64(len(content)); read > maxPayloadsBytes {
				content, e = nil, tooLarge(digest.String()+" and those before it", maxPayloadsBytes)
			}
			found[digest] = fetched{content, e}
			return nil
		})
	}
	return found, g.Wait()
}

// gone is true when a failure is the registry's and not one payload's.
func gone(e *actions.Error) bool {
	return slices.Contains([]actions.Code{
		actions.CodeUnreachable, actions.CodeTLS, actions.CodeServer, actions.CodeThrottled,
		actions.CodeUnauthorized, actions.CodeForbidden, actions.CodeWrongPassword,
	}, e.Code)
}

// readLegacy fills in s from a layer of a signature tag, in cosign's own form for its verification, and what it says of
// itself for people.
func (s *Signature) readLegacy(layer v1.Descriptor, p fetched) {
	if p.err != nil {
		s.broken = p.err
	}
	s.Payload = p.content
	if s.Kind == KindAttestation {
		s.describeStatement()
		if s.PredicateType == "" {
			s.PredicateType = layer.Annotations["predicateType"] // where the statement cannot be read
		}
	}
	b64, ok := layer.Annotations[static.SignatureAnnotationKey]
	if !ok {
		s.unreadable(actions.CodeSignature, "the layer carries no signature",
			fmt.Errorf("signature layer %s is missing %q annotation", layer.Digest, static.SignatureAnnotationKey))
	}
	sig := &layerSignature{annotations: layer.Annotations}
	s.stored = &tagParts{signature: b64}
	opts := []static.Option{static.WithLayerMediaType(layer.MediaType), static.WithAnnotations(clone(layer.Annotations))}

	if text := layer.Annotations[static.CertificateAnnotationKey]; text != "" {
		certs, err := cryptoutils.LoadCertificatesFromPEM(bytes.NewReader([]byte(text)))
		switch {
		case err != nil:
			s.unreadable(actions.CodeChain, "the certificate beside the signature cannot be read", err)
		case len(certs) == 0:
			s.unreadable(actions.CodeChain, "the certificate beside the signature cannot be read", errors.New("the annotation holds no certificate"))
		default:
			sig.cert, s.stored.cert = certs[0], certs[0]
			s.describe(certs[0])
		}
		chain := layer.Annotations[static.ChainAnnotationKey]
		if sig.chain, err = cryptoutils.LoadCertificatesFromPEM(bytes.NewReader([]byte(chain))); err != nil {
			s.unreadable(actions.CodeChain, "the certificate chain beside the signature cannot be read", err)
		}
		s.stored.chain = sig.chain
	}
	if text := layer.Annotations[static.BundleAnnotationKey]; text != "" {
		var entry cbundle.RekorBundle
		if err := json.Unmarshal([]byte(text), &entry); err != nil {
			s.unreadable(actions.CodeLogEntry, "the log entry beside the signature cannot be read", fmt.Errorf("unmarshaling bundle: %w", err))
		} else {
			opts = append(opts, static.WithBundle(&entry))
			s.stored.entry = &entry
			if entry.Payload.Body != nil || entry.Payload.LogID != "" { // or its index of 0 would be none
				s.logged(entry.Payload.LogIndex, entry.Payload.LogID, entry.Payload.IntegratedTime)
			}
		}
	}
	if text := layer.Annotations[static.RFC3161TimestampAnnotationKey]; text != "" {
		var stamp cbundle.RFC3161Timestamp
		if err := json.Unmarshal([]byte(text), &stamp); err != nil {
			s.unreadable(actions.CodeTimestamp, "the time stamp beside the signature cannot be read", fmt.Errorf("unmarshaling RFC3161 timestamp bundle: %w", err))
		} else {
			opts = append(opts, static.WithRFC3161Timestamp(&stamp))
			s.stored.stamp = &stamp
		}
	}
	signature, err := static.NewSignature(p.content, b64, opts...)
	if err != nil {
		s.unreadable(actions.CodeSignature, "the signature cannot be read", err)
	}
	if s.broken == nil {
		sig.ociSignature = signature
		s.legacy = sig
	}
}

// unreadable records the first thing that could not be read. cosign gives up on such a signature, too.
func (s *Signature) unreadable(code actions.Code, what string, err error) {
	if s.broken == nil {
		s.broken = &actions.Error{Code: code, What: what, Why: err.Error(), Next: nextTampered, Err: err}
	}
}

func (s *Signature) logged(index int64, id string, at int64) {
	s.LogIndex = &index
	s.LogID = id
	if at != 0 {
		t := time.Unix(at, 0).UTC()
		s.Integrated = &t
	}
}

// tagParts is what could be read of a layer in a tag, for the explanation: also where cosign gives up.
type tagParts struct {
	signature string // base64
	cert      *x509.Certificate
	chain     []*x509.Certificate
	entry     *cbundle.RekorBundle
	stamp     *cbundle.RFC3161Timestamp
}

// carried are the certificates that came with the signature.
func (s *Signature) carried() []*x509.Certificate {
	if s.stored != nil {
		return s.stored.chain
	}
	var chain []*x509.Certificate
	for _, c := range s.parsed.GetVerificationMaterial().GetX509CertificateChain().GetCertificates() {
		if cert, err := x509.ParseCertificate(c.GetRawBytes()); err == nil {
			chain = append(chain, cert)
		}
	}
	return chain
}

type ociSignature = oci.Signature

// layerSignature is cosign's static signature with its certificates parsed once; cosign asks for them five times.
type layerSignature struct {
	ociSignature
	annotations map[string]string
	cert        *x509.Certificate
	chain       []*x509.Certificate
}

// Annotations returns the annotations of the layer.
func (l *layerSignature) Annotations() (map[string]string, error) { return clone(l.annotations), nil }

// Cert returns the certificate, nil when there is none.
func (l *layerSignature) Cert() (*x509.Certificate, error) { return l.cert, nil }

// Chain returns the certificates above it as they were stored.
func (l *layerSignature) Chain() ([]*x509.Certificate, error) { return l.chain, nil }

func clone(m map[string]string) map[string]string {
	c := make(map[string]string, len(m))
	for k, v := range m {
		c[k] = v
	}
	return c
}
