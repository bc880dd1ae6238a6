package registry

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Refer stores an image manifest whose subject is another manifest of the repository, by its digest, and reports whether
// the registry lists what refers to a manifest (the referrers API of the OCI distribution specification 1.1). Where it does
// not, that is for whoever stored it: go-containerregistry would rewrite the list at the fallback tag, and lose what others
// add at the same time.
//
// Errors are go-containerregistry's own; ExplainPush tells people what they mean.
func (c *Client) Refer(ctx context.Context, repo name.Repository, manifest []byte, subject v1.Hash) (listed bool, err error) {
	auth, err := authn.Resolve(ctx, c.Keychain(), repo)
	if err != nil {
		return false, err
	}
	var e *endpoint
	err = retry(ctx, func() error {
		e, err = c.connect(ctx, repo, auth, repo.Scope(transport.PushScope))
		return err
	})
	if err != nil {
		return false, err
	}
	sum := sha256.Sum256(manifest)
	err = retry(ctx, func() error { return e.put(ctx, "manifests/sha256:"+hex.EncodeToString(sum[:]), manifest) })
	if err != nil {
		return false, err
	}
	err = retry(ctx, func() error {
		listed, err = e.listsReferrers(ctx, subject)
		return err
	})
	return listed, err
}

// put stores a manifest.
func (e *endpoint) put(ctx context.Context, path string, manifest []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, e.url(path, nil), bytes.NewReader(manifest))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", string(types.OCIManifestSchema1))
	resp, err := e.send(req, http.StatusCreated, http.StatusOK, http.StatusAccepted)
	if err != nil {
		return err
	}
	drain(resp)
	return nil
}

// listsReferrers asks for the list of what refers to a manifest. What is in it does not matter: registries answer from a
// cache that may be behind.
func (e *endpoint) listsReferrers(ctx context.Context, subject v1.Hash) (bool, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, e.url("referrers/"+subject.String(), nil), http.NoBody)
	if err != nil {
		return false, err
	}
	req.Header.Set("Accept", string(types.OCIImageIndex))
	resp, err := e.send(req, http.StatusOK)
	var refusal *transport.Error
	if errors.As(err, &refusal) {
		switch refusal.StatusCode {
		// What clients take for a registry that has no such API (go-containerregistry and cosign, when they read).
		case http.StatusNotFound, http.StatusBadRequest, http.StatusNotAcceptable, http.StatusMethodNotAllowed:
			return false, nil
		}
	}
	if err != nil {
		return false, err
	}
	defer drain(resp)
	return resp.Header.Get("Content-Type") == string(types.OCIImageIndex), nil
}

// ListsReferrers reports whether a registry lists what refers to a manifest. It fails as Explain says where the registry
// neither does nor says that it has no such interface.
func (c *Client) ListsReferrers(ctx context.Context, digest name.Digest) (listed bool, err error) {
	hash, err := v1.NewHash(digest.DigestStr())
	if err != nil {
		return false, malformed(digest.String(), err)
	}
	err = retry(ctx, func() error {
		auth, err := authn.Resolve(ctx, c.Keychain(), digest.Context())
		if err != nil {
			return err
		}
		e, err := c.connect(ctx, digest.Context(), auth, digest.Context().Scope(transport.PullScope))
		if err != nil {
			return err
		}
		listed, err = e.listsReferrers(ctx, hash)
		return err
	})
	if err != nil {
		return false, c.Explain(ctx, err, digest.String())
	}
	return listed, nil
}
