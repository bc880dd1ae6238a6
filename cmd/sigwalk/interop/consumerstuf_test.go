//go:build interop

package interop

import (
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"

	sigroot "github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	legacytuf "github.com/sigstore/sigstore/pkg/tuf" //nolint:staticcheck // policy-controller uses it

	"github.com/sigwalk/sigwalk/actions/verification/verificationtest"
	"github.com/sigwalk/sigwalk/workshop/sandbox/tuf"
)

// policiesByTUF are policies of policy-controller whose trust root is the one that it has by TUF: only with that does its tester read
// bundles. They hold what the tree says of bundles.
var policiesByTUF = []struct {
	image, policy string
	want          bool
}{
	{"tag", "tuf.yaml", true},
	{"bundle", "tuf.yaml", false},        // without signatureFormat it looks at tags alone
	{"bundle", "tuf-bundle.yaml", false}, // signatures in bundles it cannot verify as such
	{"both", "tuf-bundle.yaml", false},
	{"attestation", "tuf-attested.yaml", true},
	{"attestation", "tuf-attested-bundle.yaml", false}, // it is in a tag
	{"attested-by-bundle", "tuf-attested-bundle.yaml", true},
	{"attested-by-bundle", "tuf-attested.yaml", false},
	{"attested-by-bad-bundle", "tuf-attested-bundle.yaml", false},
	{"good-tag-attestation", "tuf-attested-bundle.yaml", true},
	{"bundle", "tuf-attested-bundle.yaml", false},
	{"bundle", "tuf-signed-bundle.yaml", true}, // a signature in a bundle is a statement
	{"bad-bundle", "tuf-signed-bundle.yaml", false},
	{"tag", "tuf-signed-bundle.yaml", false},
	{"attested-by-bundle", "tuf-signed-bundle.yaml", false},
}

// byTUF publishes what the deployment is to be trusted for, as a TUF repository, and initialises with it what policy-controller
// reads: it returns the variable that names that.
func (w *differential) byTUF() string {
	w.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	w.must(err)
	material := w.d.TrustedRoot()
	authority := material.FulcioCertificateAuthorities()[0].(*sigroot.FulcioCertificateAuthority)
	stamping := material.TimestampingAuthorities()[0].(*sigroot.SigstoreTimestampingAuthority)
	d := tuf.Deployment{
		Since:  time.Now().Add(-time.Hour),
		Fulcio: "https://fulcio.test", Rekor: nowhere, CTLog: "https://ctlog.test", Timestamp: "https://tsa.test/api/v1/timestamp", OIDCIssuer: idp,
	}
	d.FulcioChain, err = cryptoutils.MarshalCertificatesToPEM(append(slices.Clone(authority.Intermediates), authority.Root))
	w.must(err)
	d.TimestampChain, err = cryptoutils.MarshalCertificatesToPEM([]*x509.Certificate{stamping.Leaf, stamping.Root})
	w.must(err)
	only := func(logs map[string]*sigroot.TransparencyLog) (pem []byte) {
		for _, l := range logs {
			pem, err = cryptoutils.MarshalPublicKeyToPEM(l.PublicKey)
			w.must(err)
		}
		return pem
	}
	d.RekorKey, d.CTLogKey = only(material.RekorLogs()), only(material.CTLogs())
	dir := w.t.TempDir()
	server, err := tuf.Start(w.t.Context(), tuf.Config{Dir: dir, Listener: listener, Deployment: d})
	w.must(err)
	w.t.Cleanup(func() { _ = server.Close() })
	root, err := os.ReadFile(filepath.Join(dir, "repository", "root.json"))
	w.must(err)
	home := w.t.TempDir()
	w.t.Setenv("TUF_ROOT", home)
	w.must(legacytuf.Initialize(w.t.Context(), server.URL(), root))

	attested := []any{map[string]any{"name": "origin", "predicateType": provenanceType}}
	for file, more := range map[string]map[string]any{
		"tuf.yaml":          {},
		"tuf-bundle.yaml":   {"signatureFormat": "bundle"},
		"tuf-attested.yaml": {"attestations": attested},
		"tuf-signed-bundle.yaml": {
			"attestations":    []any{map[string]any{"name": "signature", "predicateType": verificationtest.SignPredicate}},
			"signatureFormat": "bundle",
		},
		"tuf-attested-bundle.yaml": {"attestations": attested, "signatureFormat": "bundle"},
	} {
		more["keyless"] = map[string]any{"url": "https://fulcio.test", "identities": []any{map[string]any{"issuer": idp, "subject": alice}}}
		more["ctlog"] = map[string]any{"url": nowhere}
		w.must(os.WriteFile(filepath.Join(w.work, file), imagePolicy(more), 0o600))
	}
	return fmt.Sprintf("TUF_ROOT='%s' TUF_MIRROR=%s ", home, server.URL())
}
