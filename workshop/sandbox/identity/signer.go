package identity

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"

	"github.com/dexidp/dex/server/signer"
	"github.com/go-jose/go-jose/v4"

	"github.com/sigwalk/sigwalk/workshop/sandbox/internal/state"
)

// keySigner signs tokens with one key that never rotates, so that a token outlives a restart of the sandbox.
type keySigner struct {
	private, public jose.JSONWebKey
}

var _ signer.Signer = (*keySigner)(nil)

func newSigner(key *rsa.PrivateKey) *keySigner {
	sum := sha256.Sum256(x509.MarshalPKCS1PublicKey(&key.PublicKey))
	id := base64.RawURLEncoding.EncodeToString(sum[:])
	return &keySigner{
		private: jose.JSONWebKey{Key: key, KeyID: id, Algorithm: string(jose.RS256), Use: "sig"},
		public:  jose.JSONWebKey{Key: key.Public(), KeyID: id, Algorithm: string(jose.RS256), Use: "sig"},
	}
}

// Sign implements signer.Signer.
func (s *keySigner) Sign(_ context.Context, payload []byte) (string, error) {
	sign, err := jose.NewSigner(jose.SigningKey{Key: s.private, Algorithm: jose.RS256}, nil)
	if err != nil {
		return "", err
	}
	token, err := sign.Sign(payload)
	if err != nil {
		return "", err
	}
	return token.CompactSerialize()
}

// ValidationKeys implements signer.Signer.
func (s *keySigner) ValidationKeys(context.Context) ([]*jose.JSONWebKey, error) {
	return []*jose.JSONWebKey{&s.public}, nil
}

// Algorithm implements signer.Signer.
func (s *keySigner) Algorithm(context.Context) (jose.SignatureAlgorithm, error) {
	return jose.RS256, nil
}

// Start implements signer.Signer; there is nothing to rotate.
func (s *keySigner) Start(context.Context) {}

// signingKey reads the key in the PEM file path, and makes one when there is no file.
func signingKey(path string) (*rsa.PrivateKey, error) {
	text, err := state.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return newSigningKey(path)
	}
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%w: %s holds no PEM block", state.ErrUnreadable, path)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", state.ErrUnreadable, path, err)
	}
	rsaKey, ok := key.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%w: %s holds a key of another kind: %T", state.ErrUnreadable, path, key)
	}
	return rsaKey, nil
}

func newSigningKey(path string) (*rsa.PrivateKey, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return key, state.Write(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// userID derives the stable `sub` of a user from the address, so that it is the same in every sandbox.
func userID(email string) string {
	sum := sha256.Sum256([]byte(email))
	return hex.EncodeToString(sum[:8])
}
