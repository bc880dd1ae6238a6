// Package verificationtest makes signatures as cosign makes them, without a server: its certificate authority, certificate
// transparency log, transparency log and timestamp authority are keys in memory. Everything it makes verifies with cosign
// against its trust root. It is for tests and benchmarks that need many signatures, or broken ones.
package verificationtest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"fmt"
	"math/big"
	"sync/atomic"
	"time"

	"github.com/sigstore/sigstore-go/pkg/root"
)

// Deployment is a Sigstore deployment in memory. It is safe for concurrent use.
type Deployment struct {
	root, intermediate, tsaRoot, tsaLeaf *x509.Certificate

	authority, ctLog, log, tsa *ecdsa.PrivateKey

	serial, index atomic.Int64

	shard, tiles *merkleTree // of the first and second generation of the log

	// CTLogPeriod and LogPeriod are when the trust root believes the keys of the certificate log and of the transparency log.
	CTLogPeriod, LogPeriod Period
	// AuthorityPeriod is when it believes the certificate authority.
	AuthorityPeriod Period
}

// Period is a time in which a key counts; what is zero is that of the authority.
type Period struct{ From, Until time.Time }

// New returns a deployment whose log begins at index 0. Certificates of its authority are valid from an hour ago on, so
// that signatures of the past can be made.
func New() (*Deployment, error) {
	d := &Deployment{shard: newMerkleTree(), tiles: newMerkleTree()}
	d.index.Store(-1)
	keys := make([]*ecdsa.PrivateKey, 6)
	for i := range keys {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, err
		}
		keys[i] = key
	}
	d.authority, d.ctLog, d.log, d.tsa = keys[0], keys[1], keys[2], keys[3]
	rootKey, tsaRootKey := keys[4], keys[5]

	var err error
	if d.root, err = d.issue(authorityTemplate("root"), nil, rootKey.Public(), rootKey); err != nil {
		return nil, err
	}
	above := authorityTemplate("intermediate")
	above.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}
	if d.intermediate, err = d.issue(above, d.root, d.authority.Public(), rootKey); err != nil {
		return nil, err
	}
	if d.tsaRoot, err = d.issue(authorityTemplate("timestamp root"), nil, tsaRootKey.Public(), tsaRootKey); err != nil {
		return nil, err
	}
	if d.tsaLeaf, err = d.issue(stampTemplate(), d.tsaRoot, d.tsa.Public(), tsaRootKey); err != nil {
		return nil, err
	}
	return d, nil
}

// MustNew is New for tests: it panics when there is no randomness.
func MustNew() *Deployment {
	d, err := New()
	if err != nil {
		panic(err)
	}
	return d
}

const lifetime = 24 * time.Hour

func authorityTemplate(name string) *x509.Certificate {
	return &x509.Certificate{
		Subject:               pkix.Name{CommonName: name, Organization: []string{"verificationtest"}},
		NotBefore:             time.Now().Add(-lifetime),
		NotAfter:              time.Now().Add(lifetime),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
}

func stampTemplate() *x509.Certificate {
	return &x509.Certificate{
		Subject:   pkix.Name{CommonName: "timestamp", Organization: []string{"verificationtest"}},
		NotBefore: time.Now().Add(-lifetime),
		NotAfter:  time.Now().Add(lifetime),
		KeyUsage:  x509.KeyUsageDigitalSignature,
		// The extended key usage must be critical (RFC 3161, 2.3).
		ExtraExtensions: []pkix.Extension{{Id: []int{2, 5, 29, 37}, Critical: true, Value: mustMarshal([][]int{{1, 3, 6, 1, 5, 5, 7, 3, 8}})}},
	}
}

// issue signs a certificate; without a parent it signs itself.
func (d *Deployment) issue(template, parent *x509.Certificate, public crypto.PublicKey, signer *ecdsa.PrivateKey) (*x509.Certificate, error) {
	if template.SerialNumber == nil {
		template.SerialNumber = big.NewInt(d.serial.Add(1))
	}
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, signer)
	if err != nil {
		return nil, fmt.Errorf("issue a certificate: %w", err)
	}
	return x509.ParseCertificate(der)
}

// TrustedRoot is what a TUF repository of the deployment would deliver.
func (d *Deployment) TrustedRoot() *root.TrustedRoot {
	authority := d.within(d.AuthorityPeriod)
	trusted, err := root.NewTrustedRoot(root.TrustedRootMediaType01,
		[]root.CertificateAuthority{&root.FulcioCertificateAuthority{
			Root: d.root, Intermediates: []*x509.Certificate{d.intermediate}, URI: "https://fulcio.test",
			ValidityPeriodStart: authority.From, ValidityPeriodEnd: authority.Until,
		}},
		map[string]*root.TransparencyLog{logID(d.ctLog): d.transparencyLog(d.ctLog, "https://ctlog.test", d.CTLogPeriod)},
		[]root.TimestampingAuthority{&root.SigstoreTimestampingAuthority{
			Root: d.tsaRoot, Leaf: d.tsaLeaf, URI: "https://tsa.test",
			ValidityPeriodStart: d.root.NotBefore, ValidityPeriodEnd: d.root.NotAfter,
		}},
		map[string]*root.TransparencyLog{logID(d.log): d.transparencyLog(d.log, "https://rekor.test", d.LogPeriod)})
	if err != nil {
		panic(err) // the media type is the one it wants
	}
	return trusted
}

// TrustedRootJSON is TrustedRoot as the file trusted_root.json.
func (d *Deployment) TrustedRootJSON() ([]byte, error) { return d.TrustedRoot().MarshalJSON() }

// LogID is the id of the transparency log in hex.
func (d *Deployment) LogID() string { return logID(d.log) }

// within is a period with the ends of the authority where it leaves them open.
func (d *Deployment) within(period Period) Period {
	if period.From.IsZero() {
		period.From = d.root.NotBefore
	}
	if period.Until.IsZero() {
		period.Until = d.root.NotAfter
	}
	return period
}

func (d *Deployment) transparencyLog(key *ecdsa.PrivateKey, url string, period Period) *root.TransparencyLog {
	id := keyID(key)
	period = d.within(period)
	return &root.TransparencyLog{
		BaseURL: url, ID: id[:], HashFunc: crypto.SHA256, PublicKey: key.Public(), SignatureHashFunc: crypto.SHA256,
		ValidityPeriodStart: period.From, ValidityPeriodEnd: period.Until,
	}
}

// keyID is a log's id: the SHA-256 of its public key (RFC 6962, 3.2).
func keyID(key crypto.Signer) [32]byte { return sha256.Sum256(publicDER(key)) }

func publicDER(key crypto.Signer) []byte {
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		panic(err) // an ECDSA key on a known curve
	}
	return der
}

func logID(key *ecdsa.PrivateKey) string {
	id := keyID(key)
	return hex.EncodeToString(id[:])
}
