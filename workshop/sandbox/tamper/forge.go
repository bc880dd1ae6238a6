package tamper

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/cyberphone/json-canonicalization/go/src/webpki.org/jsoncanonicalizer"
	ct "github.com/google/certificate-transparency-go"
	ctclient "github.com/google/certificate-transparency-go/client"
	"github.com/google/certificate-transparency-go/jsonclient"
	cttls "github.com/google/certificate-transparency-go/tls"
	ctx509 "github.com/google/certificate-transparency-go/x509"
	"github.com/sigstore/cosign/v2/pkg/cosign"
	cbundle "github.com/sigstore/cosign/v2/pkg/cosign/bundle"
	"github.com/sigstore/rekor/pkg/client"
	"github.com/sigstore/sigstore/pkg/cryptoutils"

	"github.com/sigwalk/sigwalk/workshop/sandbox/fulcio"
)

var (
	oidPoison = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 3}
	oidSCT    = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 2}
)

// life is that of a certificate of Fulcio's.
const life = 10 * time.Minute

// foreignCertificate is the case "foreign-certificate".
func foreignCertificate(ctx context.Context, w *work) error {
	key, err := newKey()
	if err != nil {
		return err
	}
	now := time.Now()
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: "fulcio", Organization: []string{"somebody else"}},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
	}
	der, err := x509.CreateCertificate(rand.Reader, authority, authority, key.Public(), key)
	if err != nil {
		return err
	}
	if authority, err = x509.ParseCertificate(der); err != nil {
		return err
	}
	return w.sign(ctx, issuer{authority, key, pemOf(der)}, validity{now, now.Add(life)}, false)
}

// expiredCertificate is the case "expired-certificate".
func expiredCertificate(ctx context.Context, w *work) error {
	authority, err := w.authority()
	if err != nil {
		return err
	}
	like, err := w.signer()
	if err != nil {
		return err
	}
	// No older than the first one: the trust root does not vouch for the authority from before the sandbox began.
	from, until := like.NotBefore, like.NotBefore.Add(life)
	const least = 2 * time.Second
	if past := time.Now().Add(-least).Truncate(time.Second); until.After(past) {
		until = past
	}
	if until.Before(from) {
		until = from
	}
	select { // a life that is over, by the seconds in which the log counts
	case <-time.After(time.Until(until.Add(least))):
	case <-ctx.Done():
		return ctx.Err()
	}
	return w.sign(ctx, authority, validity{from, until}, true)
}

// withoutSCT is the case "no-sct".
func withoutSCT(ctx context.Context, w *work) error {
	authority, err := w.authority()
	if err != nil {
		return err
	}
	now := time.Now()
	return w.sign(ctx, authority, validity{now, now.Add(life)}, false)
}

// issuer is an authority with its key, and what stands beside a signature as its chain.
type issuer struct {
	cert  *x509.Certificate
	key   *ecdsa.PrivateKey
	chain string
}

// authority is the sandbox's own, with the key from the disk.
func (w *work) authority() (issuer, error) {
	home := filepath.Join(w.lab.Dir, "sandbox", "fulcio")
	if _, err := os.Stat(filepath.Join(home, "chain.pem")); err != nil {
		return issuer{}, err // opening it would make one
	}
	opened, err := fulcio.OpenAuthority(home)
	if err != nil {
		return issuer{}, err
	}
	return issuer{opened.Intermediate, opened.Key, w.chainPEM()}, nil
}

// validity is that of a certificate.
type validity struct{ from, until time.Time }

// sign makes a new signature over the payload by the same identity, with a certificate of the issuer, and logs it. public
// is whether the certificate log is told.
func (w *work) sign(ctx context.Context, by issuer, valid validity, public bool) error {
	key, err := newKey()
	if err != nil {
		return err
	}
	der, err := w.certify(ctx, by, key, valid, public)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(w.first.payload)
	sig, err := key.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		return err
	}
	entry, err := w.log(ctx, sig, w.first.payload, []byte(pemOf(der)))
	if err != nil {
		return err
	}
	forged := w.first.with(signatureKey, base64.StdEncoding.EncodeToString(sig)).with(certificateKey, pemOf(der)).
		with(chainKey, by.chain).with(stampKey, "")
	return w.attachWith(forged, entry)
}

func (w *work) attachWith(s signature, entry *cbundle.RekorBundle) error {
	text, err := json.Marshal(entry)
	if err != nil {
		return err
	}
	return w.attach(w.digest, s.with(bundleKey, string(text)))
}

