package signing

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"fmt"

	"github.com/sigstore/sigstore-go/pkg/root"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/keys"
)

// keyed signs with a key pair. No certificate says whose it is.
type keyed struct{ *Signer }

// material is nil where there is no trust root: cosign signs with a key pair without one, and so whoever has not run
// cosign initialize yet can. Then nothing is known of the log's key.
func (s *keyed) material(ctx context.Context) (*root.TrustedRoot, error) {
	trusted, err := s.opts.Trust.Material(ctx)
	if actions.CodeOf(err) == actions.CodeNoTrustRoot {
		return nil, nil
	}
	return trusted, err
}

func (s *keyed) stages(w *work) []stage {
	title := "Use the key pair"
	if w.request.Key != nil {
		title += " " + w.request.Key.Reference
	}
	return []stage{{"key-pair", title, s.useKey, ""}}
}

func (s *keyed) useKey(ctx context.Context, w *work) (string, error) {
	key := w.request.Key
	if key == nil {
		return "", &actions.Error{Code: actions.CodeUsage, What: "there is no key to sign with", Next: "give one with --key"}
	}
	kind, ok := kindOf(key.Public)
	if !ok {
		return "", &actions.Error{
			Code: actions.CodeKeyUnreadable,
			What: "the key " + key.Reference + " cannot be used for signatures that others verify",
			Why:  "it is " + kind + ": cosign 2.6.5 signs with such a key in one way and verifies in another, so that nobody accepts its signatures",
			Next: "use a key of ECDSA P-256 (cosign generate-key-pair makes one) or RSA",
		}
	}
	if err := s.makeReady(ctx, w); err != nil {
		return "", err
	}
	w.signer, w.public = key, key.PublicPEM
	s.made(ctx, keyFacts(key.Public)...)
	w.result.PublicKey, w.result.KeyReference = key.Public, key.Reference
	fingerprint, err := keys.Fingerprint(key.Public)
	return kind + ", " + fingerprint, err
}

// kindOf names a public key to people, and reports whether cosign's two ways of loading a key of that kind agree on the
// hash: they do on SHA-256 alone.
func kindOf(public crypto.PublicKey) (string, bool) {
	switch key := public.(type) {
	case *ecdsa.PublicKey:
		return "ECDSA " + key.Curve.Params().Name, key.Curve == elliptic.P256()
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA %d", key.N.BitLen()), true
	}
	return "Ed25519", false
}
