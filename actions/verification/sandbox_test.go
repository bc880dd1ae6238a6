package verification_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/sigstore/cosign/v2/pkg/cosign"
	ociremote "github.com/sigstore/cosign/v2/pkg/oci/remote"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/actions/signing"
	"github.com/sigwalk/sigwalk/actions/trust"
	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/workshop/sandbox/sandboxtest"
)

// TestSandbox verifies what real servers made, as on the workshop's page, and compares with cosign's own entry point.
func TestSandbox(t *testing.T) {
	s := sandboxtest.Start(t)
	homes := sandboxtest.NewHomes(t)
	homes.LogIn(t)
	image, _ := sandboxtest.CopyImage(t, "")
	at := actions.Homes{TUF: homes.TUF, Docker: homes.Docker, Attached: t.TempDir()}
	endpoints := actions.Endpoints{
		Fulcio: s.Fulcio, Rekor: s.Rekor, TUFMirror: s.TUFMirror, TUFRoot: s.TUFRoot, TUFRootChecksum: s.TUFRootChecksum,
		Timestamp: s.Timestamp, OIDCIssuer: s.OIDCIssuer, OIDCClientID: s.OIDCClientID,
	}
	reg := registry.New(registry.Options{Homes: at})
	trusted := trust.New(trust.Options{Homes: at, Endpoints: endpoints})
	verifier := verification.New(verification.Options{Registry: reg, Trust: trusted, Endpoints: endpoints})
	p := policy{SubjectRegexp: `.*@.*redhat\.com$`, IssuerRegexp: `\.redhatworkshops\.io/`}

	if _, err := verifier.Verify(t.Context(), image, p); actions.CodeOf(err) != actions.CodeNoTrustRoot {
		t.Fatalf("before the trust root is there: %v", err)
	}
	if _, err := trusted.Initialize(t.Context(), trust.InitializeRequest{}); err != nil {
		t.Fatal(err)
	}
	report, err := verifier.Verify(t.Context(), image, p)
	if err != nil || actions.ExitCode(report.Verdict()) != 10 {
		t.Fatalf("before it is signed: %v %v", err, report)
	}
	signer := signing.New(signing.Options{Registry: reg, Trust: trusted, Endpoints: endpoints, Homes: at})
	users := []string{"user1@demo.redhat.com", "pipeline-auth@demo.redhat.com", "user1@demo.redhat.com"}
	var indexes []int64
	for _, user := range users {
		result, err := signer.SignWithToken(t.Context(), signing.Request{
			Image: image, Token: actions.NewSecret(sandboxtest.Token(t, user)), Consented: true,
		})
		if err != nil {
			t.Fatal(err)
		}
		indexes = append(indexes, result.LogIndex)
	}
	if report, err = verifier.Verify(t.Context(), image, p); err != nil || report.Verdict() != nil {
		t.Fatalf("%v %v", err, report.Verdict())
	}
	var rows []string
	for _, sig := range report.Signatures {
		if sig.Timestamp == nil || sig.Integrated == nil {
			t.Errorf("no times: %+v", sig)
		}
		rows = append(rows, fmt.Sprintf("%d %s %s %t", *sig.LogIndex, sig.Subject, sig.Issuer, sig.Verified))
	}
	var want []string
	for i, user := range users {
		want = append(want, fmt.Sprintf("%d %s %s true", indexes[i], user, s.OIDCIssuer))
	}
	if strings.Join(rows, "\n") != strings.Join(want, "\n") {
		t.Errorf("rows\n%s\nwant\n%s", strings.Join(rows, "\n"), strings.Join(want, "\n"))
	}
	checkProofs(t, verifier, image, p)

	stamps := p
	stamps.UseSignedTimestamps, stamps.IgnoreLog = true, true
	if report, err := verifier.Verify(t.Context(), image, stamps); err != nil || len(report.Verified()) != 3 {
		t.Errorf("by time stamps: %v %v", err, report)
	}

	// The same with cosign itself.
	material, err := trusted.Material(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ref, err := name.ParseReference(image)
	if err != nil {
		t.Fatal(err)
	}
	verified, bundled, err := cosign.VerifyImageSignatures(t.Context(), ref, &cosign.CheckOpts{
		TrustedMaterial: material, ClaimVerifier: cosign.SimpleClaimVerifier,
		RegistryClientOpts: []ociremote.Option{ociremote.WithRemoteOptions(reg.Remote(t.Context())...)},
		Identities:         []cosign.Identity{{SubjectRegExp: p.SubjectRegexp, IssuerRegExp: p.IssuerRegexp}},
	})
	if err != nil || len(verified) != 3 || !bundled {
		t.Errorf("cosign: %d verified, %v", len(verified), err)
	}

	tree, err := verifier.Tree(t.Context(), image)
	if err != nil {
		t.Fatal(err)
	}
	text := verification.CosignTree(tree, false)
	if strings.Count(text, "🍒") != 3 || strings.Count(text, "└──") != 2 {
		t.Errorf("tree:\n%s", text)
	}
}

// checkProofs fetches inclusion proofs from the real log, keeps them as a pack does, and checks them where no log is.
func checkProofs(t *testing.T, verifier *verification.Verifier, image string, p policy) {
	t.Helper()
	look := func() *verification.Report {
		report, err := verifier.Verify(t.Context(), image, p)
		if err != nil {
			t.Fatal(err)
		}
		return explained(t, report)
	}
	online := look()
	if err := verifier.FetchProofs(t.Context(), online); err != nil {
		t.Fatal(err)
	}
	content, found, lacking, err := online.Proofs()
	if err != nil || found != 3 || lacking != 0 {
		t.Fatalf("%d proofs, %d lacking, %v\n%s", found, lacking, err, content)
	}
	good := look()
	if err := good.AddProofs(t.Context(), content); err != nil {
		t.Fatal(err)
	}
	for _, s := range good.Signatures {
		c := s.Check(verification.CheckProof)
		steps, ok := s.Entry.Proof.Path(s.Entry.LeafHash())
		if c.State != verification.CheckOK || !c.Ours || !s.Verified || s.Defect != nil || !ok {
			t.Errorf("entry %d: %+v, %d steps", *s.LogIndex, c, len(steps))
		}
	}
	// Nothing in the file is believed.
	for _, change := range []struct {
		name string
		from *regexp.Regexp
		to   string
	}{
		{"body", regexp.MustCompile(`"body": "..`), `"body": "AA`},
		{"root hash", regexp.MustCompile(`"rootHash": ".{4}`), `"rootHash": "AAAA`},
		{"tree size", regexp.MustCompile(`"treeSize": `), `"treeSize": 1`},
		{"checkpoint", regexp.MustCompile(`"checkpoint": "`), `"checkpoint": "x`},
	} {
		bad := look()
		if err := bad.AddProofs(t.Context(), change.from.ReplaceAll(content, []byte(change.to))); err != nil {
			t.Fatal(err)
		}
		for _, s := range bad.Signatures {
			if c := s.Check(verification.CheckProof); c.State != verification.CheckFailed || c.Code != actions.CodeProof || !c.Ours || !s.Verified {
				t.Errorf("%s changed: %+v", change.name, c)
			}
		}
	}
	if err := look().AddProofs(t.Context(), []byte("{")); actions.CodeOf(err) != actions.CodeFormat {
		t.Errorf("no JSON: %v", err)
	}
}
