package signing

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/sigstore/cosign/v2/pkg/cosign"
	"github.com/sigstore/sigstore-go/pkg/fulcio/certificate"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/sigstore/sigstore/pkg/tuf" //nolint:staticcheck // cosign wants its status of a key

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/identity"
)

// issued is what Fulcio gave: the certificate, those above it, and the SCT when it is not embedded.
type issued struct {
	leaf        *x509.Certificate
	leafPEM     []byte
	chain       []*x509.Certificate
	chainPEM    []byte
	detachedSCT []byte
}

// subject and issuer of the identity in the certificate.
func (i *issued) identity() (subject, issuer string, err error) {
	summary, err := certificate.SummarizeCertificate(i.leaf)
	if err != nil {
		return "", "", err
	}
	return summary.SubjectAlternativeName, summary.Issuer, nil
}

// certify asks Fulcio for a certificate of the token's identity over the signer's key, which is ECDSA (Fulcio's API v2,
// signingCert).
func (s *Signer) certify(ctx context.Context, signer signature.Signer, token *identity.Token) (*issued, error) {
	fulcio := s.opts.Endpoints.Fulcio
	if err := needed(fulcio, "Fulcio", "--fulcio-url (COSIGN_FULCIO_URL)"); err != nil {
		return nil, err
	}
	name := token.Subject
	if token.Email != "" {
		name = token.Email
	}
	proof, err := signer.SignMessage(strings.NewReader(name))
	if err != nil {
		return nil, err
	}
	key, err := signer.PublicKey()
	if err != nil {
		return nil, err
	}
	public, err := cryptoutils.MarshalPublicKeyToPEM(key)
	if err != nil {
		return nil, err
	}
	type publicKey struct {
		Algorithm string `json:"algorithm"`
		Content   string `json:"content"`
	}
	type publicKeyRequest struct {
		PublicKey         publicKey `json:"publicKey"`
		ProofOfPossession []byte    `json:"proofOfPossession"`
	}
	body, err := json.Marshal(struct {
		PublicKeyRequest publicKeyRequest `json:"publicKeyRequest"`
	}{publicKeyRequest{publicKey{"ECDSA", string(public)}, proof}})
	if err != nil {
		return nil, err
	}
	reply, err := s.ask(ctx, call{
		service: "Fulcio", method: http.MethodPost, url: join(fulcio, "/api/v2/signingCert"),
		contentType: "application/json", bearer: token.Raw, body: body,
	})
	if err != nil {
		return nil, err
	}
	if reply.status != http.StatusOK && reply.status != http.StatusCreated {
		return nil, s.refusedByFulcio(ctx, reply, token)
	}
	got, err := parseIssued(reply.body)
	if err != nil {
		return nil, &actions.Error{
			Code: actions.CodeNotAsked, What: "the answer of Fulcio at " + fulcio + " holds no certificate", Why: err.Error(),
			Next: "check that this is the address of Fulcio", Err: err,
		}
	}
	if public, ok := got.leaf.PublicKey.(*ecdsa.PublicKey); !ok || !public.Equal(key) {
		return nil, &actions.Error{
			Code: actions.CodeNotAsked, What: "the certificate of Fulcio at " + fulcio + " is for another key than ours",
			Next: "check that this is the address of Fulcio",
		}
	}
	return got, nil
}

func parseIssued(body []byte) (*issued, error) {
	type chain struct {
		Chain struct {
			Certificates []string `json:"certificates"`
		} `json:"chain"`
		SCT []byte `json:"signedCertificateTimestamp"`
	}
	var reply struct {
		Embedded chain `json:"signedCertificateEmbeddedSct"`
		Detached chain `json:"signedCertificateDetachedSct"`
	}
	if err := json.Unmarshal(body, &reply); err != nil {
		return nil, err
	}
	from := reply.Embedded
	if len(from.Chain.Certificates) == 0 {
		from = reply.Detached
	}
	if len(from.Chain.Certificates) == 0 {
		return nil, errors.New("no certificate in the answer")
	}
	var all []*x509.Certificate
	for _, text := range from.Chain.Certificates {
		parsed, err := cryptoutils.UnmarshalCertificatesFromPEM([]byte(text))
		if err != nil {
			return nil, err
		}
		all = append(all, parsed...)
	}
	if len(all) == 0 {
		return nil, errors.New("no certificate in the answer")
	}
	got := &issued{leaf: all[0], chain: all[1:], detachedSCT: from.SCT}
	var err error
	if got.leafPEM, err = cryptoutils.MarshalCertificateToPEM(got.leaf); err != nil {
		return nil, err
	}
	got.chainPEM, err = cryptoutils.MarshalCertificatesToPEM(got.chain)
	got.chainPEM = bytes.TrimSuffix(got.chainPEM, []byte("\n")) // as cosign stores it
	return got, err
}

// checkIssued verifies what Fulcio gave against the trust root: the chain, and the promise of the transparency log for
// certificates (RFC 6962). What would not verify later must not be signed with now.
func checkIssued(ctx context.Context, got *issued, trusted *root.TrustedRoot) error {
	chains, err := verify.VerifyLeafCertificate(got.leaf.NotBefore, got.leaf, trusted)
	if err != nil {
		return &actions.Error{
			Code: actions.CodeChain,
			What: "the certificate that Fulcio gave is not from an authority in the trust root",
			Why:  "its issuer is " + got.leaf.Issuer.String(),
			Next: "the trust root is of another deployment, or was replaced: run cosign initialize with the mirror that belongs to this Fulcio",
			Err:  err,
		}
	}
	if len(got.detachedSCT) > 0 {
		err = checkDetached(ctx, got, trusted)
	} else {
		err = verify.VerifySignedCertificateTimestamp(chains, 1, trusted)
	}
	if err != nil {
		return &actions.Error{
			Code: actions.CodeSCT,
			What: "the certificate that Fulcio gave carries no valid promise of the certificate transparency log",
			Why:  err.Error(),
			Next: "run cosign initialize: the trust root may not know the log's key yet. If that does not help, ask whoever runs Fulcio",
			Err:  err,
		}
	}
	return nil
}

// checkDetached verifies an SCT that came beside the certificate.
func checkDetached(ctx context.Context, got *issued, trusted *root.TrustedRoot) error {
	keys := cosign.NewTrustedTransparencyLogPubKeys()
	for _, log := range trusted.CTLogs() {
		encoded, err := cryptoutils.MarshalPublicKeyToPEM(log.PublicKey)
		if err != nil {
			return err
		}
		if err := keys.AddTransparencyLogPubKey(encoded, tuf.Active); err != nil {
			return err
		}
	}
	return cosign.VerifySCT(ctx, got.leafPEM, bytes.TrimSpace(got.chainPEM), got.detachedSCT, &keys)
}
