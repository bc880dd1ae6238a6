package verification

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/signature"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/web"
)

// maxKeyBytes is more than any PEM public key needs.
const maxKeyBytes = 64 << 10

// publicKey loads the key that reference names: a path, an http or https URL, or env://NAME, each in PEM.
func (v *Verifier) publicKey(ctx context.Context, reference string) (signature.Verifier, error) {
	pem, err := v.readKey(ctx, reference)
	if err != nil {
		var e *actions.Error
		if errors.As(err, &e) || ctx.Err() != nil {
			return nil, err
		}
		return nil, &actions.Error{
			Code: actions.CodeUsage, What: "loading public key: " + reference, Why: err.Error(), Err: err,
			Next: "give --key a file, a URL or env://NAME that holds the public key (cosign.pub)",
		}
	}
	key, err := cryptoutils.UnmarshalPEMToPublicKey(pem)
	if err != nil {
		why := "it is not a public key in PEM: " + err.Error()
		if strings.Contains(string(pem), "PRIVATE KEY") {
			why = "it holds a private key; verifying takes the public one"
		}
		return nil, &actions.Error{
			Code: actions.CodeUsage, What: "loading public key: " + reference, Why: why, Err: err,
			Next: "give --key the file that begins with -----BEGIN PUBLIC KEY----- (cosign.pub)",
		}
	}
	verifier, err := signature.LoadVerifier(key, crypto.SHA256)
	if err != nil {
		return nil, &actions.Error{
			Code: actions.CodeUsage, What: "loading public key: " + reference, Why: err.Error(), Err: err,
			Next: "use an ECDSA, RSA or Ed25519 key",
		}
	}
	return verifier, nil
}

func (v *Verifier) readKey(ctx context.Context, reference string) ([]byte, error) {
	scheme, rest, ok := strings.Cut(reference, "://")
	if !ok {
		if v.opts.ReadFile != nil {
			return v.opts.ReadFile(reference)
		}
		return os.ReadFile(reference)
	}
	switch scheme {
	case "http", "https":
		return v.download(ctx, reference)
	case "env":
		lookup := v.opts.LookupEnv
		if lookup == nil {
			lookup = os.LookupEnv
		}
		value, ok := lookup(rest)
		if !ok {
			return nil, fmt.Errorf("environment variable %s is not set", rest)
		}
		return []byte(value), nil
	default:
		return nil, &actions.Error{
			Code: actions.CodeUsage,
			What: "loading public key: " + reference,
			Why:  scheme + ":// is a kind of key that is not built in here",
			Next: "export it with `cosign public-key --key " + reference + " > cosign.pub` and give --key cosign.pub",
		}
	}
}

func (v *Verifier) download(ctx context.Context, url string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, err
	}
	resp, err := v.httpClient().Do(req)
	if err != nil {
		return nil, web.Explain(err, url)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the server answered %s", resp.Status)
	}
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxKeyBytes+1))
	if err != nil {
		return nil, web.Explain(err, url)
	}
	if len(b) > maxKeyBytes {
		return nil, fmt.Errorf("it is larger than %d bytes, so that it is no public key", maxKeyBytes)
	}
	return b, nil
}

func (v *Verifier) httpClient() *http.Client {
	if v.opts.Transport == nil {
		return &http.Client{Transport: http.DefaultTransport}
	}
	return &http.Client{Transport: v.opts.Transport}
}
