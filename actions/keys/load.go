package keys

import (
	"context"
	"crypto"
	"encoding/pem"
	"errors"
	"strings"

	"github.com/sigstore/cosign/v2/pkg/cosign"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/signature"

	"github.com/sigwalk/sigwalk/actions"
)

// Key is a private key, ready to sign.
type Key struct {
	signature.SignerVerifier
	// Reference is where it came from, as a person wrote it.
	Reference string
	Public    crypto.PublicKey
	// PublicPEM is the public key, in PEM.
	PublicPEM []byte
}

// Signer loads the private key that reference names: a file in cosign's format, a URL, env://NAME, or
// k8s://NAMESPACE/NAME. The password is asked for where the key does not bring it along. It fails with CodeKeyUnreadable
// for what is no such key, CodeKeyPassword for a password that does not open it, and CodeNotBuiltIn for a key management
// service.
func (c *Client) Signer(ctx context.Context, reference string) (*Key, error) {
	if err := Unsupported(reference); err != nil {
		return nil, err
	}
	text, password, err := c.private(ctx, reference)
	if err != nil {
		return nil, err
	}
	loaded, err := cosign.LoadPrivateKey(text, password, nil)
	if err != nil {
		return nil, cannotLoad(reference, text, err)
	}
	k := &Key{SignerVerifier: loaded, Reference: reference}
	if k.Public, err = loaded.PublicKey(); err != nil {
		return nil, err
	}
	k.PublicPEM, err = cryptoutils.MarshalPublicKeyToPEM(k.Public)
	return k, err
}

// private reads an encrypted private key and its password.
func (c *Client) private(ctx context.Context, reference string) (text, password []byte, err error) {
	if strings.HasPrefix(reference, clusterScheme) {
		s, err := c.secret(ctx, reference)
		if err != nil {
			return nil, nil, err
		}
		return s.Data[secretPrivate], s.Data[secretPassword], nil
	}
	const next = "give --key the file that generate-key-pair wrote (cosign.key)"
	if text, err = c.read(ctx, reference); err != nil {
		return nil, nil, unreadable(ctx, "private", reference, err, next)
	}
	if err := checkPrivate(reference, text); err != nil { // before a person types a password in vain
		return nil, nil, err
	}
	password, err = c.password(ctx, false)
	return text, password, err
}

// checkPrivate refuses what is no private key of cosign's, and says what it is instead.
func checkPrivate(reference string, text []byte) error {
	e := &actions.Error{Code: actions.CodeKeyUnreadable, What: "loading private key: " + reference}
	block, _ := pem.Decode(text)
	switch {
	case block == nil:
		e.Why = "it is no key in PEM, or it was cut off or changed"
		e.Next = "give the file that generate-key-pair wrote, whole: from -----BEGIN to the end of -----END ...-----"
	case block.Type == cosign.CosignPrivateKeyPemType || block.Type == cosign.SigstorePrivateKeyPemType:
		return nil
	case block.Type == "PUBLIC KEY":
		e.Why = "it holds a public key; signing takes the private one"
		e.Next = "give --key the file that ends in .key"
	case strings.HasSuffix(block.Type, "PRIVATE KEY"):
		e.Why = "unsupported pem type: " + block.Type + " (it is not in cosign's own format)"
		e.Next = "bring it into that format: cosign import-key-pair --key " + reference + ", then give --key import-cosign.key"
	default:
		e.Why = "unsupported pem type: " + block.Type
		e.Next = "give --key the file that generate-key-pair wrote (cosign.key)"
	}
	return e
}

// cannotLoad says why a private key could not be opened. The encryption does not tell a wrong password from a changed
// file.
func cannotLoad(reference string, text []byte, err error) error {
	if explained := checkPrivate(reference, text); explained != nil {
		return explained
	}
	e := &actions.Error{Code: actions.CodeKeyUnreadable, What: "loading private key: " + reference, Why: err.Error(), Err: err}
	if strings.Contains(err.Error(), "decryption failed") {
		e.Code = actions.CodeKeyPassword
		e.Why = "decrypt: encrypted: decryption failed. The password is wrong, or the file was changed: the encryption does not tell which"
		e.Next = "try again; COSIGN_PASSWORD, when it is set, is taken without asking"
		return e
	}
	e.Next = "the file is damaged: take it from where it was kept safe, or make a new pair with generate-key-pair"
	return e
}

// PublicKey loads the public key that reference names: a file or URL in PEM, env://NAME, or k8s://NAMESPACE/NAME. It
// fails as Signer does.
func (c *Client) PublicKey(ctx context.Context, reference string) (signature.Verifier, error) {
	if err := Unsupported(reference); err != nil {
		return nil, err
	}
	text, err := c.public(ctx, reference)
	if err != nil {
		return nil, unreadable(ctx, "public", reference, err, "give --key a file, a URL, env://NAME or k8s://NAMESPACE/NAME that holds the public key (cosign.pub)")
	}
	key, err := cryptoutils.UnmarshalPEMToPublicKey(text)
	if err != nil {
		why := "it is not a public key in PEM: " + err.Error()
		if strings.Contains(string(text), "PRIVATE KEY") {
			why = "it holds a private key; verifying takes the public one"
		}
		return nil, unreadable(ctx, "public", reference, errors.New(why), "give --key the file that begins with -----BEGIN PUBLIC KEY----- (cosign.pub)")
	}
	verifier, err := signature.LoadVerifier(key, crypto.SHA256)
	if err != nil {
		return nil, unreadable(ctx, "public", reference, err, "use an ECDSA, RSA or Ed25519 key")
	}
	return verifier, nil
}

func (c *Client) public(ctx context.Context, reference string) ([]byte, error) {
	if !strings.HasPrefix(reference, clusterScheme) {
		return c.read(ctx, reference)
	}
	s, err := c.secret(ctx, reference)
	if err != nil {
		return nil, err
	}
	if _, private := s.Data[secretPrivate]; private {
		c.opts.Observer.Event(ctx, actions.Note{
			Level: actions.NoteWarning,
			Text: "whoever verifies through " + reference + " may read the private key and its password, too: both are in the same Secret. " +
				"Hand out cosign.pub to those who only verify",
		})
	}
	return s.Data[secretPublic], nil
}
