package verification

import (
	"crypto/x509"
	"testing"
	"time"

	"github.com/sigstore/cosign/v2/pkg/oci/static"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
)

// TestChainsAreRemembered asks authorities again after they found a chain: what they found stands for the same certificate and
// the same time at the same authority, and for nothing else.
func TestChainsAreRemembered(t *testing.T) {
	var materials []root.TrustedMaterial
	var certs []*x509.Certificate
	for range 2 {
		d, _, layer, _ := signedLayer(t)
		parsed, err := cryptoutils.UnmarshalCertificatesFromPEM([]byte(layer.Annotations[static.CertificateAnnotationKey]))
		if err != nil {
			t.Fatal(err)
		}
		materials, certs = append(materials, d.TrustedRoot()), append(certs, parsed[0])
	}
	var found []chained
	ask := func(material, cert int, at time.Time) ([][]*x509.Certificate, error) {
		return verify.VerifyLeafCertificate(at, certs[cert], remembering{materials[material], &found})
	}
	at := certs[0].NotBefore
	first, err := ask(0, 0, at)
	if err != nil || len(found) != 1 {
		t.Fatalf("%v, %d remembered", err, len(found))
	}
	again, err := ask(0, 0, at)
	if err != nil || len(found) != 1 || &again[0] != &first[0] {
		t.Errorf("asked again: %v, %d remembered, the same chains: %t", err, len(found), err == nil && &again[0] == &first[0])
	}
	for _, c := range []struct {
		what           string
		material, cert int
		at             time.Time
	}{
		{"another certificate", 0, 1, at},
		{"another authority", 1, 0, at},
		{"another time", 0, 0, certs[0].NotAfter.Add(time.Hour)},
	} {
		if _, err := ask(c.material, c.cert, c.at); err == nil {
			t.Errorf("%s verified", c.what)
		}
	}
	if _, err := ask(1, 1, certs[1].NotBefore); err != nil || len(found) != 2 {
		t.Errorf("the other at its own authority: %v, %d remembered", err, len(found))
	}
}
