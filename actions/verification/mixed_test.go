package verification_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/sigstore/cosign/v2/pkg/cosign"
	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	"github.com/sigstore/sigstore-go/pkg/verify"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/verification"
)

// TestMixed hangs changed signatures of both forms on one image and verifies under random policies: the verdict on each is
// cosign's, whatever is beside it. cosign itself looks at the bundles alone where there is one.
func TestMixed(t *testing.T) {
	cases, good, forms := 0, 0, map[verification.Storage]int{}
	rapid.Check(t, func(r *rapid.T) {
		w := newWorld(t)
		stampedSpec := change(byAlice, func(s *spec) { s.Stamp = true })
		donors := []layer{w.sign(byAlice), w.sign(stampedSpec), w.sign(withSubject(bob)), unlogged(w)}
		w.attach(rapid.SliceOfN(rapid.Custom(func(r *rapid.T) layer { return mutated(r, donors) }), 2, 4).Draw(r, "layers")...)
		bundled := []*protobundle.Bundle{w.bundle(byAlice), w.bundle(stampedSpec), w.bundle(withSubject(bob)), w.bundle(tiledSpec)}
		p := drawPolicy(r)
		theirs := map[v1.Hash]error{}
		for range rapid.IntRange(2, 4).Draw(r, "bundles") {
			b := mutatedBundle(r, bundled)
			content, err := protojson.Marshal(b)
			if err != nil {
				continue // text that is no UTF-8
			}
			w.refer(b)
			digest, _, err := v1.SHA256(bytes.NewReader(content))
			if err != nil {
				r.Fatal(err)
			}
			theirs[digest] = w.cosignReferring(b, p)
		}
		report, err := w.verifier.Verify(context.Background(), w.tag(), p)
		if err != nil {
			r.Fatal(err)
		}
		verdicts := w.reference(p)
		if want := len(verdicts) + len(theirs); len(report.Signatures) != want {
			r.Fatalf("%d rows, want %d", len(report.Signatures), want)
		}
		for _, s := range explained(t, report).Signatures {
			cases++
			forms[s.Storage]++
			if s.Verified {
				good++
			}
			want, found := theirs[s.Layer]
			if s.Storage == verification.StoredInTag {
				want, found = verdicts[s.Position], true
			}
			if !found || s.Verified != (want == nil) || s.Verified == (s.Reason != nil) {
				r.Fatalf("%s %d: verified %t (%v), cosign says %v\n%s", s.Storage, s.Position, s.Verified, s.Reason, want, matrix(s))
			}
			if s.Defect != nil {
				r.Fatalf("%s %d: %v\n%s", s.Storage, s.Position, s.Defect, matrix(s))
			}
		}
	})
	t.Logf("%d signatures, %d of them good, by storage %v", cases, good, forms)
	if good < cases/20 || len(forms) != 2 {
		t.Errorf("%d cases, %d of them good, by storage %v: too few to prove anything", cases, good, forms)
	}
}

// cosignReferring is the verdict of cosign's own packages on a bundle that refers to the image. Where the log keeps no time,
// cosign 3 asks for a time stamp; the packages of 2 have to be told.
func (w *world) cosignReferring(b *protobundle.Bundle, p policy) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("cosign panics: %v", r)
		}
	}()
	parsed, co, err := w.cosignParsed(b, p)
	if err != nil {
		return err
	}
	if !parsed.MinVersion("v0.3") {
		return errors.New("bundle version too old") // as cosign's ociremote.Bundle says, which reads it from the registry
	}
	h, err := v1.NewHash(w.image.DigestStr())
	if err != nil {
		return err
	}
	digest, err := hex.DecodeString(h.Hex)
	if err != nil {
		return err
	}
	_, err = cosign.VerifyNewBundle(context.Background(), co, verify.WithArtifactDigest(h.Algorithm, digest), parsed)
	return err
}

// TestEntryOfAnother gives every signature the log entries of every other one, within a form and across them: an entry that
// belongs to another signature never counts, and the check of the entry says so.
func TestEntryOfAnother(t *testing.T) {
	w := newWorld(t)
	key, file := keyPair(t)
	withKey := spec{KeyPair: true, Key: key}
	stampedSpec := change(byAlice, func(s *spec) { s.Stamp = true })
	for _, c := range []struct {
		name   string
		specs  []spec
		policy policy
	}{
		{"certificates", []spec{byAlice, byAlice, stampedSpec, withSubject(bob)}, policy{SubjectRegexp: ".", IssuerRegexp: "."}},
		{"one key", []spec{withKey, withKey, withKey}, policy{KeyReference: file}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var layers, crossed []layer
			var bundles []*protobundle.Bundle
			for _, s := range c.specs {
				// ECDSA signs with a random number: no two signatures are the same, not even by one key over one payload.
				layers, bundles = append(layers, w.sign(s)), append(bundles, w.bundle(s))
			}
			for i, l := range layers {
				for k, donor := range layers {
					if i != k {
						crossed = append(crossed, l.With(bundleAnnotation, donor.Annotations[bundleAnnotation]))
					}
				}
			}
			w.attach(crossed...)
			for _, s := range w.verify(c.policy).Signatures {
				foreignEntry(t, s)
			}
			for i, b := range bundles {
				for k, donor := range bundles {
					if i == k {
						continue
					}
					taken := proto.CloneOf(b)
					taken.VerificationMaterial.TlogEntries = slices.Clone(donor.GetVerificationMaterial().GetTlogEntries())
					w.refer(taken)
				}
			}
			for _, s := range w.verify(c.policy).Signatures {
				foreignEntry(t, s)
			}
		})
	}
}

const bundleAnnotation = "dev.sigstore.cosign/bundle"

func foreignEntry(t *testing.T, s verification.Signature) {
	t.Helper()
	c := s.Check(verification.CheckLogEntry)
	if s.Verified || s.Defect != nil || c.State != verification.CheckFailed || c.Code != actions.CodeLogEntry {
		t.Errorf("%s %d: verified %t, defect %v, check %+v", s.Storage, s.Position, s.Verified, s.Defect, c)
	}
}
