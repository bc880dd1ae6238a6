// Package registry is what a person does with a container registry: resolve a reference, log in, copy an image, list
// tags, and ask what the credentials may do.
package registry

import (
	"context"
	"net/http"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/sigwalk/sigwalk/actions"
)

// Options configure a Client.
type Options struct {
	Homes     actions.Homes
	Transport http.RoundTripper // from web.Transport; nil for http.DefaultTransport
	Observer  actions.Observer  // nil for actions.Discard
	Clock     actions.Clock
}

// Client talks to registries with the credentials of one Docker configuration. It is safe for concurrent use.
type Client struct{ opts Options }

// New returns a client.
func New(opts Options) *Client { return &Client{opts} }

// Keychain finds credentials in the client's Docker configuration (helpers included), read anew at each use.
func (c *Client) Keychain() authn.Keychain { panic("being built") }

// Remote returns the options that every use of go-containerregistry's remote package takes here: transport, keychain,
// context, user agent, retries.
func (c *Client) Remote(ctx context.Context) []remote.Option { panic("being built") }

// Parse reads an image reference, by tag or by digest. Plain HTTP is used for loopback hosts only.
func Parse(reference string) (name.Reference, error) { panic("being built") }

// Resolved is what a reference names now.
type Resolved struct {
	Reference name.Reference
	Digest    name.Digest
	MediaType types.MediaType
	// ByTag is true when the reference named a tag and not a digest.
	ByTag bool
	Size  int64
}

// Resolve asks the registry what reference names now.
func (c *Client) Resolve(ctx context.Context, reference string) (*Resolved, error) {
	panic("being built")
}

// CopyRequest says what to copy where. Platform picks one image of an index ("linux/amd64"); empty copies all there is.
type CopyRequest struct {
	Source, Destination string
	Platform            string
}

// CopyResult is what a copy left at the destination.
type CopyResult struct {
	Source, Destination name.Reference
	Digest              v1.Hash // equal at both ends
	MediaType           types.MediaType
	Platforms           []string
	Blobs               int   // blobs the image has
	Skipped             int   // of them, already there or mounted
	Bytes               int64 // bytes that travelled
	Took                time.Duration
}

// Copy copies an image or an index with all its platforms. It reports the stages "resolve", "blobs", "manifest" and
// "confirm" and the progress of each blob. Cancelled or cut off, it leaves blobs behind that the next try skips, and no
// tag that names an incomplete image.
func (c *Client) Copy(ctx context.Context, req CopyRequest) (*CopyResult, error) {
	panic("being built")
}

// LoginRequest is whom to be at a registry.
type LoginRequest struct {
	Server   string
	Username string
	Password actions.Secret
}

// LoginResult says where the credentials were stored.
type LoginResult struct {
	Server string
	// Path is the config.json that was written; Helper is the credential helper that holds the credentials, if any.
	Path   string
	Helper string
}

// Login checks the credentials against the registry and only then stores them, in the credential helper that the
// configuration names for the server or in plain text in config.json.
func (c *Client) Login(ctx context.Context, req LoginRequest) (*LoginResult, error) {
	panic("being built")
}

// Access is what the stored credentials may do with a repository.
type Access struct {
	Pull, Push bool
	// LoggedIn is true when credentials for the registry are stored and the registry accepts them.
	LoggedIn bool
}

// Access asks the registry what the stored credentials may do with repository, without writing anything that stays.
func (c *Client) Access(ctx context.Context, repository string) (*Access, error) {
	panic("being built")
}

// Tags lists the tags of a repository, sorted.
func (c *Client) Tags(ctx context.Context, repository string) ([]string, error) { panic("being built") }

// Explain turns an error of the remote package about reference into an *actions.Error that says which refusal it was.
func (c *Client) Explain(ctx context.Context, err error, reference string) error {
	panic("being built")
}
