package verification_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	"github.com/sigstore/cosign/v2/pkg/cosign"
	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	protorekor "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"
	"github.com/sigstore/rekor/pkg/types"
	rekordsse "github.com/sigstore/rekor/pkg/types/dsse"
	"github.com/sigstore/rekor/pkg/types/rekord"
	_ "github.com/sigstore/rekor/pkg/types/rekord/v0.0.1" // registers the entry
	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/tlog"
	"github.com/sigstore/sigstore-go/pkg/verify"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"pgregory.net/rapid"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/verification"
)

var artifactBytes = []byte("an artifact")

func opened(content []byte) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil }
}

func (w *world) message(spec spec) *protobundle.Bundle {
	w.t.Helper()
	b, err := w.d.Message(artifactBytes, spec)
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

// promisedTiles is a bundle whose entry has what only logs of the first generation give.
func promisedTiles(w *world) *protobundle.Bundle {
	w.t.Helper()
	b := w.message(tiledSpec)
	entry := b.VerificationMaterial.TlogEntries[0]
	promised, err := w.d.Promise(entry.CanonicalizedBody, entry.LogIndex, time.Unix(entry.IntegratedTime, 0))
	if err != nil {
		w.t.Fatal(err)
	}
	entry.InclusionPromise = &protorekor.InclusionPromise{SignedEntryTimestamp: promised.SignedEntryTimestamp}
	return b
}

// rekorded is a bundle of version 0.1 whose entry is of the kind rekord, with a promise for it.
func rekorded(w *world) *protobundle.Bundle {
	w.t.Helper()
	b := w.message(byAlice)
	entry := w.promised(b, rekord.KIND, types.ArtifactProperties{ArtifactBytes: artifactBytes, SignatureBytes: b.GetMessageSignature().GetSignature()})
	b = w.d.AsV1(b)
	b.VerificationMaterial.TlogEntries = []*protorekor.TransparencyLogEntry{entry}
	return b
}

// misrecordedToo is a statement with an entry that records it, and one that records something else beside the same signature.
func misrecordedToo(w *world) *protobundle.Bundle {
	w.t.Helper()
	b := w.stated(misrecorded(byAlice))
	envelope, err := protojson.Marshal(b.GetDsseEnvelope())
	if err != nil {
		w.t.Fatal(err)
	}
	entry := w.promised(b, rekordsse.KIND, types.ArtifactProperties{ArtifactBytes: envelope})
	b = w.d.AsV1(b)
	b.VerificationMaterial.TlogEntries = append([]*protorekor.TransparencyLogEntry{entry}, b.VerificationMaterial.TlogEntries...)
	return b
}

// promised is an entry of a kind, of version 0.0.1, for the certificate of a bundle, with the log's promise and no proof.
func (w *world) promised(b *protobundle.Bundle, kind string, properties types.ArtifactProperties) *protorekor.TransparencyLogEntry {
	w.t.Helper()
	cert, err := x509.ParseCertificate(b.GetVerificationMaterial().GetCertificate().GetRawBytes())
	if err != nil {
		w.t.Fatal(err)
	}
	text, err := cryptoutils.MarshalCertificateToPEM(cert)
	if err != nil {
		w.t.Fatal(err)
	}
	properties.PublicKeyBytes, properties.PKIFormat = [][]byte{text}, "x509"
	proposed, err := types.NewProposedEntry(w.t.Context(), kind, "0.0.1", properties)
	if err != nil {
		w.t.Fatal(err)
	}
	versioned, err := types.CreateVersionedEntry(proposed)
	if err != nil {
		w.t.Fatal(err)
	}
	body, err := types.CanonicalizeEntry(w.t.Context(), versioned)
	if err != nil {
		w.t.Fatal(err)
	}
	entry := proto.CloneOf(b.VerificationMaterial.TlogEntries[0])
	entry.LogIndex += 1000 // an entry of its own
	promise, err := w.d.Promise(body, entry.LogIndex, time.Unix(entry.IntegratedTime, 0))
	if err != nil {
		w.t.Fatal(err)
	}
	entry.KindVersion = &protorekor.KindVersion{Kind: kind, Version: "0.0.1"}
	entry.CanonicalizedBody, entry.InclusionProof = body, nil
	entry.InclusionPromise = &protorekor.InclusionPromise{SignedEntryTimestamp: promise.SignedEntryTimestamp}
	return entry
}

// fileCase is one stand-alone bundle, and which checks are not ok.
type fileCase struct {
	name     string
	bundle   func(w *world) *protobundle.Bundle
	policy   policy
	artifact []byte // artifactBytes when nil
	want     states
	code     actions.Code // "" when it verifies
	byDigest actions.Code // where it differs by the digest alone
	fits     bool         // the digest alone fits, though the artifact does not
}

var tiledSpec = change(byAlice, func(s *spec) { s.Tiles, s.Stamp = true, true })

var fileCases = []fileCase{
	{name: "message", bundle: func(w *world) *protobundle.Bundle { return w.message(byAlice) }},
	{
		name: "message, version 0.1", bundle: func(w *world) *protobundle.Bundle { return w.d.AsV1(w.message(byAlice)) },
		want: states{verification.CheckProof: verification.CheckSkipped},
	},
	{name: "message, second generation of the log", bundle: func(w *world) *protobundle.Bundle { return w.message(tiledSpec) }},
	{
		name: "message, second generation, no time stamp", code: actions.CodeTimestamp,
		bundle: func(w *world) *protobundle.Bundle {
			return w.message(change(tiledSpec, func(s *spec) { s.Stamp = false }))
		},
		want: states{verification.CheckTimestamp: verification.CheckFailed, verification.CheckTime: verification.CheckSkipped},
	},
	{
		name: "message, another artifact", artifact: []byte("another"), code: actions.CodeClaims,
		bundle: func(w *world) *protobundle.Bundle { return w.message(byAlice) },
		want:   states{verification.CheckClaims: verification.CheckFailed, verification.CheckSignature: verification.CheckFailed},
	},
	{
		name: "entry of another signature", code: actions.CodeLogEntry,
		bundle: func(w *world) *protobundle.Bundle {
			b := w.message(byAlice)
			b.VerificationMaterial.TlogEntries = w.message(byAlice).VerificationMaterial.TlogEntries
			return b
		}, want: states{verification.CheckLogEntry: verification.CheckFailed},
	},
	{
		name: "entry of another signature, second generation", code: actions.CodeLogEntry,
		bundle: func(w *world) *protobundle.Bundle {
			b := w.message(tiledSpec)
			b.VerificationMaterial.TlogEntries = w.message(tiledSpec).VerificationMaterial.TlogEntries
			return b
		}, want: states{verification.CheckLogEntry: verification.CheckFailed},
	},
	{
		name: "proof of another entry", code: actions.CodeLogEntry,
		bundle: func(w *world) *protobundle.Bundle {
			b := w.message(byAlice)
			b.VerificationMaterial.TlogEntries[0].InclusionProof = w.message(byAlice).VerificationMaterial.TlogEntries[0].InclusionProof
			return b
		}, want: states{verification.CheckProof: verification.CheckFailed},
	},
	{
		name: "checkpoint changed", code: actions.CodeLogEntry,
		bundle: func(w *world) *protobundle.Bundle {
			w.message(byAlice)
			b := w.message(byAlice)
			checkpoint := b.VerificationMaterial.TlogEntries[0].InclusionProof.Checkpoint
			checkpoint.Envelope = "rekor.test - 2" + checkpoint.Envelope[len("rekor.test - 1"):]
			return b
		}, want: states{verification.CheckProof: verification.CheckFailed},
	},
	{
		name: "checkpoint changed, second generation", code: actions.CodeLogEntry,
		bundle: func(w *world) *protobundle.Bundle {
			b := w.message(tiledSpec)
			checkpoint := b.VerificationMaterial.TlogEntries[0].InclusionProof.Checkpoint
			checkpoint.Envelope = "rekor.tess" + checkpoint.Envelope[len("rekor.test"):]
			return b
		}, want: states{verification.CheckProof: verification.CheckFailed},
	},
	{
		name: "two entries, one of an unknown log",
		bundle: func(w *world) *protobundle.Bundle {
			b, other := w.message(byAlice), w.message(byAlice)
			stranger := other.VerificationMaterial.TlogEntries[0]
			stranger.LogId.KeyId[0] ^= 1
			b.VerificationMaterial.TlogEntries = slices.Insert(b.VerificationMaterial.TlogEntries, 0, stranger)
			return b
		},
	},
	{
		// The entry of the unknown log claims a time, so that no time stamp is looked at; the good one proves none.
		name: "an entry without a time beside one of an unknown log", code: actions.CodeTime,
		bundle: func(w *world) *protobundle.Bundle {
			b := w.message(tiledSpec)
			stranger := w.message(byAlice).VerificationMaterial.TlogEntries[0]
			stranger.LogId.KeyId[0] ^= 1
			b.VerificationMaterial.TlogEntries = slices.Insert(b.VerificationMaterial.TlogEntries, 0, stranger)
			return b
		}, want: states{verification.CheckTimestamp: verification.CheckSkipped, verification.CheckTime: verification.CheckFailed},
	},
	{
		name: "the same entry twice", code: actions.CodeLogEntry,
		bundle: func(w *world) *protobundle.Bundle {
			b := w.message(byAlice)
			b.VerificationMaterial.TlogEntries = append(b.VerificationMaterial.TlogEntries, b.VerificationMaterial.TlogEntries[0])
			return b
		}, want: states{
			verification.CheckLogEntry: verification.CheckFailed, verification.CheckLogPayload: verification.CheckSkipped,
			verification.CheckSET: verification.CheckSkipped, verification.CheckProof: verification.CheckSkipped, verification.CheckTime: verification.CheckFailed,
		},
	},
	{
		name: "an entry of another certificate for the same key", code: actions.CodeLogEntry,
		bundle: func(w *world) *protobundle.Bundle {
			twice := change(byAlice, func(s *spec) { s.Key = p384 })
			b := w.message(twice)
			b.VerificationMaterial.Content = w.message(twice).VerificationMaterial.Content
			return b
		}, want: states{verification.CheckLogEntry: verification.CheckFailed},
	},
	{
		name: "a good entry, and one of another signature", code: actions.CodeLogEntry,
		bundle: func(w *world) *protobundle.Bundle {
			b := w.message(byAlice)
			b.VerificationMaterial.TlogEntries = append(b.VerificationMaterial.TlogEntries, w.message(byAlice).VerificationMaterial.TlogEntries...)
			return b
		}, want: states{verification.CheckLogEntry: verification.CheckFailed},
	},
	{
		name: "an entry of the second generation with a promise", code: actions.CodeLogEntry,
		bundle: promisedTiles, want: states{verification.CheckSET: verification.CheckFailed},
	},
	{
		name: "a root hash that the log signed, of another tree", code: actions.CodeLogEntry,
		bundle: func(w *world) *protobundle.Bundle {
			b := w.message(byAlice)
			b.VerificationMaterial.TlogEntries[0].InclusionProof.Checkpoint = w.message(byAlice).VerificationMaterial.TlogEntries[0].InclusionProof.Checkpoint
			return b
		}, want: states{verification.CheckProof: verification.CheckFailed},
	},
	{
		name: "more entries than are looked at", code: actions.CodeLogEntry,
		bundle: func(w *world) *protobundle.Bundle {
			b := w.message(byAlice)
			for i := range 32 { // what is added counts for nothing by itself
				more := proto.CloneOf(b.VerificationMaterial.TlogEntries[0])
				more.LogIndex += int64(i) + 1
				b.VerificationMaterial.TlogEntries = append(b.VerificationMaterial.TlogEntries, more)
			}
			return b
		}, want: states{
			verification.CheckLogEntry: verification.CheckFailed, verification.CheckLogPayload: verification.CheckSkipped,
			verification.CheckSET: verification.CheckSkipped, verification.CheckProof: verification.CheckSkipped, verification.CheckTime: verification.CheckFailed,
		},
	},
	{
		name: "more time stamps than are looked at", code: actions.CodeTimestamp,
		policy: change(byAlicePolicy, func(p *policy) { p.UseSignedTimestamps = true }),
		bundle: func(w *world) *protobundle.Bundle {
			b := w.message(change(byAlice, func(s *spec) { s.Stamp = true }))
			stamps := b.VerificationMaterial.TimestampVerificationData
			for range 32 {
				more := w.message(change(byAlice, func(s *spec) { s.Stamp = true })).VerificationMaterial.TimestampVerificationData.Rfc3161Timestamps
				stamps.Rfc3161Timestamps = append(stamps.Rfc3161Timestamps, more...)
			}
			return b
		}, want: states{verification.CheckTimestamp: verification.CheckFailed, verification.CheckTime: verification.CheckSkipped},
	},
	{
		name: "an entry of a kind for files of any form", code: actions.CodeLogEntry, bundle: rekorded,
		want: states{
			verification.CheckLogEntry: verification.CheckFailed, verification.CheckLogPayload: verification.CheckFailed, verification.CheckProof: verification.CheckSkipped,
		},
	},
	{
		name: "an entry that records the statement, and one that records another", code: actions.CodeLogPayload, bundle: misrecordedToo,
		want: states{verification.CheckLogPayload: verification.CheckFailed, verification.CheckProof: verification.CheckSkipped},
	},
	{
		name: "an issuer that the expression does not match", code: actions.CodeIssuer,
		policy: policy{Subject: alice, IssuerRegexp: `^https://other\.`},
		bundle: func(w *world) *protobundle.Bundle { return w.message(byAlice) }, want: states{verification.CheckIssuer: verification.CheckFailed},
	},
	{
		name: "an entry with a proof and no promise", code: actions.CodeTime,
		bundle: func(w *world) *protobundle.Bundle {
			b := w.message(byAlice)
			b.VerificationMaterial.TlogEntries[0].InclusionPromise = nil
			return b
		}, want: states{verification.CheckTime: verification.CheckFailed},
	},
	{
		name: "log time outside the certificate's life, time stamp inside", code: actions.CodeTime,
		policy: change(byAlicePolicy, func(p *policy) { p.UseSignedTimestamps = true }),
		bundle: func(w *world) *protobundle.Bundle {
			late := w.message(change(byAlice, func(s *spec) { s.At, s.Logged, s.Stamp = longAgo, longAgo.Add(hour), true }))
			return late
		}, want: states{verification.CheckTime: verification.CheckFailed},
	},
	{name: "statement", bundle: func(w *world) *protobundle.Bundle { return w.stated(byAlice) }},
	{name: "statement, second generation", bundle: func(w *world) *protobundle.Bundle { return w.stated(tiledSpec) }},
	{
		name: "statement, second generation, kind of entry that was withdrawn", code: actions.CodeLogEntry,
		bundle: func(w *world) *protobundle.Bundle {
			return w.stated(change(tiledSpec, func(s *spec) { s.Withdrawn = true }))
		}, want: states{verification.CheckFormat: verification.CheckFailed},
	},
	{
		name: "another digest in the bundle", code: actions.CodeClaims,
		bundle: func(w *world) *protobundle.Bundle {
			b := w.message(byAlice)
			b.GetMessageSignature().GetMessageDigest().Digest[0] ^= 1
			return b
		}, want: states{verification.CheckClaims: verification.CheckFailed, verification.CheckLogPayload: verification.CheckFailed},
	},
	{
		name: "another algorithm of the digest", code: actions.CodeClaims, byDigest: actions.CodeLogPayload, fits: true,
		bundle: func(w *world) *protobundle.Bundle {
			b := w.message(byAlice)
			b.GetMessageSignature().GetMessageDigest().Algorithm = 2 // SHA-384
			return b
		}, want: states{verification.CheckLogPayload: verification.CheckFailed},
	},
	{
		name: "no algorithm of the digest", code: actions.CodeClaims, byDigest: actions.CodeLogPayload, fits: true,
		bundle: func(w *world) *protobundle.Bundle {
			b := w.message(byAlice)
			b.GetMessageSignature().GetMessageDigest().Algorithm = 0
			return b
		}, want: states{verification.CheckLogPayload: verification.CheckFailed},
	},
	{
		name: "statement that says that it is something else", code: actions.CodeClaims,
		bundle: func(w *world) *protobundle.Bundle {
			return w.stated(change(byAlice, func(s *spec) { s.PayloadType = "text/plain" }))
		}, want: states{verification.CheckClaims: verification.CheckFailed},
	},
	{
		name: "statement with as many subjects as are looked at",
		bundle: func(w *world) *protobundle.Bundle {
			return w.stated(change(byAlice, func(s *spec) { s.Crowd = 1023 }))
		},
	},
	{
		name: "statement with one more", code: actions.CodeClaims,
		bundle: func(w *world) *protobundle.Bundle {
			return w.stated(change(byAlice, func(s *spec) { s.Crowd = 1024 }))
		}, want: states{verification.CheckClaims: verification.CheckFailed},
	},
	{
		name: "message, the entry is over something else, second generation", code: actions.CodeLogPayload,
		bundle: func(w *world) *protobundle.Bundle { return w.message(misrecorded(tiledSpec)) },
		want:   states{verification.CheckLogPayload: verification.CheckFailed},
	},
	{
		name: "statement, the entry is over something else", code: actions.CodeLogPayload,
		bundle: func(w *world) *protobundle.Bundle { return w.stated(misrecorded(byAlice)) },
		want:   states{verification.CheckLogPayload: verification.CheckFailed},
	},
	{
		name: "statement, the entry is over something else, second generation", code: actions.CodeLogPayload,
		bundle: func(w *world) *protobundle.Bundle { return w.stated(misrecorded(tiledSpec)) },
		want:   states{verification.CheckLogPayload: verification.CheckFailed},
	},
	{
		name: "statement, the entry is over something else and nobody looks", policy: change(byAlicePolicy, func(p *policy) { p.IgnoreLog = true }),
		bundle: func(w *world) *protobundle.Bundle { return w.stated(misrecorded(byAlice)) },
		want: states{
			verification.CheckLogEntry: verification.CheckSkipped, verification.CheckLogPayload: verification.CheckSkipped,
			verification.CheckSET: verification.CheckSkipped, verification.CheckProof: verification.CheckSkipped,
		},
	},
	{
		name: "two entries, one over something else and never promised",
		bundle: func(w *world) *protobundle.Bundle {
			b, other := w.stated(byAlice), w.stated(misrecorded(byAlice))
			forged := other.VerificationMaterial.TlogEntries[0]
			forged.InclusionPromise.SignedEntryTimestamp[9] ^= 1
			b.VerificationMaterial.TlogEntries = slices.Insert(b.VerificationMaterial.TlogEntries, 0, forged)
			return b
		},
	},
	{
		name: "two entries, one over something else of an unknown log",
		bundle: func(w *world) *protobundle.Bundle {
			b, other := w.stated(byAlice), w.stated(misrecorded(byAlice))
			stranger := other.VerificationMaterial.TlogEntries[0]
			stranger.LogId.KeyId[0] ^= 1
			b.VerificationMaterial.TlogEntries = slices.Insert(b.VerificationMaterial.TlogEntries, 0, stranger)
			return b
		},
	},
	{
		name: "log time outside the certificate's life, time stamp outside", code: actions.CodeTime,
		policy: change(byAlicePolicy, func(p *policy) { p.UseSignedTimestamps, p.IgnoreLog = true, true }),
		bundle: func(w *world) *protobundle.Bundle {
			return w.message(change(byAlice, func(s *spec) { s.At, s.Logged, s.Stamp = longAgo, longAgo.Add(hour), true }))
		}, want: states{
			verification.CheckLogEntry: verification.CheckSkipped, verification.CheckLogPayload: verification.CheckSkipped,
			verification.CheckSET: verification.CheckSkipped, verification.CheckProof: verification.CheckSkipped, verification.CheckTime: verification.CheckFailed,
		},
	},
	{
		name: "statement about something else", artifact: []byte("another"), code: actions.CodeClaims,
		bundle: func(w *world) *protobundle.Bundle { return w.stated(byAlice) }, want: states{verification.CheckClaims: verification.CheckFailed},
	},
	{
		name: "another issuer", policy: policy{Subject: alice, Issuer: "https://x"}, code: actions.CodeIssuer,
		bundle: func(w *world) *protobundle.Bundle { return w.message(byAlice) }, want: states{verification.CheckIssuer: verification.CheckFailed},
	},
}

func misrecorded(s spec) spec { return change(s, func(s *spec) { s.Elsewhere = true }) }

// stated signs a statement about the artifact.
func (w *world) stated(spec spec) *protobundle.Bundle {
	w.t.Helper()
	sum := sha256.Sum256(artifactBytes)
	b, err := w.d.Attest(w.image.Context().Digest("sha256:"+hex.EncodeToString(sum[:])), provenance, spec)
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

func (w *world) verifyFile(b *protobundle.Bundle, artifact []byte, whole bool, p policy) (*verification.BundleReport, error) {
	w.t.Helper()
	content, err := protojson.Marshal(b)
	if err != nil {
		w.t.Fatal(err)
	}
	req := verification.BundleRequest{Name: "artifact.sigstore.json", Content: content, Policy: p}
	if whole {
		req.Open = opened(artifact)
	} else {
		sum := sha256.Sum256(artifact)
		req.Digest = v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(sum[:])}
	}
	return w.verifier.VerifyBundle(context.Background(), req)
}

// TestFiles verifies bundles that stand alone, by the artifact and by its digest alone.
func TestFiles(t *testing.T) {
	for _, c := range fileCases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			if c.artifact == nil {
				c.artifact = artifactBytes
			}
			if c.policy.Subject == "" {
				c.policy = byAlicePolicy
			}
			b := c.bundle(w)
			for _, whole := range []bool{true, false} {
				report, err := w.verifyFile(b, c.artifact, whole, c.policy)
				if err != nil {
					t.Fatal(err)
				}
				states := maps.Clone(c.want)
				if c.fits {
					states[verification.CheckClaims] = verification.CheckFailed
					if !whole {
						delete(states, verification.CheckClaims)
					}
				}
				checkStates(t, report.Signature, states)
				want := c.code
				if !whole && c.byDigest != "" {
					want = c.byDigest
				}
				if code := actions.CodeOf(report.Verdict()); code != want {
					t.Errorf("whole artifact %t: %v, want %q\n%s", whole, report.Verdict(), want, matrix(report.Signature))
				}
			}
		})
	}
}

