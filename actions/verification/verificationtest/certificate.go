package verificationtest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"net/url"
	"slices"
	"strings"
	"time"

	ct "github.com/google/certificate-transparency-go"
	"github.com/google/certificate-transparency-go/tls"
	ctx509 "github.com/google/certificate-transparency-go/x509"
	"github.com/google/certificate-transparency-go/x509util"
)

// Extensions of a certificate with its place in a certificate transparency log (RFC 6962), and of Fulcio.
var (
	oidPoison    = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 3}
	oidSCT       = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 2}
	oidIssuerRaw = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1, 1}
	oidIssuerDER = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1, 8}
)

// certificate issues a code signing certificate as Fulcio does: for ten minutes, with an SCT inside.
func (d *Deployment) certificate(spec Spec, public crypto.PublicKey) (*x509.Certificate, error) {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(d.serial.Add(1)),
		NotBefore:    spec.At,
		NotAfter:     spec.At.Add(10 * time.Minute),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
	}
	if strings.Contains(spec.Subject, "://") {
		u, err := url.Parse(spec.Subject)
		if err != nil {
			return nil, err
		}
		template.URIs = []*url.URL{u}
	} else if spec.Subject != "" {
		template.EmailAddresses = []string{spec.Subject}
	}
	if !spec.OnlyNewIssuer {
		template.ExtraExtensions = append(template.ExtraExtensions, pkix.Extension{Id: oidIssuerRaw, Value: []byte(spec.Issuer)})
	}
	template.ExtraExtensions = append(template.ExtraExtensions, pkix.Extension{Id: oidIssuerDER, Value: mustMarshal(utf8String(spec.Issuer))})
	for oid, value := range spec.Extensions {
		id, err := parseOID(oid)
		if err != nil {
			return nil, err
		}
		template.ExtraExtensions = append(template.ExtraExtensions, pkix.Extension{Id: id, Value: []byte(value)})
	}
	if spec.NoSCT {
		return d.issue(template, d.intermediate, public, d.authority)
	}
	plain := template.ExtraExtensions
	template.ExtraExtensions = slices.Concat(plain, []pkix.Extension{{Id: oidPoison, Critical: true, Value: asn1.NullBytes}})
	der, err := x509.CreateCertificate(rand.Reader, template, d.intermediate, public, d.authority)
	if err != nil {
		return nil, fmt.Errorf("issue a precertificate: %w", err)
	}
	key := d.ctLog
	if spec.ForgedSCT {
		key = d.authority
	}
	sct, err := d.sct(der, spec.At, key)
	if err != nil {
		return nil, err
	}
	template.ExtraExtensions = slices.Concat(plain, []pkix.Extension{{Id: oidSCT, Value: sct}})
	return d.issue(template, d.intermediate, public, d.authority)
}

// sct promises, signed with key, to log a precertificate (RFC 6962, 3.2) and returns the promise as the extension of the
// certificate.
func (d *Deployment) sct(precertificate []byte, at time.Time, key *ecdsa.PrivateKey) ([]byte, error) {
	parsed, err := ctx509.ParseCertificate(precertificate)
	if ctx509.IsFatal(err) {
		return nil, err
	}
	tbs, err := ctx509.BuildPrecertTBS(parsed.RawTBSCertificate, nil)
	if err != nil {
		return nil, err
	}
	stamp := uint64(at.UnixMilli())
	sct := ct.SignedCertificateTimestamp{SCTVersion: ct.V1, LogID: ct.LogID{KeyID: keyID(d.ctLog)}, Timestamp: stamp}
	input, err := ct.SerializeSCTSignatureInput(sct, ct.LogEntry{Leaf: ct.MerkleTreeLeaf{
		Version: ct.V1, LeafType: ct.TimestampedEntryLeafType,
		TimestampedEntry: &ct.TimestampedEntry{
			Timestamp: stamp, EntryType: ct.PrecertLogEntryType,
			PrecertEntry: &ct.PreCert{IssuerKeyHash: sha256.Sum256(d.intermediate.RawSubjectPublicKeyInfo), TBSCertificate: tbs},
		},
	}})
	if err != nil {
		return nil, err
	}
	signature, err := sign(key, input)
	if err != nil {
		return nil, err
	}
	sct.Signature = ct.DigitallySigned{
		Algorithm: tls.SignatureAndHashAlgorithm{Hash: tls.SHA256, Signature: tls.ECDSA},
		Signature: signature,
	}
	list, err := x509util.MarshalSCTsIntoSCTList([]*ct.SignedCertificateTimestamp{&sct})
	if err != nil {
		return nil, err
	}
	encoded, err := tls.Marshal(*list)
	if err != nil {
		return nil, err
	}
	return mustMarshal(encoded), nil
}

// sign signs the SHA-256 of message; an Ed25519 key the message itself.
func sign(key crypto.Signer, message []byte) ([]byte, error) {
	if _, plain := key.(ed25519.PrivateKey); plain {
		return key.Sign(rand.Reader, message, crypto.Hash(0))
	}
	sum := sha256.Sum256(message)
	return key.Sign(rand.Reader, sum[:], crypto.SHA256)
}

func utf8String(s string) asn1.RawValue {
	return asn1.RawValue{Class: asn1.ClassUniversal, Tag: asn1.TagUTF8String, Bytes: []byte(s)}
}

func parseOID(text string) (asn1.ObjectIdentifier, error) {
	var id asn1.ObjectIdentifier
	for _, part := range strings.Split(text, ".") {
		var n int
		if _, err := fmt.Sscanf(part, "%d", &n); err != nil {
			return nil, fmt.Errorf("%q is no object identifier", text)
		}
		id = append(id, n)
	}
	return id, nil
}

func mustMarshal(v any) []byte {
	if ids, ok := v.([][]int); ok {
		list := make([]asn1.ObjectIdentifier, len(ids))
		for i, id := range ids {
			list[i] = id
		}
		v = list
	}
	b, err := asn1.Marshal(v)
	if err != nil {
		panic(err) // a value of this package
	}
	return b
}
