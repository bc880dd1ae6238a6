package verification

import (
	"crypto/x509"
	"time"

	"github.com/sigstore/sigstore-go/pkg/root"
)

// chained are the chains to the trust root that an authority found for a certificate at one time. The same three give the
// same chains, so that verdict and checks, which both ask, have them worked out once.
type chained struct {
	by     *root.FulcioCertificateAuthority
	cert   *x509.Certificate
	at     time.Time
	chains [][]*x509.Certificate
}

// remembering is material whose certificate authorities remember for one signature what they found: in found, which one
// goroutine uses.
type remembering struct {
	root.TrustedMaterial
	found *[]chained
}

// FulcioCertificateAuthorities returns those of the material. One of another kind remembers nothing.
func (r remembering) FulcioCertificateAuthorities() []root.CertificateAuthority {
	authorities := r.TrustedMaterial.FulcioCertificateAuthorities()
	remember := make([]root.CertificateAuthority, len(authorities))
	for i, a := range authorities {
		remember[i] = a
		if fulcio, ok := a.(*root.FulcioCertificateAuthority); ok {
			remember[i] = rememberingAuthority{fulcio, r.found}
		}
	}
	return remember
}

type rememberingAuthority struct {
	*root.FulcioCertificateAuthority
	found *[]chained
}

// Verify returns the chains of a certificate that is valid at a time, as the authority does. A failure is not remembered.
func (r rememberingAuthority) Verify(cert *x509.Certificate, at time.Time) ([][]*x509.Certificate, error) {
	for _, c := range *r.found {
		if c.by == r.FulcioCertificateAuthority && c.cert == cert && c.at.Equal(at) {
			return c.chains, nil
		}
	}
	chains, err := r.FulcioCertificateAuthority.Verify(cert, at)
	if err == nil {
		*r.found = append(*r.found, chained{r.FulcioCertificateAuthority, cert, at, chains})
	}
	return chains, err
}
