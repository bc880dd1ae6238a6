package recovery

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/sigstore/cosign/v2/pkg/cosign/bundle"
	"github.com/sigstore/cosign/v2/pkg/oci/static"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/verification"
)

// canAskLog returns why there is no log to ask, or nil.
func (s *search) canAskLog(context.Context, *Asked) error {
	if s.opts.Endpoints.Rekor == "" {
		return &actions.Error{
			Code: actions.CodeUsage, What: "no address of Rekor is set", Next: "give it with --rekor-url (COSIGN_REKOR_URL)",
		}
	}
	return nil
}

// askLog finds every entry about the image and rebuilds the signatures from those that hold one.
func (s *search) askLog(ctx context.Context, asked *Asked) error {
	log := &logClient{client: s.client, address: s.opts.Endpoints.Rekor, observer: s.opts.Observer}
	asked.Address = log.address
	// What is stated about an image, such as an attestation, is found under the digest of the image itself.
	asked.Searched = append(s.payloads.hashes(), s.report.Digest.DigestStr())
	var uuids []string
	for _, hash := range asked.Searched {
		found, err := log.search(ctx, hash)
		if err != nil {
			return err
		}
		uuids = append(uuids, found...)
	}
	slices.Sort(uuids)
	uuids = slices.Compact(uuids)
	if len(uuids) > maxEntries {
		s.opts.Observer.Event(ctx, actions.Note{
			Level: actions.NoteWarning,
			Text:  fmt.Sprintf("the log has %d entries about this image, and only %d are looked at", len(uuids), maxEntries),
		})
		uuids = uuids[:maxEntries]
	}
	entries, err := log.fetch(ctx, uuids)
	if err != nil {
		return err
	}
	asked.Entries = len(entries)
	var others []*Signature
	for _, uuid := range uuids {
		anon, there := entries[uuid]
		if !there {
			continue
		}
		e, err := parseEntry(uuid, anon)
		if err != nil {
			s.add(&Signature{Sources: []Source{FromLog}, UUID: uuid, Reason: &actions.Error{
				Code: actions.CodeLogEntry, What: "the log entry " + uuid + " cannot be read", Why: err.Error(), Err: err,
				Next: "look at it: rekor-cli get --uuid " + uuid,
			}})
			continue
		}
		found := s.add(e.describe())
		switch {
		case e.kind != kindHashedRekord:
			others = append(others, found)
		case !found.Present && !found.Rebuilt:
			if err := s.rebuild(ctx, e, found); err != nil {
				return err
			}
		}
	}
	return s.elsewhere(ctx, others)
}

// rebuild puts a signature together as cosign writes it: from the entry the signature and the certificate, from the log
// the promise, from the trust root the chain. It fails when the registry does; what is wrong with the entry is its Reason.
func (s *search) rebuild(ctx context.Context, e *entry, found *Signature) error {
	content, err := s.payload(ctx, e.hash)
	if err != nil {
		return err
	}
	reason := func(err error) error {
		found.Reason = &actions.Error{}
		if !errors.As(err, &found.Reason) {
			found.Reason = &actions.Error{
				Code: actions.CodeLogEntry, What: fmt.Sprintf("log entry %d cannot be rebuilt", *found.LogIndex), Why: err.Error(), Err: err,
				Next: "look at it: rekor-cli get --uuid " + e.uuid,
			}
		}
		return nil
	}
	if content == nil {
		return reason(&actions.Error{
			Code: actions.CodeClaims, What: fmt.Sprintf("what log entry %d signs is not known", *found.LogIndex),
			Why:  "it is over " + e.hash + ", which is none of the payloads that cosign makes for this image: the image's manifest itself, as sign-blob signs it, or a payload with annotations that nobody named",
			Next: "if it was signed with annotations, name them with -a key=value",
		})
	}
	if e.key == nil {
		return reason(&actions.Error{
			Code: actions.CodeLogEntry, What: fmt.Sprintf("log entry %d holds neither a certificate nor a public key that can be read", *found.LogIndex),
			Next: "look at it: rekor-cli get --uuid " + e.uuid,
		})
	}
	if err := e.check(s.trusted); err != nil {
		return reason(err)
	}
	options := []static.Option{static.WithBundle(bundle.EntryToBundle(&e.anon))}
	if e.cert != nil {
		chain, err := chainOf(e.cert, s.trusted)
		if err != nil {
			return reason(err)
		}
		options = append(options, static.WithCertChain(e.keyPEM, chain))
	}
	layer, err := describeLayer(content, e.signature, options)
	if err != nil {
		return reason(err)
	}
	found.layer, found.payload, found.Rebuilt = layer, content, true
	return nil
}

