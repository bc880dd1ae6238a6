// Package keys is what a person does with key pairs: make one, import one, and use one that lies in a file, behind a URL,
// in a variable or in a Kubernetes Secret.
//
// The files are cosign's own format and are made and read by cosign's package: a private key in PKCS #8, encrypted with
// a password (scrypt and NaCl's secretbox), in PEM; a public key in PEM beside it.
package keys

import (
	"net/http"

	"github.com/sigwalk/sigwalk/actions"
)

// Options configure a Client.
type Options struct {
	// Password gives the password of private keys, as COSIGN_PASSWORD does; nil to ask the observer.
	Password PasswordFunc
	// ReadFile reads a key from a path; nil for os.ReadFile.
	ReadFile func(path string) ([]byte, error)
	// LookupEnv reads a key from env://NAME; nil for os.LookupEnv.
	LookupEnv func(name string) (string, bool)
	// Transport carries a key that lies behind a URL; nil for http.DefaultTransport.
	Transport http.RoundTripper
	// Kubeconfig is a list of files as in KUBECONFIG; empty for kubectl's own choice, or the pod that this runs in.
	Kubeconfig string
	// Context is one of the kubeconfig's; empty for its current one.
	Context  string
	Observer actions.Observer // nil for actions.Discard
	Clock    actions.Clock
}

// Client makes and loads keys. It is safe for concurrent use.
type Client struct{ opts Options }

// New returns a client.
func New(opts Options) *Client {
	if opts.Observer == nil {
		opts.Observer = actions.Discard
	}
	return &Client{opts}
}