// signer is the certificate of the signature that the case starts from.
func (w *work) signer() (*x509.Certificate, error) {
	certs, err := cryptoutils.UnmarshalCertificatesFromPEM([]byte(w.first.annotations[certificateKey]))
	if err != nil || len(certs) == 0 {
		return nil, errors.Join(err, ErrUnsigned)
	}
	return certs[0], nil
}

// certify issues a certificate that names who signed first.
func (w *work) certify(ctx context.Context, by issuer, key *ecdsa.PrivateKey, valid validity, public bool) ([]byte, error) {
	like, err := w.signer()
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), NotBefore: valid.from, NotAfter: valid.until,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
		EmailAddresses: like.EmailAddresses, URIs: like.URIs,
	}
	for _, ext := range like.Extensions {
		if len(ext.Id) > 7 && slices.Equal(ext.Id[:8], asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1}) {
			template.ExtraExtensions = append(template.ExtraExtensions, ext)
		}
	}
	if !public {
		return x509.CreateCertificate(rand.Reader, template, by.cert, key.Public(), by.key)
	}
	plain := template.ExtraExtensions
	template.ExtraExtensions = slices.Concat(plain, []pkix.Extension{{Id: oidPoison, Critical: true, Value: asn1.NullBytes}})
	before, err := x509.CreateCertificate(rand.Reader, template, by.cert, key.Public(), by.key)
	if err != nil {
		return nil, err
	}
	stamp, err := w.promise(ctx, before)
	if err != nil {
		return nil, err
	}
	template.ExtraExtensions = slices.Concat(plain, []pkix.Extension{{Id: oidSCT, Value: stamp}})
	return x509.CreateCertificate(rand.Reader, template, by.cert, key.Public(), by.key)
}

// promise has the sandbox's certificate log take a precertificate, and returns its timestamp as an extension (RFC 6962, 3.3).
func (w *work) promise(ctx context.Context, precertificate []byte) ([]byte, error) {
	log, err := ctclient.New(w.lab.Settings.CTLog, &http.Client{Transport: w.lab.Transport}, jsonclient.Options{})
	if err != nil {
		return nil, err
	}
	chain := []ct.ASN1Cert{{Data: precertificate}}
	for rest := []byte(w.chainPEM()); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		chain = append(chain, ct.ASN1Cert{Data: block.Bytes})
	}
	sct, err := log.AddPreChain(ctx, chain)
	if err != nil {
		return nil, err
	}
	one, err := cttls.Marshal(*sct)
	if err != nil {
		return nil, err
	}
	list, err := cttls.Marshal(ctx509.SignedCertificateTimestampList{SCTList: []ctx509.SerializedSCT{{Val: one}}})
	if err != nil {
		return nil, err
	}
	return asn1.Marshal(list)
}

// log puts a signature into the sandbox's transparency log.
func (w *work) log(ctx context.Context, sig, payload, verifier []byte) (*cbundle.RekorBundle, error) {
	rekor, err := client.GetRekorClient(w.lab.Settings.Rekor)
	if err != nil {
		return nil, err
	}
	sum := sha256.New()
	sum.Write(payload)
	entry, err := cosign.TLogUpload(ctx, rekor, sig, sum, verifier)
	if err != nil {
		return nil, err
	}
	return cbundle.EntryToBundle(entry), nil
}

// otherEntry is the case "other-entry".
func otherEntry(ctx context.Context, w *work) error {
	key, err := newKey()
	if err != nil {
		return err
	}
	sum := sha256.Sum256(w.first.payload)
	sig, err := key.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		return err
	}
	public, err := cryptoutils.MarshalPublicKeyToPEM(key.Public())
	if err != nil {
		return err
	}
	entry, err := w.log(ctx, sig, w.first.payload, public)
	if err != nil {
		return err
	}
	return w.attachWith(w.first, entry)
}

// foreignLog is the case "foreign-log".
func foreignLog(_ context.Context, w *work) error {
	var entry cbundle.RekorBundle
	if err := json.Unmarshal([]byte(w.first.annotations[bundleKey]), &entry); err != nil {
		return err
	}
	key, err := newKey()
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return err
	}
	id := sha256.Sum256(der)
	entry.Payload.LogID = hex.EncodeToString(id[:])
	plain, err := json.Marshal(entry.Payload)
	if err != nil {
		return err
	}
	canonical, err := jsoncanonicalizer.Transform(plain)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(canonical)
	if entry.SignedEntryTimestamp, err = key.Sign(rand.Reader, sum[:], crypto.SHA256); err != nil {
		return err
	}
	return w.attachWith(w.first, &entry)
}

func newKey() (*ecdsa.PrivateKey, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }

func pemOf(der []byte) string {
	var b bytes.Buffer
	_ = pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: der}) // into memory
	return b.String()
}
