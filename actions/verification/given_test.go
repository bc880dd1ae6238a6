package verification_test

import (
	"context"
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/sigstore/cosign/v2/pkg/cosign"
	"github.com/sigstore/cosign/v2/pkg/oci/static"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/tuf" //nolint:staticcheck // cosign 2 wants its kind of status

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/trust"
	"github.com/sigwalk/sigwalk/actions/verification"
)

// logsOf is a trust root with the logs of one deployment and the certificate authorities of another: the authority that
// signed here is none of its own.
type logsOf struct {
	root.TrustedMaterial
	authorities root.TrustedMaterial
}

func (l *logsOf) FulcioCertificateAuthorities() []root.CertificateAuthority {
	return l.authorities.FulcioCertificateAuthorities()
}

// private is a world whose certificate authority no trust root knows, with the files that a person would be handed.
type private struct {
	*world
	chain, roots, intermediates, foreign string // paths
}

func newPrivate(t *testing.T) *private {
	p := &private{world: newWorld(t)}
	stranger := newWorld(t).d.TrustedRoot()
	own := authorityIn(t, p.d.TrustedRoot())
	p.chain = pemFile(t, "chain.pem", append(own.Intermediates, own.Root)...)
	p.roots = pemFile(t, "roots.pem", authorityIn(t, stranger).Root, own.Root)
	p.intermediates = pemFile(t, "intermediates.pem", own.Intermediates...)
	other := authorityIn(t, stranger)
	p.foreign = pemFile(t, "foreign.pem", append(other.Intermediates, other.Root)...)
	p.opts.Material = func(context.Context) (root.TrustedMaterial, error) {
		return &logsOf{p.d.TrustedRoot(), stranger}, nil
	}
	return p
}

func authorityIn(t *testing.T, trusted *root.TrustedRoot) *root.FulcioCertificateAuthority {
	t.Helper()
	authority, ok := trusted.FulcioCertificateAuthorities()[0].(*root.FulcioCertificateAuthority)
	if !ok || len(authority.Intermediates) == 0 {
		t.Fatal("an authority of another kind")
	}
	return authority
}

func pemFile(t *testing.T, name string, certificates ...*x509.Certificate) string {
	t.Helper()
	content, err := cryptoutils.MarshalCertificatesToPEM(certificates)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestGivenAuthorities verifies by authorities that a person names, as cosign does with --certificate-chain, --ca-roots and
// --ca-intermediates, where nothing else knows the authority that signed.
func TestGivenAuthorities(t *testing.T) {
	w := newPrivate(t)
	own := authorityIn(t, w.d.TrustedRoot())
	carried, err := cryptoutils.MarshalCertificatesToPEM(append(own.Intermediates, own.Root))
	if err != nil {
		t.Fatal(err)
	}
	bare := func(l layer) layer { return l.With(static.ChainAnnotationKey, "") }
	w.attach(
		w.sign(byAlice).With(static.ChainAnnotationKey, string(carried)), bare(w.sign(byAlice)), bare(w.sign(withSubject(bob))),
		bare(flipped(w.world)), bare(w.sign(change(byAlice, func(s *spec) { s.NoSCT = true }))), foreign(w.world),
	)
	for _, c := range []struct {
		name                        string
		chain, roots, intermediates string
		policy                      policy
		want                        int // how many verify
	}{
		{name: "nothing", policy: byAlicePolicy},
		{name: "chain", chain: w.chain, policy: byAlicePolicy, want: 2},
		{name: "chain, no SCT", chain: w.chain, policy: change(byAlicePolicy, func(p *policy) { p.IgnoreSCT = true }), want: 3},
		{name: "root alone as a chain", chain: w.rootAlone(t), policy: byAlicePolicy, want: 1},
		{name: "roots and intermediates", roots: w.roots, intermediates: w.intermediates, policy: byAlicePolicy, want: 2},
		{name: "roots, intermediates carried", roots: w.roots, policy: byAlicePolicy, want: 1},
		{name: "another's chain", chain: w.foreign, policy: byAlicePolicy},
		{name: "chain, another subject", chain: w.chain, policy: policy{Subject: bob, Issuer: issuer}, want: 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			authorities := readGiven(t, c.chain, c.roots, c.intermediates)
			report := w.under(t, authorities, c.policy)
			if got := len(report.Verified()); got != c.want {
				t.Errorf("%d verified, want %d", got, c.want)
			}
			verdicts := w.referenceGiven(t, authorities, c.policy)
			for _, s := range report.Signatures {
				if theirs := verdicts[s.Position]; s.Verified != (theirs == nil) || s.Defect != nil {
					t.Errorf("signature %d: verified %t (%v), cosign says %v, defect %v\n%s", s.Position, s.Verified, s.Reason, theirs, s.Defect, matrix(s))
				}
				if check := s.Check(verification.CheckChain); authorities != nil && !strings.HasPrefix(check.Expected.Source, authorities.From) {
					t.Errorf("signature %d: the chain is said to be from %q", s.Position, check.Expected.Source)
				}
			}
		})
	}
}

func (w *private) rootAlone(t *testing.T) string {
	t.Helper()
	return pemFile(t, "root.pem", authorityIn(t, w.d.TrustedRoot()).Root)
}

