package keys

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/web"
)

// maxBytes is more than any key in PEM needs.
const maxBytes = 64 << 10

// schemes that cosign knows and that are not here: hardware tokens, and keys that other services keep.
var elsewhere = map[string]string{
	"awskms": "AWS KMS", "gcpkms": "Google Cloud KMS", "azurekms": "Azure Key Vault", "hashivault": "HashiCorp Vault",
	"gitlab": "GitLab's CI variables", "github": "GitHub's secrets", "pkcs11": "a PKCS #11 token",
}

// Unsupported returns an error with CodeNotBuiltIn when reference names a place that the real cosign reads keys from and
// that is not built in here, and nil for every other.
func Unsupported(reference string) error {
	scheme, _, ok := strings.Cut(reference, ":")
	place := elsewhere[scheme]
	if !ok || place == "" {
		return nil
	}
	return &actions.Error{
		Code: actions.CodeNotBuiltIn,
		What: "keys in " + place + " are not built in here: " + reference,
		Why:  "their client libraries would make this program several times as large",
		Next: "use the real cosign for them; its signatures verify here with the public key " +
			"(cosign public-key --key " + reference + " > cosign.pub)",
	}
}

// read returns what lies behind a reference that is no Kubernetes Secret: a path, an http or https URL, or env://NAME.
func (c *Client) read(ctx context.Context, reference string) ([]byte, error) {
	scheme, rest, ok := strings.Cut(reference, "://")
	if !ok {
		if c.opts.ReadFile != nil {
			return c.opts.ReadFile(reference)
		}
		return os.ReadFile(reference)
	}
	switch scheme {
	case "http", "https":
		return c.download(ctx, reference)
	case "env":
		lookup := c.opts.LookupEnv
		if lookup == nil {
			lookup = os.LookupEnv
		}
		value, ok := lookup(rest)
		if !ok {
			return nil, fmt.Errorf("environment variable %s is not set", rest)
		}
		return []byte(value), nil
	}
	return nil, fmt.Errorf("%s:// is no kind of key that cosign knows", scheme)
}

func (c *Client) download(ctx context.Context, url string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, err
	}
	client := &http.Client{Transport: http.DefaultTransport}
	if c.opts.Transport != nil {
		client.Transport = c.opts.Transport
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, web.Explain(err, url)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the server answered %s", resp.Status)
	}
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxBytes+1))
	if err != nil {
		return nil, web.Explain(err, url)
	}
	if len(b) > maxBytes {
		return nil, fmt.Errorf("it is larger than %d bytes, so that it is no key", maxBytes)
	}
	return b, nil
}

// unreadable says that there is nothing at reference that could be a key of the kind that is wanted. What was explained
// already, and the end of the work, come back as they are.
func unreadable(ctx context.Context, kind, reference string, err error, next string) error {
	var e *actions.Error
	if errors.As(err, &e) || ctx.Err() != nil {
		return err
	}
	return &actions.Error{
		Code: actions.CodeKeyUnreadable, What: "loading " + kind + " key: " + reference, Why: err.Error(), Next: next, Err: err,
	}
}