// TestBundleMutations changes stand-alone bundles of every form in random ways: the verdict stays that of cosign's own
// packages, and the checks agree with it.
func TestBundleMutations(t *testing.T) {
	w := newWorld(t)
	key, file := keyPair(t)
	stampedSpec := change(byAlice, func(s *spec) { s.Stamp = true })
	foreignMessage, err := newWorld(t).d.Message(artifactBytes, byAlice)
	if err != nil {
		t.Fatal(err)
	}
	donors := []*protobundle.Bundle{
		w.message(byAlice), w.message(stampedSpec), w.message(tiledSpec), w.message(withSubject(bob)), w.message(spec{KeyPair: true, Key: key}),
		w.message(change(byAlice, func(s *spec) { s.NoLog = true })), w.message(change(byAlice, func(s *spec) { s.At = longAgo })),
		w.message(change(byAlice, func(s *spec) { s.NoSCT = true })),
		w.stated(byAlice), w.stated(stampedSpec), w.stated(tiledSpec), w.stated(spec{KeyPair: true, Key: key}),
		w.stated(spec{KeyPair: true, Key: key, Tiles: true}), foreignMessage,
		w.stated(change(byAlice, func(s *spec) { s.PayloadType = "text/plain" })), w.stated(change(byAlice, func(s *spec) { s.Crowd = 1024 })),
		w.message(misrecorded(tiledSpec)), w.stated(misrecorded(tiledSpec)), w.stated(misrecorded(byAlice)),
		w.d.AsV1(w.message(byAlice)), w.d.AsV1(w.stated(byAlice)), promisedTiles(w), rekorded(w), misrecordedToo(w),
		named(t, w.stated(byAlice), ""), named(t, w.stated(tiledSpec), "another"),
	}
	cases, good, unreadable := 0, 0, 0
	for n := range 20 {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			rapid.Check(t, func(r *rapid.T) {
				b := mutatedBundle(r, donors)
				p := drawPolicy(r)
				if rapid.IntRange(0, 3).Draw(r, "with key") == 0 {
					p = policy{KeyReference: file, IgnoreLog: p.IgnoreLog, UseSignedTimestamps: p.UseSignedTimestamps}
				}
				artifact := rapid.SampledFrom([][]byte{artifactBytes, artifactBytes, artifactBytes, []byte("another")}).Draw(r, "artifact")
				whole := rapid.Bool().Draw(r, "whole")
				theirs := w.cosignBundle(b, artifact, whole, p)
				report, err := w.verifyFile(b, artifact, whole, p)
				cases++
				if err != nil {
					unreadable++
					if theirs == nil || actions.CodeOf(err) != actions.CodeFormat {
						r.Fatalf("not looked at: %v, cosign says %v", err, theirs)
					}
					return
				}
				s := report.Signature
				if s.Verified {
					good++
				}
				if s.Verified != (theirs == nil) || s.Verified == (s.Reason != nil) {
					r.Fatalf("verified %t (%v), cosign says %v\n%s", s.Verified, s.Reason, theirs, matrix(s))
				}
				if s.Defect != nil {
					r.Fatalf("%v\n%s", s.Defect, matrix(s))
				}
			})
		})
	}
	t.Logf("%d bundles, %d of them good, %d unreadable", cases, good, unreadable)
	if cases < 2000 || good < cases/20 {
		t.Errorf("%d cases, %d of them good: too few to prove anything", cases, good)
	}
}