func readGiven(t *testing.T, chain, roots, intermediates string) *trust.Authorities {
	t.Helper()
	var given *trust.Authorities
	var err error
	switch {
	case chain != "":
		given, err = trust.ReadChain(chain, nil)
	case roots != "":
		given, err = trust.ReadAuthorities(roots, intermediates, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return given
}

// under verifies with authorities in place of the trust root's; nil for its own.
func (w *private) under(t *testing.T, authorities *trust.Authorities, p policy) *verification.Report {
	t.Helper()
	report, err := w.verifierUnder(authorities).Verify(t.Context(), w.tag(), p)
	if err != nil {
		t.Fatal(err)
	}
	return explained(t, report)
}

func (w *private) verifierUnder(authorities *trust.Authorities) *verification.Verifier {
	opts := w.opts
	if authorities != nil {
		opts.Material = func(ctx context.Context) (root.TrustedMaterial, error) {
			trusted, err := w.opts.Material(ctx)
			return trust.WithAuthorities(trusted, authorities), err
		}
	}
	return verification.New(opts)
}

// referenceGiven is cosign's own verdict with the pools that it makes of those flags.
func (w *private) referenceGiven(t *testing.T, authorities *trust.Authorities, p policy) []error {
	t.Helper()
	digest, err := v1.NewHash(w.image.DigestStr())
	if err != nil {
		t.Fatal(err)
	}
	var verdicts []error
	for _, sig := range w.stored() {
		if sig.err != nil {
			verdicts = append(verdicts, sig.err)
			continue
		}
		co := w.checkOpts(p)
		co.TrustedMaterial, err = w.opts.Material(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if authorities != nil {
			w.poolsOf(co, authorities)
		}
		_, err := cosign.VerifyImageSignature(t.Context(), sig.Signature, digest, co)
		verdicts = append(verdicts, err)
	}
	return verdicts
}

// poolsOf fills in co as cosign does where authorities are given: without a trust root, with its keys.
func (w *private) poolsOf(co *cosign.CheckOpts, authorities *trust.Authorities) {
	co.TrustedMaterial = nil
	co.RootCerts = x509.NewCertPool()
	for _, c := range authorities.Roots {
		co.RootCerts.AddCert(c)
	}
	if len(authorities.Intermediates) > 0 {
		co.IntermediateCerts = x509.NewCertPool()
		for _, c := range authorities.Intermediates {
			co.IntermediateCerts.AddCert(c)
		}
	}
	trusted := w.d.TrustedRoot()
	co.RekorPubKeys, co.CTLogPubKeys = keysOf(trusted.RekorLogs()), keysOf(trusted.CTLogs())
}

func keysOf(logs map[string]*root.TransparencyLog) *cosign.TrustedTransparencyLogPubKeys {
	keys := cosign.NewTrustedTransparencyLogPubKeys()
	for id, log := range logs {
		keys.Keys[id] = cosign.TransparencyLogPubKey{PubKey: log.PublicKey, Status: tuf.Active}
	}
	return &keys
}

// TestGivenCertificate verifies a signature that carries no certificate by the one in a file, which is verified first.
func TestGivenCertificate(t *testing.T) {
	w := newPrivate(t)
	signed := w.sign(byAlice)
	certificate := filepath.Join(t.TempDir(), "cert.pem")
	if err := os.WriteFile(certificate, []byte(signed.Annotations[static.CertificateAnnotationKey]), 0o600); err != nil {
		t.Fatal(err)
	}
	w.attach(signed.With(static.CertificateAnnotationKey, "").With(static.ChainAnnotationKey, ""), w.sign(byAlice))
	unlogged := change(byAlicePolicy, func(p *policy) { p.Certificate, p.IgnoreLog = certificate, true })
	chain := readGiven(t, w.chain, "", "")
	for _, c := range []struct {
		name        string
		authorities *trust.Authorities
		policy      policy
		want        []bool // nil where the certificate itself is refused
	}{
		{"log ignored", chain, unlogged, []bool{true, false}},
		// The log records the certificate, and cosign then looks for the bare key.
		{"with the log", chain, change(unlogged, func(p *policy) { p.IgnoreLog = false }), []bool{false, false}},
		{"another subject", chain, change(unlogged, func(p *policy) { p.Subject = bob }), nil},
		{"an authority that nobody knows", nil, unlogged, nil},
		{"another's authority", readGiven(t, w.foreign, "", ""), unlogged, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			cert, err := trust.ReadCertificates(certificate, nil)
			if err != nil {
				t.Fatal(err)
			}
			co := w.checkOpts(c.policy)
			if co.TrustedMaterial, err = w.opts.Material(t.Context()); err != nil {
				t.Fatal(err)
			}
			if c.authorities != nil {
				w.poolsOf(co, c.authorities)
			}
			var refused error
			if co.SigVerifier, refused = cosign.ValidateAndUnpackCert(cert[0], co); (refused != nil) != (c.want == nil) {
				t.Fatalf("cosign says of the certificate: %v", refused)
			}
			report, err := w.verifierUnder(c.authorities).Verify(t.Context(), w.tag(), c.policy)
			if c.want == nil {
				if actions.CodeOf(err) != actions.CodeChain {
					t.Fatalf("the certificate is not refused: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			digest, err := v1.NewHash(w.image.DigestStr())
			if err != nil {
				t.Fatal(err)
			}
			stored := w.stored()
			for _, s := range explained(t, report).Signatures {
				_, theirs := cosign.VerifyImageSignature(t.Context(), stored[s.Position].Signature, digest, co)
				if s.Verified != c.want[s.Position] || s.Verified != (theirs == nil) || s.Defect != nil {
					t.Errorf("signature %d: verified %t (%v), want %t, cosign says %v, defect %v\n%s",
						s.Position, s.Verified, s.Reason, c.want[s.Position], theirs, s.Defect, matrix(s))
				}
			}
		})
	}
}
