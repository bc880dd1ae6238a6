package trial

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"time"

	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"
)

// Verify verifies a signature of data that Sign made, with all there is to verify: the certificate's chain, its signed
// certificate timestamp, the log entry with its proof of inclusion, the timestamp, the person and the issuer.
func (e Endpoints) Verify(signed *protobundle.Bundle, data []byte) error {
	trust, err := e.trust()
	if err != nil {
		return err
	}
	verifier, err := verify.NewVerifier(trust, verify.WithSignedCertificateTimestamps(1), verify.WithTransparencyLog(1),
		verify.WithSignedTimestamps(1), verify.WithIntegratedTimestamps(1))
	if err != nil {
		return err
	}
	parsed, err := bundle.NewBundle(signed)
	if err != nil {
		return err
	}
	identity, err := verify.NewShortCertificateIdentity(e.Issuer, "", Email, "")
	if err != nil {
		return err
	}
	_, err = verifier.Verify(parsed, verify.NewPolicy(verify.WithArtifact(bytes.NewReader(data)), verify.WithCertificateIdentity(identity)))
	return err
}

func (e Endpoints) trust() (*root.TrustedRoot, error) {
	fulcio, err := certificates(e.FulcioChain)
	if err != nil {
		return nil, err
	}
	stamps, err := certificates(e.TimestampChain)
	if err != nil {
		return nil, err
	}
	ctlog, err := transparencyLog(e.CTLog, e.CTLogKey)
	if err != nil {
		return nil, err
	}
	rekor, err := transparencyLog(e.Rekor, e.RekorKey)
	if err != nil {
		return nil, err
	}
	return root.NewTrustedRoot(root.TrustedRootMediaType01,
		[]root.CertificateAuthority{&root.FulcioCertificateAuthority{
			Root: fulcio[1], Intermediates: fulcio[:1], ValidityPeriodStart: fulcio[1].NotBefore,
		}},
		ctlog,
		[]root.TimestampingAuthority{&root.SigstoreTimestampingAuthority{
			Root: stamps[2], Intermediates: stamps[1:2], Leaf: stamps[0], ValidityPeriodStart: stamps[2].NotBefore,
		}},
		rekor)
}

func transparencyLog(url string, key []byte) (map[string]*root.TransparencyLog, error) {
	block, _ := pem.Decode(key)
	if block == nil {
		return nil, errors.New("no key")
	}
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	id := sha256.Sum256(block.Bytes)
	return map[string]*root.TransparencyLog{hex.EncodeToString(id[:]): {
		BaseURL: url, ID: id[:], PublicKey: public, HashFunc: crypto.SHA256, SignatureHashFunc: crypto.SHA256,
		ValidityPeriodStart: time.Now().Add(-time.Hour),
	}}, nil
}

func certificates(chain []byte) ([]*x509.Certificate, error) {
	var certs []*x509.Certificate
	for block, rest := pem.Decode(chain); block != nil; block, rest = pem.Decode(rest) {
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		certs = append(certs, cert)
	}
	return certs, nil
}
