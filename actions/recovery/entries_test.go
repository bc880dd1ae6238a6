package recovery_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/sigstore/cosign/v2/pkg/cosign"
	"github.com/sigstore/cosign/v2/pkg/cosign/bundle"
	"github.com/sigstore/cosign/v2/pkg/oci/static"
	rekorclient "github.com/sigstore/rekor/pkg/client"
	"github.com/sigstore/rekor/pkg/generated/client"
	"github.com/sigstore/rekor/pkg/generated/models"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/recovery"
	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/workshop/sandbox"
)

func (p *person) rekor(t *testing.T) *client.Rekor {
	t.Helper()
	c, err := rekorclient.GetRekorClient(p.settings.Rekor)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// log puts a signature over content into the log, as `cosign sign --key` and `sign-blob --key` do.
func (p *person) log(t *testing.T, k pair, content []byte) *models.LogEntryAnon {
	t.Helper()
	sum := sha256.New()
	sum.Write(content)
	entry, err := cosign.TLogUpload(t.Context(), p.rekor(t), k.sign(t, content), sum, k.pem)
	if err != nil {
		t.Fatal(err)
	}
	return entry
}

// TestAKeyPairInTheLog: the log has the public key, which is all that there is to say who signed.
func TestAKeyPairInTheLog(t *testing.T) {
	p, key := newPerson(t), newPair(t)
	p.log(t, key, p.claims(t))
	p.sign(t, sandbox.StudentUser, nil)
	report := p.recover(t, from(recovery.FromLog))
	if len(report.Attached()) != 1 || report.Attached()[0].Subject != "" || len(report.Attached()[0].Key) != 64 {
		t.Fatalf("attached %+v", report.Attached())
	}
	if good, all := p.verified(t, verification.Policy{KeyReference: key.file}); good != 1 || all != 2 {
		t.Errorf("with the key %d of %d verify", good, all)
	}
	if good, _ := p.verified(t, anybody); good != 1 {
		t.Errorf("by identity %d verify", good)
	}
	annotations := p.layers(t)[1].Annotations
	if _, has := annotations[static.CertificateAnnotationKey]; has || annotations[static.BundleAnnotationKey] == "" {
		t.Errorf("it is not as cosign writes it: %v", annotations)
	}
}

// TestEntriesThatAreNoSignatureOfTheImage: attestations and blobs are shown with the reason why they cannot be rebuilt, and
// not at all as lost while they are there.
func TestEntriesThatAreNoSignatureOfTheImage(t *testing.T) {
	p, key := newPerson(t), newPair(t)
	manifest := p.content(t)
	p.log(t, key, manifest) // sign-blob of the manifest: its digest is the image's
	envelope := p.attestation(t, key)
	entry, err := cosign.TLogUploadDSSEEnvelope(t.Context(), p.rekor(t), envelope, key.pem)
	if err != nil {
		t.Fatal(err)
	}
	report := p.recover(t, from(recovery.FromLog))
	kinds := map[string]actions.Code{}
	for _, left := range report.NotRebuildable() {
		kinds[left.Kind] = left.Reason.Code
		if left.Reason.What == "" || left.Reason.Why == "" || left.Reason.Next == "" {
			t.Errorf("%s: %+v", left.Kind, left.Reason)
		}
	}
	if len(report.Signatures) != 2 || len(report.Attached()) != 0 || kinds["dsse"] != actions.CodeClaims || kinds["hashedrekord"] != actions.CodeClaims {
		t.Fatalf("found %d, attached %d, left %v", len(report.Signatures), len(report.Attached()), kinds)
	}

	layer := p.upload(t, envelope, "application/vnd.dsse.envelope.v1+json")
	carried, err := json.Marshal(bundle.EntryToBundle(entry))
	if err != nil {
		t.Fatal(err)
	}
	layer.Annotations = map[string]string{static.SignatureAnnotationKey: "", static.BundleAnnotationKey: string(carried)}
	signatures := p.tag
	p.tag = p.tag.Context().Tag(strings.TrimSuffix(p.tag.TagStr(), ".sig") + ".att")
	p.overwrite(t, layer)
	p.tag = signatures
	report = p.recover(t, from(recovery.FromLog))
	if left := report.NotRebuildable(); len(left) != 1 || left[0].Kind != "hashedrekord" {
		t.Errorf("with the attestation attached: left %+v", left)
	}
}

func (p *person) content(t *testing.T) []byte {
	t.Helper()
	signatures := p.tag
	defer func() { p.tag = signatures }()
	p.tag = p.tag.Context().Tag("latest")
	return p.manifest(t)
}

// attestation is a signed statement about the image, in its envelope.
func (p *person) attestation(t *testing.T, k pair) []byte {
	t.Helper()
	const statementType = "application/vnd.in-toto+json"
	statement, err := json.Marshal(map[string]any{
		"_type": "https://in-toto.io/Statement/v1", "predicateType": "https://example.com/test", "predicate": map[string]any{},
		"subject": []any{map[string]any{"name": "image", "digest": map[string]string{"sha256": p.digest.DigestStr()[len("sha256:"):]}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	signed := []byte("DSSEv1 " + strconv.Itoa(len(statementType)) + " " + statementType + " " + strconv.Itoa(len(statement)) + " " + string(statement))
	envelope, err := json.Marshal(map[string]any{
		"payloadType": statementType, "payload": base64.StdEncoding.EncodeToString(statement),
		"signatures": []any{map[string]string{"sig": base64.StdEncoding.EncodeToString(k.sign(t, signed))}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return envelope
}
