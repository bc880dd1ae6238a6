package signing

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore/pkg/signature"
)

// keyless signs with a key that lives as long as one signature, and a certificate for an identity token.
type keyless struct{ *Signer }

func (s *keyless) material(ctx context.Context) (*root.TrustedRoot, error) {
	return s.opts.Trust.Material(ctx)
}

func (s *keyless) stages(w *work) []stage {
	stages := []stage{{"key", "Make a key for this signature alone", s.makeKey, ""}}
	if w.request.SignIn != nil && !w.request.SkipAttach {
		stages = append(stages, stage{"access", "Ask the registry whether the signature can be pushed", s.mayPush, ""})
	}
	return append(stages, []stage{
		{"identity", "Read the identity token", s.readToken, ""},
		{"certificate", "Get a certificate from Fulcio", s.getCertificate, ""},
		{"sct", "Check the certificate and its promise of transparency (SCT)", s.checkCertificate, ""},
	}...)
}

// mayPush does at the registry what is done again after the sign-in, which may take minutes.
func (s *keyless) mayPush(ctx context.Context, w *work) (string, error) {
	if err := s.makeReady(ctx, w); err != nil {
		return "", err
	}
	if err := w.prepared.wait(ctx); err != nil {
		return "", s.explain(ctx, err, w.tag)
	}
	return "", nil
}

func (s *keyless) makeKey(ctx context.Context, w *work) (string, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", err
	}
	s.made(ctx, keyFacts(private.Public())...)
	w.signer, err = signature.LoadECDSASigner(private, crypto.SHA256)
	return "ECDSA P-256", err
}

func (s *keyless) readToken(ctx context.Context, w *work) (string, error) {
	token, err := s.checkToken(ctx, w.request.Token)
	if err != nil {
		return "", err
	}
	if err := s.makeReady(ctx, w); err != nil {
		return "", err
	}
	w.token = token
	s.made(ctx, tokenFacts(token)...)
	who := token.Email
	if who == "" {
		who = token.Subject
	}
	return who + ", by " + token.Issuer, nil
}

func (s *keyless) getCertificate(ctx context.Context, w *work) (string, error) {
	var err error
	if w.issued, err = s.certify(ctx, w.signer, w.token); err != nil {
		return "", err
	}
	w.public = w.issued.leafPEM
	s.made(ctx, certificateFacts(w.issued)...)
	w.result.Certificate = w.issued.leaf
	w.result.PublicKey = w.issued.leaf.PublicKey
	w.result.Subject, w.result.Issuer, err = w.issued.identity()
	return fmt.Sprintf("%s, until %s", w.result.Subject, w.issued.leaf.NotAfter.UTC().Format(time.TimeOnly+" MST")), err
}

func (s *keyless) checkCertificate(ctx context.Context, w *work) (string, error) {
	s.made(ctx, sctFacts(w.issued)...)
	return "", checkIssued(ctx, w.issued, w.trusted)
}
