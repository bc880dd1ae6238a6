package verification

import (
	"crypto/x509"
	"encoding/asn1"

	"github.com/sigstore/cosign/v2/pkg/cosign"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
)

// The extensions in which Fulcio names the issuer of the identity: the first raw and deprecated, the second DER
// (sigstore/fulcio docs/oid-info.md).
const (
	oidIssuerRaw = "1.3.6.1.4.1.57264.1.1"
	oidIssuerDER = "1.3.6.1.4.1.57264.1.8"
)

// describe fills in what the certificate says.
func (s *Signature) describe(cert *x509.Certificate) {
	s.Certificate = cert
	if names := cryptoutils.GetSubjectAlternateNames(cert); len(names) > 0 {
		s.Subject = names[0]
	}
	s.Issuer = issuerOf(cert)
}

// issuerOf returns the identity provider that the certificate names: where cosign looks for it and, when it is not there,
// where it is in newer certificates.
func issuerOf(cert *x509.Certificate) string {
	ce := cosign.CertExtensions{Cert: cert}
	if issuer := ce.GetIssuer(); issuer != "" {
		return issuer
	}
	return issuerDER(cert)
}

// issuerRaw returns the identity provider where cosign 2 looks for it.
func issuerRaw(cert *x509.Certificate) string {
	ce := cosign.CertExtensions{Cert: cert}
	return ce.GetIssuer()
}

func issuerDER(cert *x509.Certificate) string {
	for _, ext := range cert.Extensions {
		if ext.Id.String() != oidIssuerDER {
			continue
		}
		var text string
		if rest, err := asn1.Unmarshal(ext.Value, &text); err == nil && len(rest) == 0 {
			return text
		}
	}
	return ""
}
