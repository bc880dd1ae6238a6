package signatures_test

import (
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/tui/lesson/lessontest"
	"github.com/sigwalk/sigwalk/tui/screen"
	"github.com/sigwalk/sigwalk/tui/signatures"
)

// TestCommandOfARow asks about each kind of row with the command that looks at that kind, and says in which tag it is.
func TestCommandOfARow(t *testing.T) {
	report := lessontest.Report(1)
	report.Policy = verification.Policy{Subject: "user1@demo.redhat.com", Issuer: "https://sso.example.com"}
	const whose = " --certificate-identity=user1@demo.redhat.com --certificate-oidc-issuer=https://sso.example.com "
	const provenance = "https://slsa.dev/provenance/v1"
	child := v1.Hash{Algorithm: "sha256", Hex: strings.Repeat("ab", 32)}
	repository := strings.TrimSuffix(report.Image, ":latest")
	signature := report.Signatures[0]
	signature.Image = v1.Hash{Algorithm: "sha256", Hex: report.Digest.DigestStr()[len("sha256:"):]}
	kind := func(k verification.Kind, platform string) verification.Signature {
		s := signature
		s.Kind, s.Platform = k, platform
		switch k {
		case verification.KindAttestation:
			s.PredicateType = provenance
			s.Payload = []byte(`{"payloadType":"application/vnd.in-toto+json","payload":"eyJwcmVkaWNhdGVUeXBlIjoieCJ9"}`)
		case verification.KindSBOM:
			s.Certificate, s.Issuer, s.Subject = nil, "", ""
		case verification.KindSignature:
		}
		if platform != "" {
			s.Image = child
		}
		return s
	}
	for _, c := range []struct {
		row      verification.Signature
		on, want string
		tag      string
	}{
		{kind(verification.KindSignature, ""), report.Image, "cosign verify" + whose + report.Image, "layer 0 of the .sig tag"},
		{kind(verification.KindSignature, "linux/arm64"), report.Image, "cosign verify" + whose + repository + "@" + child.String(), "linux/arm64"},
		{kind(verification.KindAttestation, ""), report.Image, "cosign verify-attestation --type=" + provenance + whose + report.Image, "layer 0 of the .att tag"},
		{kind(verification.KindSBOM, ""), report.Image, "", "layer 0 of the .sbom tag"},
		{kind(verification.KindSignature, ""), "oci:app", "sigwalk verify" + whose + "oci:app", ""},
		{kind(verification.KindAttestation, ""), "oci:app", "sigwalk verify" + whose + "oci:app --all --explain", ""},
	} {
		of := *report
		of.Image, of.Signatures = c.on, []verification.Signature{c.row}
		if got := signatures.Command(&of, &c.row); got != c.want {
			t.Errorf("%s on %s: %q, want %q", c.row.Kind, c.on, got, c.want)
		}
		m, text := shownAs(t, &of, 118, 60)
		m.Update(screen.Key("5"))
		shown := strings.Join(strings.Fields(text()), " ")
		if !strings.Contains(shown, c.tag) {
			t.Errorf("%s: the screen lacks %q:\n%s", c.row.Kind, c.tag, text())
		}
		if c.row.Kind == verification.KindAttestation && !strings.Contains(shown, `"predicateType": "x"`) {
			t.Errorf("the statement is not shown:\n%s", text())
		}
		if c.row.Kind != verification.KindSignature && strings.Contains(shown, "the same for every signer") {
			t.Errorf("%s: said to have the payload of others:\n%s", c.row.Kind, text())
		}
	}
}

// TestCommandTrusts: what was given to be trusted is part of the question.
func TestCommandTrusts(t *testing.T) {
	report := lessontest.Report(1)
	report.Image, report.Policy = "oci:app", verification.Policy{KeyReference: "cosign.pub"}
	report.TrustFlags = []string{"--trusted-root=my root.json", "--ca-roots=a=b.pem"}
	const want = "sigwalk verify --trusted-root='my root.json' --ca-roots=a=b.pem --key=cosign.pub oci:app"
	if got := signatures.Command(report, &report.Signatures[0]); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
