package signing_test

import (
	"crypto/rand"
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/signing"
	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/workshop/sandbox/sandboxtest"
)

// freshImage is an image of the test's own, however often it runs.
func freshImage(t *testing.T) (image, digest string) {
	t.Helper()
	return sandboxtest.CopyImage(t, "fresh-"+strings.ToLower(rand.Text()[:12]))
}

// rows are all rows of an image for anybody's signature, attestations of tags included.
func (b *bench) rows(t *testing.T, image string) []verification.Signature {
	t.Helper()
	report, err := verification.New(verification.Options{
		Registry: b.opts.Registry, Trust: b.opts.Trust, Endpoints: b.opts.Endpoints,
	}).Everything(t.Context(), image, verification.Policy{})
	if err != nil {
		t.Fatal(err)
	}
	return report.Rows()
}

const provenance = `{"buildDefinition":{"buildType":"https://example.com/build"},"runDetails":{"builder":{"id":"https://example.com/builder"}}}`

// TestAttest: what is said of an image, in each of the two forms, is found and verified.
func TestAttest(t *testing.T) {
	for _, form := range []signing.Form{signing.FormTag, signing.FormBundle} {
		t.Run(string(form), func(t *testing.T) {
			b := newBench(t)
			image, digest := freshImage(t)
			for i, says := range []struct{ kind, uri, predicate string }{
				{"slsaprovenance1", "https://slsa.dev/provenance/v1", provenance},
				{"spdxjson", "https://spdx.dev/Document", `{"spdxVersion":"SPDX-2.3"}`},
				{"https://example.com/checked", "https://example.com/checked", `{"by":"hand"}`},
			} {
				got, err := signing.New(b.opts).SignWithToken(t.Context(), signing.Request{
					Image: image, Token: actions.NewSecret(sandboxtest.Token(t, "user1@demo.redhat.com")), Consented: true, Form: form,
					Attestation: &signing.Attestation{Type: says.kind, Predicate: []byte(says.predicate)},
				})
				if err != nil {
					t.Fatal(err)
				}
				if got.PredicateType != says.uri || got.Digest.DigestStr() != digest || got.Total != i+1 || got.Timestamp.IsZero() || got.LogID == "" {
					t.Errorf("got %+v", got)
				}
				rows := b.rows(t, image)
				if len(rows) != i+1 {
					t.Fatalf("%d rows", len(rows))
				}
				row := rows[i]
				if row.Kind != verification.KindAttestation || !row.Verified || row.Defect != nil || row.PredicateType != says.uri ||
					row.Subject != "user1@demo.redhat.com" || *row.LogIndex != got.LogIndex || row.Timestamp == nil {
					t.Errorf("row %+v: %v, %v", row, row.Reason, row.Defect)
				}
				if statement := statementOf(t, row); !strings.Contains(statement, strings.TrimPrefix(digest, "sha256:")) {
					t.Errorf("the statement: %s", statement)
				}
			}
			if report := b.list(t, image); form == signing.FormTag && len(report.Signatures) != 0 {
				t.Errorf("attestations pass as signatures: %+v", report.Signatures)
			}
		})
	}
}

// statementOf is the statement that a row signs: a tag's payload is the envelope around it.
func statementOf(t *testing.T, row verification.Signature) string {
	t.Helper()
	if row.Storage != verification.StoredInTag {
		return string(row.Payload)
	}
	var envelope struct {
		Payload []byte `json:"payload"`
	}
	if err := json.Unmarshal(row.Payload, &envelope); err != nil {
		t.Fatal(err)
	}
	return string(envelope.Payload)
}

// TestAttestWithKey: in both forms, and with either type of log entry where verifiers take both.
func TestAttestWithKey(t *testing.T) {
	b := newBench(t)
	image, _ := freshImage(t)
	key, public := keyPair(t, nil)
	for _, c := range []struct {
		form  signing.Form
		entry signing.LogEntryType
		code  actions.Code
	}{
		{form: signing.FormTag},
		{form: signing.FormTag, entry: signing.EntryInToto},
		{form: signing.FormBundle},
		{form: signing.FormBundle, entry: signing.EntryInToto, code: actions.CodeUsage},
	} {
		_, err := signing.New(b.opts).SignWithKey(t.Context(), signing.Request{
			Image: image, Key: key, Consented: true, Form: c.form,
			Attestation: &signing.Attestation{Type: "custom", Predicate: []byte(`{"a":1}`), EntryType: c.entry},
		})
		if actions.CodeOf(err) != c.code || (err == nil) != (c.code == "") {
			t.Fatalf("%+v: %v", c, err)
		}
	}
	report, err := verification.New(verification.Options{Registry: b.opts.Registry, Trust: b.opts.Trust, Endpoints: b.opts.Endpoints}).
		Everything(t.Context(), image, verification.Policy{KeyReference: public})
	if err != nil {
		t.Fatal(err)
	}
	rows := report.Rows()
	if len(rows) != 3 {
		t.Fatalf("%d rows", len(rows))
	}
	for _, row := range rows {
		if !row.Verified || row.Defect != nil {
			t.Errorf("%s: %v, %v", row.Storage, row.Reason, row.Defect)
		}
	}
}

