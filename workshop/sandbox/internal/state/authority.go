package state

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"path/filepath"
	"time"
)

// Organization is in the subject of every certificate that the sandbox makes.
const Organization = "sigwalk sandbox"

// lifetime of the sandbox's own certificates in years.
const lifetime = 10

// Authority is a certificate authority on disk: a root and an intermediate that signs.
type Authority struct {
	Root         *x509.Certificate
	Intermediate *x509.Certificate
	Key          *ecdsa.PrivateKey // of Intermediate
}

// OpenAuthority returns the certificate authority in dir, or makes it: root and intermediate called name, for
// certificates with usage, with ECDSA P-256 keys that stay in dir.
func OpenAuthority(dir, name string, usage x509.ExtKeyUsage) (*Authority, error) {
	if err := MakeDir(dir); err != nil {
		return nil, err
	}
	rootKey, err := Key(filepath.Join(dir, "root.key.pem"))
	if err != nil {
		return nil, err
	}
	key, err := Key(filepath.Join(dir, "intermediate.key.pem"))
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "chain.pem")
	certs, err := Certificates(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return makeAuthority(path, name, usage, rootKey, key)
	case err != nil:
		return nil, err
	case len(certs) != 2 || !key.PublicKey.Equal(certs[0].PublicKey):
		return nil, fmt.Errorf("%w: %s is not the chain of the keys beside it", ErrUnreadable, path)
	}
	return &Authority{Intermediate: certs[0], Root: certs[1], Key: key}, nil
}

// ChainPEM is the chain as Sigstore's services hand it out: intermediate, then root.
func (a *Authority) ChainPEM() []byte { return CertificatesPEM(a.Intermediate, a.Root) }

func makeAuthority(path, name string, usage x509.ExtKeyUsage, rootKey, key *ecdsa.PrivateKey) (*Authority, error) {
	root := template(name + " root")
	root.MaxPathLen = 1
	rootCert, err := Certify(root, root, rootKey.Public().(*ecdsa.PublicKey), rootKey)
	if err != nil {
		return nil, err
	}
	intermediate := template(name)
	intermediate.MaxPathLenZero = true
	intermediate.ExtKeyUsage = []x509.ExtKeyUsage{usage}
	cert, err := Certify(intermediate, rootCert, key.Public().(*ecdsa.PublicKey), rootKey)
	if err != nil {
		return nil, err
	}
	a := &Authority{Root: rootCert, Intermediate: cert, Key: key}
	return a, Write(path, a.ChainPEM())
}

func template(name string) *x509.Certificate {
	return &x509.Certificate{
		Subject:               pkix.Name{CommonName: name, Organization: []string{Organization}},
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
}

// Certify issues template for key under parent. It fills in the serial number and a validity that began some minutes
// ago, for clocks that are not quite right, and lasts ten years.
func Certify(template, parent *x509.Certificate, key *ecdsa.PublicKey, signer *ecdsa.PrivateKey) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	template.SerialNumber = serial
	template.NotBefore = time.Now().Add(-5 * time.Minute)
	template.NotAfter = template.NotBefore.AddDate(lifetime, 0, 0)
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key, signer)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}
