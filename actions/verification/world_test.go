package verification_test

import (
	"context"
	"log"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	gcrregistry "github.com/google/go-containerregistry/pkg/registry"
	"github.com/sigstore/cosign/v2/pkg/cosign"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore/pkg/signature"

	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/actions/verification/verificationtest"
)

const (
	alice  = "alice@example.com"
	bob    = "bob@example.com"
	issuer = "https://idp.example.com/realms/one"
)

// byAlice is what most tests sign as and byAlicePolicy what they ask for.
var (
	byAlice       = verificationtest.Spec{Subject: alice, Issuer: issuer}
	byAlicePolicy = verification.Policy{Subject: alice, Issuer: issuer}
)

// world is a registry with one image, a deployment that signs, and a verifier that trusts it.
type world struct {
	t        testing.TB
	d        *verificationtest.Deployment
	host     string
	image    name.Digest
	verifier *verification.Verifier
	opts     verification.Options
	key      signature.Verifier // that reference verifies with; nil for none
	copies   []copied           // as cosign reads them
}

func newWorld(t testing.TB, opts ...gcrregistry.Option) *world {
	t.Helper()
	opts = append([]gcrregistry.Option{gcrregistry.Logger(log.New(discard{}, "", 0)), gcrregistry.WithReferrersSupport(true)}, opts...)
	server := httptest.NewServer(gcrregistry.New(opts...))
	t.Cleanup(server.Close)
	w := &world{t: t, d: verificationtest.MustNew(), host: strings.TrimPrefix(server.URL, "http://")}
	var err error
	if w.image, err = verificationtest.Image(t.Context(), w.tag()); err != nil {
		t.Fatal(err)
	}
	trusted := w.d.TrustedRoot()
	w.opts = verification.Options{
		Registry: registry.New(registry.Options{}),
		Material: func(context.Context) (root.TrustedMaterial, error) { return trusted, nil },
	}
	w.verifier = verification.New(w.opts)
	return w
}

func (w *world) tag() string { return w.host + "/org/app:latest" }

func (w *world) sign(spec verificationtest.Spec) verificationtest.Layer {
	w.t.Helper()
	layer, err := w.d.Sign(w.image, spec)
	if err != nil {
		w.t.Fatal(err)
	}
	return layer
}

func (w *world) attach(layers ...verificationtest.Layer) {
	w.t.Helper()
	w.copies = nil
	if err := verificationtest.Attach(context.Background(), w.image, layers); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) verify(policy verification.Policy) *verification.Report {
	w.t.Helper()
	report, err := w.verifier.Verify(context.Background(), w.tag(), policy)
	if err != nil {
		w.t.Fatal(err)
	}
	return explained(w.t, report)
}

// explained is the report with the checks of every signature.
func explained(tb testing.TB, report *verification.Report) *verification.Report {
	tb.Helper()
	if err := report.Explain(context.Background()); err != nil {
		tb.Fatal(err)
	}
	return report
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// checkOpts are the options that `cosign verify` makes of the policy's flags.
func (w *world) checkOpts(p verification.Policy) *cosign.CheckOpts {
	co := &cosign.CheckOpts{
		TrustedMaterial: w.d.TrustedRoot(), SigVerifier: w.key, IgnoreSCT: p.IgnoreSCT, IgnoreTlog: p.IgnoreLog,
		Offline: p.Offline, UseSignedTimestamps: p.UseSignedTimestamps,
	}
	if !p.SkipClaims {
		co.ClaimVerifier = cosign.SimpleClaimVerifier
	}
	for k, v := range p.Annotations {
		if co.Annotations == nil {
			co.Annotations = map[string]any{}
		}
		co.Annotations[k] = v
	}
	if p.KeyReference == "" {
		co.Identities = []cosign.Identity{{
			Subject: p.Subject, SubjectRegExp: p.SubjectRegexp, Issuer: p.Issuer, IssuerRegExp: p.IssuerRegexp,
		}}
	}
	return co
}
