package keys

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"io/fs"

	"github.com/sigstore/cosign/v2/pkg/cosign"
	"github.com/sigstore/sigstore/pkg/cryptoutils"

	"github.com/sigwalk/sigwalk/actions"
)

// Pair is a key pair in cosign's file formats.
type Pair struct {
	// Private is the encrypted private key, in PEM.
	Private []byte
	// PublicPEM is the public key, in PEM.
	PublicPEM []byte
	Public    crypto.PublicKey

	password actions.Secret // a Kubernetes Secret keeps it beside the key
}

// Generate makes an ECDSA P-256 key pair, encrypted with a password that is asked for twice. It fails with
// CodeKeyPassword when the two differ.
func (c *Client) Generate(ctx context.Context) (*Pair, error) {
	asked := &question{client: c}
	made, err := cosign.GenerateKeyPair(asked.password(ctx))
	return newPair(made, err, asked.err)
}

// Import reads a private key that another program made, from a file of this machine, and encrypts it as cosign does. It
// takes RSA, ECDSA and Ed25519 keys in PEM, as PKCS #1, SEC 1 or PKCS #8, without a password of their own. It fails
// with CodeKeyUnreadable for anything else.
func (c *Client) Import(ctx context.Context, path string) (*Pair, error) {
	asked := &question{client: c}
	made, err := cosign.ImportKeyPair(path, asked.password(ctx))
	if err != nil && asked.err == nil && ctx.Err() == nil {
		return nil, cannotImport(path, err)
	}
	return newPair(made, err, asked.err)
}

// question is the question for a password in the course of cosign's work, and what it ended with: cosign's package wraps
// errors, or not, as it likes.
type question struct {
	client *Client
	err    error
}

// password is the password as cosign's package asks for it.
func (q *question) password(ctx context.Context) cosign.PassFunc {
	return func(isNew bool) ([]byte, error) {
		var password []byte
		password, q.err = q.client.password(ctx, isNew)
		return password, q.err
	}
}

func newPair(made *cosign.KeysBytes, err, refused error) (*Pair, error) {
	if refused != nil {
		return nil, refused
	}
	if err != nil {
		return nil, fmt.Errorf("generating key pair: %w", err)
	}
	public, err := cryptoutils.UnmarshalPEMToPublicKey(made.PublicBytes)
	if err != nil {
		return nil, err
	}
	return &Pair{
		Private: made.PrivateBytes, PublicPEM: made.PublicBytes, Public: public,
		password: actions.NewSecret(string(made.Password())),
	}, nil
}

func cannotImport(path string, err error) error {
	e := &actions.Error{
		Code: actions.CodeKeyUnreadable, What: "importing key: " + path, Why: err.Error(), Err: err,
		Next: "give a private key in PEM without a password of its own; " +
			"openssl pkcs8 -topk8 -nocrypt -in KEY -out PLAIN takes one off",
	}
	var place *fs.PathError
	if errors.As(err, &place) {
		e.Why, e.Next = place.Err.Error(), "check the name of the file"
	}
	return e
}
