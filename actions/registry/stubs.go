package registry

import (
	"context"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/sigwalk/sigwalk/actions"
)

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