// cosignBundle is the verdict of cosign's own packages on a bundle in a file. cosign 3 asks for a time stamp where the log
// keeps no time; the packages of 2 have to be told.
func (w *world) cosignBundle(b *protobundle.Bundle, artifact []byte, whole bool, p policy) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("cosign panics: %v", r)
		}
	}()
	parsed, co, err := w.cosignParsed(b, p)
	if err != nil {
		return err
	}
	about := verify.WithArtifact(bytes.NewReader(artifact))
	if !whole {
		sum := sha256.Sum256(artifact)
		about = verify.WithArtifactDigest("sha256", sum[:])
	}
	if _, err = cosign.VerifyNewBundle(context.Background(), co, about, parsed); err != nil {
		return err
	}
	return cosign3Too(b, parsed, co, artifact, whole)
}

// cosign3Too is what the library of cosign 3.1.3 compares and that of 2.6.5 does not: the digest in a bundle over a file with
// the file, and what an entry of the log records with what the bundle signs.
func cosign3Too(b *protobundle.Bundle, parsed *bundle.Bundle, co *cosign.CheckOpts, artifact []byte, whole bool) error {
	message := b.GetMessageSignature()
	algorithm, digest := message.GetMessageDigest().GetAlgorithm().String(), message.GetMessageDigest().GetDigest()
	hashes := map[string]crypto.Hash{"SHA2_256": crypto.SHA256, "SHA2_384": crypto.SHA384, "SHA2_512": crypto.SHA512}
	names := map[string]string{"SHA2_256": "sha256", "SHA2_384": "sha384", "SHA2_512": "sha512"}
	if message != nil && whole {
		hash, known := hashes[algorithm]
		if !known {
			return fmt.Errorf("unsupported digest algorithm %s", algorithm)
		}
		h := hash.New()
		h.Write(artifact)
		if !bytes.Equal(h.Sum(nil), digest) {
			return errors.New("artifact digest does not match message digest")
		}
	}
	if co.IgnoreTlog {
		return nil
	}
	entries, err := parsed.TlogEntries()
	if err != nil {
		return err
	}
	for _, entry := range entries {
		logs := co.TrustedMaterial.RekorLogs()
		if _, known := logs[hex.EncodeToString([]byte(entry.LogKeyID()))]; !known || entry.HasInclusionPromise() && tlog.VerifySET(entry, logs) != nil {
			continue
		}
		body := string(entry.TransparencyLogEntry().GetCanonicalizedBody())
		payload := sha256.Sum256(b.GetDsseEnvelope().GetPayload())
		signed := sha256.Sum256(dsse.PAE(b.GetDsseEnvelope().GetPayloadType(), b.GetDsseEnvelope().GetPayload()))
		// The body is canonical JSON, so that a string stands for a field.
		var want string
		switch {
		case strings.Contains(body, "hashedRekordV002") && message != nil:
			want = `"digest":"` + base64.StdEncoding.EncodeToString(digest)
		case strings.Contains(body, "hashedRekordV002"):
			want = `"digest":"` + base64.StdEncoding.EncodeToString(signed[:])
		case message != nil:
			want = fmt.Sprintf(`"hash":{"algorithm":"%s","value":"%x"}`, names[algorithm], digest)
		default:
			want = fmt.Sprintf(`"payloadHash":{"algorithm":"sha256","value":"%x"}`, payload)
		}
		if !strings.Contains(body, want) {
			return fmt.Errorf("the entry does not record %s: %s", want, body)
		}
	}
	return nil
}

