package registry

import (
	"context"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
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