// describeLayer is the layer that cosign pushes for a signature.
func describeLayer(content, signature []byte, options []static.Option) (json.RawMessage, error) {
	made, err := static.NewSignature(content, base64.StdEncoding.EncodeToString(signature), options...)
	if err != nil {
		return nil, err
	}
	annotations, err := made.Annotations()
	if err != nil {
		return nil, err
	}
	mediaType, err := made.MediaType()
	if err != nil {
		return nil, err
	}
	digest, err := made.Digest()
	if err != nil {
		return nil, err
	}
	return json.Marshal(v1.Descriptor{MediaType: mediaType, Digest: digest, Size: int64(len(content)), Annotations: annotations})
}

// payload returns what has a digest, from those that are known or from the registry, which has it where a signature with
// the same payload is still at the tag. It is nil for what nobody knows.
func (s *search) payload(ctx context.Context, digest string) ([]byte, error) {
	content, known := s.payloads[digest]
	if content != nil || !known {
		return content, nil
	}
	content, err := s.repo.content(ctx, s.report.Digest.Context(), digest)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		s.opts.Observer.Event(ctx, actions.Note{Level: actions.NoteWarning, Text: "a payload cannot be read: " + err.Error()})
		delete(s.payloads, digest)
		return nil, nil
	}
	s.payloads[digest] = content
	return content, nil
}

// elsewhere says of entries of other kinds whether the registry has what they are about: attestations, and signatures in
// Sigstore bundles. What it lacks cannot be rebuilt, for the log keeps no statement.
func (s *search) elsewhere(ctx context.Context, others []*Signature) error {
	if len(others) == 0 {
		return nil
	}
	there, err := s.places(ctx)
	if err != nil {
		return err
	}
	for _, found := range others {
		if found.Present = there[place{found.LogID, *found.LogIndex}]; found.Present {
			continue
		}
		found.Reason = &actions.Error{
			Code: actions.CodeClaims, What: fmt.Sprintf("log entry %d (%s) cannot be rebuilt", *found.LogIndex, found.Kind),
			Why:  "it is about an attestation or a signature in a bundle, of which the log keeps the hash and not the text",
			Next: "attest again, or attach the bundle if somebody has kept it",
		}
		if found.Kind != kindDSSE && found.Kind != kindInToto {
			found.Reason.Why = "cosign makes no entries of this kind for what it attaches to an image"
			found.Reason.Next = "look at it: rekor-cli get --uuid " + found.UUID
		}
	}
	return nil
}

// places are those in the log of all that is attached to the image beside its signature tag.
func (s *search) places(ctx context.Context) (map[place]bool, error) {
	there := map[place]bool{}
	attestations := s.report.Digest.Context().Tag(tagWithout(s.report.Tag.TagStr()) + ".att")
	layers, _, err := s.repo.layers(ctx, attestations)
	if err != nil {
		return nil, err
	}
	for _, l := range layers {
		if at, ok := l.logged(); ok {
			there[at.place] = true
		}
	}
	listed, err := s.verifier.List(ctx, s.report.Digest.String())
	if err != nil {
		return nil, err
	}
	for _, found := range listed.Signatures {
		if found.Storage == verification.StoredAsReferrer && found.LogIndex != nil {
			there[place{found.LogID, *found.LogIndex}] = true
		}
	}
	return there, nil
}

func tagWithout(tag string) string { return tag[:len(tag)-len(".sig")] }