// TestSignInABundle: the signature of an image as cosign 3 keeps it, with annotations, beside one in the tag.
func TestSignInABundle(t *testing.T) {
	b := newBench(t)
	image, _ := freshImage(t)
	got, err := signing.New(b.opts).SignWithToken(t.Context(), signing.Request{
		Image: image, Token: actions.NewSecret(sandboxtest.Token(t, "user1@demo.redhat.com")), Consented: true,
		Form: signing.FormBundle, Annotations: map[string]string{"stage": "test"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := got.Signature.(name.Digest); !ok || got.Total != 1 || got.PredicateType != "" {
		t.Errorf("got %+v", got)
	}
	if _, err := b.sign(t, image); err != nil {
		t.Fatal(err)
	}
	for value, want := range map[string]int{"test": 1, "production": 0} {
		report, err := verification.New(verification.Options{
			Registry: b.opts.Registry, Trust: b.opts.Trust, Endpoints: b.opts.Endpoints,
		}).Verify(t.Context(), image, verification.Policy{
			Subject: "user1@demo.redhat.com", Issuer: b.settings.OIDCIssuer, Annotations: map[string]string{"stage": value},
		})
		if err != nil {
			t.Fatal(err)
		}
		if n := len(report.Verified()); n != want || len(report.Signatures) != 2 {
			t.Errorf("%s: %d of %d verified", value, n, len(report.Signatures))
		}
	}
}

// TestWhatCannotBeAttested: nothing is asked of anybody.
func TestWhatCannotBeAttested(t *testing.T) {
	b := newBench(t)
	image, digest := freshImage(t)
	line := &between{}
	b.opts.Transport = line
	for _, says := range []signing.Attestation{
		{Type: "nonsense", Predicate: []byte("{}")},
		{Type: "", Predicate: []byte("{}")},
		{Type: "slsaprovenance", Predicate: []byte("no JSON")},
		{Type: "cyclonedx", Predicate: []byte("")},
	} {
		_, err := signing.New(b.opts).SignWithToken(t.Context(), signing.Request{
			Image: image, Token: actions.NewSecret(sandboxtest.Token(t, "user1@demo.redhat.com")), Consented: true, Attestation: &says,
		})
		if actions.CodeOf(err) != actions.CodeUsage {
			t.Errorf("%+v: %v", says, err)
		}
	}
	if line.total() != 0 {
		t.Errorf("a service was asked %d times", line.total())
	}
	assertNothingAttached(t, image, digest)
}

// TestManyAttestAtOnce: ten with each form at once at one image; the forms do not disturb each other.
func TestManyAttestAtOnce(t *testing.T) {
	b := newBench(t)
	image, digest := freshImage(t)
	token := actions.NewSecret(sandboxtest.Token(t, "user1@demo.redhat.com"))
	requests := []signing.Request{
		{},
		{Form: signing.FormBundle},
		{Attestation: &signing.Attestation{Type: "custom", Predicate: []byte("{}")}},
		{Attestation: &signing.Attestation{Type: "custom", Predicate: []byte("{}")}, Form: signing.FormBundle},
	}
	const each = 5
	var group sync.WaitGroup
	for _, request := range requests {
		request.Image, request.Token, request.Consented = image, token, true
		for range each {
			opts := b.opts
			opts.Homes.Attached = t.TempDir() // a machine of its own
			group.Go(func() {
				if _, err := signing.New(opts).SignWithToken(t.Context(), request); err != nil {
					t.Error(err)
				}
			})
		}
	}
	group.Wait()
	rows, indices := b.rows(t, image), map[int64]bool{}
	for _, row := range rows {
		if !row.Verified {
			t.Errorf("%s %s: %v", row.Kind, row.Storage, row.Reason)
		}
		indices[*row.LogIndex] = true
	}
	if len(rows) != each*len(requests) || len(indices) != len(rows) {
		t.Errorf("%d rows with %d log entries", len(rows), len(indices))
	}
	// The list at the fallback tag says of each what it is, as the specification of the referrers tag wants.
	ref, err := name.ParseReference(image)
	if err != nil {
		t.Fatal(err)
	}
	index, err := remote.Index(ref.Context().Tag(strings.Replace(digest, ":", "-", 1)), remote.WithAuth(sandboxtest.Login(t)))
	if err != nil {
		t.Fatal(err)
	}
	list, err := index.IndexManifest()
	if err != nil || len(list.Manifests) != 2*each {
		t.Fatalf("%v, %v", list, err)
	}
	for _, d := range list.Manifests {
		if d.ArtifactType != "application/vnd.dev.sigstore.bundle.v0.3+json" || d.Annotations["dev.sigstore.bundle.predicateType"] == "" {
			t.Errorf("%+v", d)
		}
		if _, err := remote.Get(ref.Context().Digest(d.Digest.String()), remote.WithAuth(sandboxtest.Login(t))); err != nil {
			t.Error(err)
		}
	}
}
