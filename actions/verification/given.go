package verification

import (
	"crypto/x509"

	"github.com/sigstore/cosign/v2/pkg/cosign"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore/pkg/signature"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/trust"
)

// certified is the key in the certificate of a file, which cosign verifies first: chain, identity and SCT. It fails with CodeUsage,
// and with CodeChain for one that does not verify.
func certified(path string, read trust.Reader, co *cosign.CheckOpts) (signature.Verifier, error) {
	certificates, err := trust.ReadCertificates(path, read)
	if err != nil {
		return nil, err
	}
	key, err := cosign.ValidateAndUnpackCert(certificates[0], co)
	if err != nil {
		return nil, &actions.Error{
			Code: actions.CodeChain, What: "the certificate in " + path + " does not verify", Why: err.Error(), Err: err,
			Next: "check that it is the signer's, --certificate-identity and --certificate-oidc-issuer, and the authorities: --certificate-chain or --ca-roots; --insecure-ignore-sct for an authority without a certificate log",
		}
	}
	return key, nil
}

// given are certificate authorities that a person named in place of the trust root's.
type given interface {
	AuthoritiesFrom() string
	With(carried []*x509.Certificate) root.TrustedMaterial
}

// materialFor is what a signature in a tag is held against: material, and where authorities were given without
// intermediates, those that the signature carries.
func materialFor(material root.TrustedMaterial, s *Signature) root.TrustedMaterial {
	if g, ok := material.(given); ok && s.stored != nil {
		return g.With(s.stored.chain)
	}
	return material
}

// authoritiesFrom says where the certificate authorities are from.
func (x *examination) authoritiesFrom() string {
	if g, ok := x.material.(given); ok {
		return g.AuthoritiesFrom()
	}
	return fromAuthorities
}
