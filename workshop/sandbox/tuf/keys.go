package tuf

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/sigwalk/sigwalk/workshop/sandbox/internal/state"
)

// keys holds one key a role. A real deployment keeps the root's away from the server; here all of them lie on one disk.
type keys map[string]ed25519.PrivateKey

// openKeys reads the keys, and makes them the first time.
func openKeys(dir string) (keys, error) {
	if err := state.MakeDir(dir); err != nil {
		return nil, err
	}
	held := keys{}
	for _, role := range []string{metadata.ROOT, metadata.TARGETS, metadata.SNAPSHOT, metadata.TIMESTAMP} {
		key, err := openKey(filepath.Join(dir, role+".pem"))
		if err != nil {
			return nil, err
		}
		held[role] = key
	}
	return held, nil
}

func openKey(path string) (ed25519.PrivateKey, error) {
	text, err := state.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		_, key, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return nil, err
		}
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			return nil, err
		}
		return key, state.Write(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	}
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%w: %s holds no PEM block", state.ErrUnreadable, path)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", state.ErrUnreadable, path, err)
	}
	key, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%w: %s holds a key that is not Ed25519", state.ErrUnreadable, path)
	}
	return key, nil
}

// signer signs metadata of role.
func (k keys) signer(role string) (signature.Signer, error) {
	return signature.LoadSigner(k[role], crypto.Hash(0))
}

// public returns the key of role as the root metadata names it.
func (k keys) public(role string) (*metadata.Key, error) {
	return metadata.KeyFromPublicKey(k[role].Public())
}
