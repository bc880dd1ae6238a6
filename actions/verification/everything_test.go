package verification_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/sigstore/cosign/v2/pkg/cosign"
	ociremote "github.com/sigstore/cosign/v2/pkg/oci/remote"
	"github.com/sigstore/cosign/v2/pkg/oci/static"
	"pgregory.net/rapid"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/actions/verification/verificationtest"
)

const provenance = "https://slsa.dev/provenance/v1"

func (w *world) attest(spec spec) layer {
	w.t.Helper()
	l, err := w.d.Attestation(w.image, provenance, spec)
	if err != nil {
		w.t.Fatal(err)
	}
	return l
}

// attestElsewhere is an attestation about another image.
func (w *world) attestElsewhere() layer {
	w.t.Helper()
	l, err := w.d.Attestation(w.image.Context().Digest("sha256:"+strings.Repeat("0", 64)), provenance, byAlice)
	if err != nil {
		w.t.Fatal(err)
	}
	return l
}

func (w *world) everything(p policy) *verification.Report {
	w.t.Helper()
	report, err := w.verifier.Everything(context.Background(), w.tag(), p)
	if err != nil {
		w.t.Fatal(err)
	}
	return explained(w.t, report)
}

// attestations is cosign's own verdict on each attestation of the tag.
func (w *world) attestations(p policy) []error {
	w.t.Helper()
	ref, err := name.ParseReference(w.tag())
	if err != nil {
		w.t.Fatal(err)
	}
	tag, err := ociremote.AttestationTag(ref)
	if err != nil {
		w.t.Fatal(err)
	}
	stored, err := ociremote.Signatures(tag)
	if err != nil {
		w.t.Fatal(err)
	}
	list, err := stored.Get()
	if err != nil {
		w.t.Fatal(err)
	}
	digest, err := v1.NewHash(w.image.DigestStr())
	if err != nil {
		w.t.Fatal(err)
	}
	co := w.checkOpts(p)
	if co.ClaimVerifier != nil {
		co.ClaimVerifier = cosign.IntotoSubjectClaimVerifier
	}
	verdicts := make([]error, len(list))
	for i, sig := range list {
		verdicts[i] = func() (err error) {
			defer func() {
				if r := recover(); r != nil {
					err = fmt.Errorf("cosign panics: %v", r)
				}
			}()
			copied, err := static.Copy(sig)
			if err != nil {
				return err
			}
			// What VerifyImageAttestation does with each of its list, in this goroutine: nobody catches a panic in cosign's.
			_, err = cosign.VerifyBlobAttestation(context.Background(), copied, digest, co)
			return err
		}()
	}
	return verdicts
}

// TestAttestations changes attestations in random ways: the verdict stays cosign's, and the checks agree with it.
func TestAttestations(t *testing.T) {
	w := newWorld(t)
	stampedSpec := change(byAlice, func(s *spec) { s.Stamp = true })
	donors := []layer{
		w.attest(byAlice), w.attest(stampedSpec), w.attest(withSubject(bob)), w.attest(spec{KeyPair: true}),
		w.attest(change(byAlice, func(s *spec) { s.NoLog = true })), w.attest(change(byAlice, func(s *spec) { s.At = longAgo })),
		w.attestElsewhere(), w.attest(change(byAlice, func(s *spec) { s.PayloadType = "text/plain" })), w.attest(change(byAlice, func(s *spec) { s.Crowd = 1024 })),
	}
	cases := 0
	rapid.Check(t, func(r *rapid.T) {
		layers := rapid.SliceOfN(rapid.Custom(func(r *rapid.T) layer { return mutated(r, donors) }), 1, 8).Draw(r, "layers")
		w.put("att", layers...)
		p := drawPolicy(r)
		verdicts := w.attestations(p)
		report := w.everything(p)
		if len(report.Signatures) != 0 || len(report.Attached) != len(layers) {
			r.Fatalf("%d signatures, %d attached", len(report.Signatures), len(report.Attached))
		}
		for _, s := range report.Attached {
			cases++
			if s.Kind != verification.KindAttestation {
				r.Fatalf("row of kind %s", s.Kind)
			}
			if theirs := verdicts[s.Position]; s.Verified != (theirs == nil) {
				r.Fatalf("attestation %d: verified %t (%v), cosign says %v", s.Position, s.Verified, s.Reason, theirs)
			}
			if s.Defect != nil {
				r.Fatalf("attestation %d: %v\n%s", s.Position, s.Defect, matrix(s))
			}
		}
		if actions.CodeOf(report.Verdict()) != actions.CodeNoSignatures {
			r.Fatalf("verdict on attestations alone: %v", report.Verdict())
		}
	})
	t.Logf("%d attestations", cases)
}