// cosignParsed is a bundle as cosign reads it, and its options for one.
func (w *world) cosignParsed(b *protobundle.Bundle, p policy) (*bundle.Bundle, *cosign.CheckOpts, error) {
	content, err := protojson.Marshal(b)
	if err != nil {
		return nil, nil, err
	}
	parsed := &bundle.Bundle{}
	if err := parsed.UnmarshalJSON(content); err != nil {
		return nil, nil, err
	}
	if p.KeyReference != "" {
		w.loadKey(p)
		defer func() { w.key = nil }()
	}
	co := w.checkOpts(p)
	entries, err := parsed.TlogEntries()
	if err != nil {
		return nil, nil, err
	}
	timeless := len(entries) > 0
	for _, entry := range entries {
		timeless = timeless && entry.IntegratedTime().IsZero()
	}
	if timeless && !co.IgnoreTlog && co.SigVerifier == nil {
		co.UseSignedTimestamps = true
	}
	return parsed, co, nil
}

// mutatedBundle is a bundle with nothing, a part of another, or a field changed.
func mutatedBundle(r *rapid.T, donors []*protobundle.Bundle) *protobundle.Bundle {
	b := proto.CloneOf(rapid.SampledFrom(donors).Draw(r, "bundle"))
	for range rapid.SampledFrom([]int{0, 0, 1, 1, 1, 2}).Draw(r, "changes") {
		donor := proto.CloneOf(rapid.SampledFrom(donors).Draw(r, "donor"))
		material, theirs := b.GetVerificationMaterial(), donor.GetVerificationMaterial()
		switch rapid.IntRange(0, 9).Draw(r, "change") {
		case 0:
			material.TlogEntries = theirs.GetTlogEntries()
		case 1:
			material.TlogEntries = append(theirs.GetTlogEntries(), material.GetTlogEntries()...)
		case 2:
			material.TimestampVerificationData = theirs.GetTimestampVerificationData()
		case 3:
			material.Content = theirs.GetContent()
		case 4:
			b.Content = donor.Content
		case 5:
			for _, entry := range material.GetTlogEntries() {
				entry.InclusionPromise = nil
			}
		case 6:
			if len(material.GetTlogEntries()) > 0 && len(theirs.GetTlogEntries()) > 0 {
				material.TlogEntries[0].InclusionProof = theirs.TlogEntries[0].InclusionProof
			}
		default:
			changeField(r, b.ProtoReflect(), 0)
		}
	}
	return b
}

