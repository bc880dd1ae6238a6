package trust

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore/pkg/cryptoutils"

	"github.com/sigwalk/sigwalk/actions"
)

// Reader reads a file that a person named; nil reads this machine's, up to a bound.
type Reader func(path string) ([]byte, error)

func (r Reader) read(path string) ([]byte, error) {
	if r == nil {
		return readBounded(path)
	}
	return r(path)
}

// Authorities are certificate authorities that a person names in place of those of a trust root, as cosign's
// --certificate-chain, --ca-roots and --ca-intermediates do.
type Authorities struct {
	// From says for people what named them, such as "--certificate-chain chain.pem".
	From                 string
	Roots, Intermediates []*x509.Certificate
}

// ReadChain reads a PEM file with one authority: the certificate that signs first, the root last. It fails with CodeUsage.
func ReadChain(path string, read Reader) (*Authorities, error) {
	chain, err := ReadCertificates(path, read)
	if err != nil {
		return nil, err
	}
	last := len(chain) - 1
	return &Authorities{From: "--certificate-chain " + path, Roots: chain[last:], Intermediates: chain[:last]}, nil
}

// ReadAuthorities reads a PEM file with roots, any of which will do, and one with what may stand between them and a signer; the
// second may be empty. It fails with CodeUsage.
func ReadAuthorities(roots, intermediates string, read Reader) (*Authorities, error) {
	a := &Authorities{From: "--ca-roots " + roots}
	var err error
	if a.Roots, err = ReadCertificates(roots, read); err != nil {
		return nil, err
	}
	if intermediates == "" {
		return a, nil
	}
	a.From += " --ca-intermediates " + intermediates
	a.Intermediates, err = ReadCertificates(intermediates, read)
	return a, err
}

// ReadCertificates reads the certificates of a PEM file, which may be base64 once more, as in an annotation. It fails with
// CodeUsage where there is none.
func ReadCertificates(path string, read Reader) ([]*x509.Certificate, error) {
	content, err := read.read(path)
	var certificates []*x509.Certificate
	if err == nil {
		content = bytes.TrimSpace(content)
		if plain, err := base64.StdEncoding.DecodeString(string(content)); err == nil {
			content = bytes.TrimSpace(plain)
		}
		certificates, err = cryptoutils.UnmarshalCertificatesFromPEM(content)
	}
	if err == nil && len(certificates) == 0 {
		err = errors.New("it holds no certificate")
	}
	if err != nil {
		return nil, &actions.Error{
			Code: actions.CodeUsage, What: fmt.Sprintf("the certificates in %s cannot be used", path), Why: err.Error(), Err: err,
			Next: "give a PEM file; of a certificate chain the intermediates come first and the root last",
		}
	}
	return certificates, nil
}

// WithAuthorities is trusted with other certificate authorities in place of its own. Logs and timestamp authorities stay.
func WithAuthorities(trusted root.TrustedMaterial, given *Authorities) *Given {
	return &Given{trusted, given}
}

// Given implements root.TrustedMaterial.
type Given struct {
	root.TrustedMaterial
	given *Authorities
}

// FulcioCertificateAuthorities returns the authorities that were given, without a period in which they count.
func (g *Given) FulcioCertificateAuthorities() []root.CertificateAuthority {
	var authorities []root.CertificateAuthority
	for _, top := range g.given.Roots {
		authorities = append(authorities, &root.FulcioCertificateAuthority{Root: top, Intermediates: g.given.Intermediates})
	}
	return authorities
}

// AuthoritiesFrom says for people what named the authorities.
func (g *Given) AuthoritiesFrom() string { return g.given.From }

// With is the same where no intermediates were given, with those that came with a signature: cosign then builds the chain
// with them. carried ends in a root, which is not taken.
func (g *Given) With(carried []*x509.Certificate) root.TrustedMaterial {
	if len(g.given.Intermediates) > 0 || len(carried) < 2 {
		return g
	}
	more := *g.given
	more.Intermediates = carried[:len(carried)-1]
	return &Given{g.TrustedMaterial, &more}
}