// TestForeignEnvelope signs a statement under another payload type: a consumer might take it for something else, and cosign
// refuses it.
func TestForeignEnvelope(t *testing.T) {
	w := newWorld(t)
	w.put("att", w.attest(change(byAlice, func(s *spec) { s.PayloadType = "text/plain" })))
	report := w.everything(byAlicePolicy)
	if len(report.Attached) != 1 {
		t.Fatalf("%d attestations", len(report.Attached))
	}
	s := report.Attached[0]
	if theirs := w.attestations(byAlicePolicy)[0]; theirs == nil || s.Verified {
		t.Errorf("verified %t, cosign says %v", s.Verified, theirs)
	}
	if s.Reason == nil || s.Defect != nil || !strings.Contains(s.Check(verification.CheckSignature).What, "text/plain") {
		t.Errorf("reason %v\n%s", s.Reason, matrix(s))
	}
}

// TestEverything collects from every place at once: tags, referrers of both forms, SBOMs, and the images of an index.
func TestEverything(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	ref, err := name.ParseReference(w.tag())
	if err != nil {
		t.Fatal(err)
	}
	index := mutate.IndexMediaType(empty.Index, "application/vnd.oci.image.index.v1+json")
	var children []name.Digest
	for _, arch := range []string{"amd64", "arm64"} {
		image, err := random.Image(64, 1)
		if err != nil {
			t.Fatal(err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: arch}}})
		h, err := image.Digest()
		if err != nil {
			t.Fatal(err)
		}
		children = append(children, ref.Context().Digest(h.String()))
	}
	if err := remote.WriteIndex(ref, index); err != nil {
		t.Fatal(err)
	}
	h, err := index.Digest()
	if err != nil {
		t.Fatal(err)
	}
	w.image = ref.Context().Digest(h.String())

	w.attach(w.sign(byAlice), w.sign(withSubject(bob)))
	w.refer(goodBundle(w))
	w.put("att", w.attest(byAlice))
	w.put("sbom", layer{Payload: []byte(`{"spdxVersion":"SPDX-2.3"}`)})
	older := w.sign(byAlice)
	if _, err := verificationtest.ReferLayer(ctx, w.image, "application/vnd.dev.cosign.artifact.sig.v1+json", older); err != nil {
		t.Fatal(err)
	}
	signedChild, err := w.d.Sign(children[1], byAlice)
	if err != nil {
		t.Fatal(err)
	}
	if err := verificationtest.Attach(ctx, children[1], []layer{signedChild}); err != nil {
		t.Fatal(err)
	}
	report := w.everything(byAlicePolicy)
	var rows []string
	for _, s := range report.Rows() {
		at := "-"
		if s.LogIndex != nil {
			at = fmt.Sprint(*s.LogIndex)
		}
		if s.Defect != nil {
			t.Error(s.Defect)
		}
		rows = append(rows, strings.TrimSpace(fmt.Sprintf("%s %s %s %s %t %s", at, s.Kind, s.Storage, s.Subject, s.Verified, s.Platform)))
	}
	want := []string{
		"0 signature tag alice@example.com true",
		"1 signature tag bob@example.com false",
		"2 signature referrer alice@example.com true",
		"3 attestation tag alice@example.com true",
		"4 signature referrer alice@example.com true",
		"5 signature tag alice@example.com true linux/arm64",
		"- sbom tag  false",
	}
	if !slices.Equal(rows, want) {
		t.Errorf("rows\n%s\nwant\n%s", strings.Join(rows, "\n"), strings.Join(want, "\n"))
	}
	if len(report.Signatures) != 3 {
		t.Errorf("%d signatures count for the verdict, want 3", len(report.Signatures))
	}
	first, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	checkWritten(t, report)
	checkWritten(t, &verification.Report{})
	for range 3 {
		if again, err := json.Marshal(w.everything(byAlicePolicy)); err != nil || string(again) != string(first) {
			t.Fatalf("another list (%v): %d bytes, and %d the first time", err, len(again), len(first))
		}
	}
}

// TestRepository finds signatures and bundles where COSIGN_REPOSITORY puts them.
func TestRepository(t *testing.T) {
	w := newWorld(t)
	elsewhere, err := name.NewRepository(w.host + "/signatures/all")
	if err != nil {
		t.Fatal(err)
	}
	there := elsewhere.Digest(w.image.DigestStr())
	if err := verificationtest.Attach(t.Context(), there, []layer{w.sign(byAlice)}); err != nil {
		t.Fatal(err)
	}
	w.refer(goodBundle(w))
	w.opts.Repository = elsewhere.String()
	w.verifier = verification.New(w.opts)
	report := w.verify(byAlicePolicy)
	if len(report.Signatures) != 2 || len(report.Verified()) != 2 {
		t.Errorf("%d signatures, %d verified: want the one of the other repository and the bundle", len(report.Signatures), len(report.Verified()))
	}
	w.opts.Repository = "no repository"
	if _, err := verification.New(w.opts).Verify(t.Context(), w.tag(), byAlicePolicy); actions.CodeOf(err) != actions.CodeReference {
		t.Errorf("a repository that is none: %v", err)
	}
}

// checkWritten compares what is written on all processors with what the encoder makes of the whole.
func checkWritten(t *testing.T, report *verification.Report) {
	t.Helper()
	want, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if err := report.WriteJSON(t.Context(), &got); err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want)+"\n" {
		t.Errorf("written:\n%s\nmarshalled:\n%s", &got, want)
	}
}