// changeField goes down a message at random and changes the field it comes to.
func changeField(r *rapid.T, m protoreflect.Message, depth int) {
	var set []protoreflect.FieldDescriptor
	m.Range(func(fd protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
		set = append(set, fd)
		return true
	})
	if len(set) == 0 {
		return
	}
	slices.SortFunc(set, func(a, b protoreflect.FieldDescriptor) int { return int(a.Number() - b.Number()) })
	fd := rapid.SampledFrom(set).Draw(r, "field")
	value := m.Get(fd)
	switch {
	case fd.IsList() && fd.Kind() == protoreflect.MessageKind:
		list := m.Mutable(fd).List()
		changeField(r, list.Get(rapid.IntRange(0, list.Len()-1).Draw(r, "item")).Message(), depth+1)
	case fd.IsList():
		list := m.Mutable(fd).List()
		if rapid.Bool().Draw(r, "cut") {
			list.Truncate(list.Len() - 1)
			return
		}
		if raw := slices.Clone(list.Get(0).Bytes()); len(raw) > 0 {
			raw[rapid.IntRange(0, len(raw)-1).Draw(r, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(r, "bit")
			list.Set(0, protoreflect.ValueOfBytes(raw))
		}
	case fd.Kind() == protoreflect.MessageKind:
		if depth > 0 && rapid.IntRange(0, 7).Draw(r, "remove") == 0 {
			m.Clear(fd)
			return
		}
		changeField(r, m.Mutable(fd).Message(), depth+1)
	case fd.Kind() == protoreflect.BytesKind:
		raw := slices.Clone(value.Bytes())
		raw[rapid.IntRange(0, len(raw)-1).Draw(r, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(r, "bit")
		m.Set(fd, protoreflect.ValueOfBytes(raw))
	case fd.Kind() == protoreflect.StringKind:
		text := []byte(value.String())
		text[rapid.IntRange(0, len(text)-1).Draw(r, "byte")] ^= 1
		m.Set(fd, protoreflect.ValueOfString(string(bytes.ToValidUTF8(text, nil))))
	case fd.Kind() == protoreflect.Int64Kind:
		m.Set(fd, protoreflect.ValueOfInt64(value.Int()+rapid.SampledFrom([]int64{-1, 1, 3600, -value.Int()}).Draw(r, "by")))
	case fd.Kind() == protoreflect.EnumKind:
		m.Set(fd, protoreflect.ValueOfEnum(protoreflect.EnumNumber(rapid.IntRange(0, 3).Draw(r, "kind"))))
	}
}
