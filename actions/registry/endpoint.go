package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// endpoint is one repository with a connection that carries credentials. The handshake is made once: a token costs a
// registry like Quay a third of a second.
type endpoint struct {
	repo   name.Repository
	auth   authn.Authenticator
	signed http.RoundTripper // a *transport.Wrapper
	client *http.Client
}

func (c *Client) connect(ctx context.Context, repo name.Repository, auth authn.Authenticator, scopes ...string) (*endpoint, error) {
	signed, err := transport.NewWithContext(ctx, repo.Registry, auth, c.polite(), scopes)
	if err != nil {
		return nil, err
	}
	return endpointOn(repo, auth, signed), nil
}

func endpointOn(repo name.Repository, auth authn.Authenticator, signed http.RoundTripper) *endpoint {
	return &endpoint{repo, auth, signed, &http.Client{Transport: signed, CheckRedirect: sameStanding}}
}

// url returns an address below the repository, such as "blobs/sha256:...". The scheme is settled by the transport.
func (e *endpoint) url(path string, query url.Values) string {
	u := url.URL{
		Scheme:   e.repo.Scheme(),
		Host:     e.repo.RegistryStr(),
		Path:     "/v2/" + e.repo.RepositoryStr() + "/" + path,
		RawQuery: query.Encode(),
	}
	return u.String()
}

// send makes a call and hands back the answer when its status is one of want; the caller closes it.
func (e *endpoint) send(req *http.Request, want ...int) (*http.Response, error) {
	resp, err := e.client.Do(req)
	if err != nil {
		return nil, err
	}
	if err := transport.CheckError(resp, want...); err != nil {
		_ = resp.Body.Close()
		return nil, err
	}
	return resp, nil
}

// do makes a call without a body of which only the success counts.
func (e *endpoint) do(ctx context.Context, method, address string, want ...int) error {
	req, err := http.NewRequestWithContext(ctx, method, address, http.NoBody)
	if err != nil {
		return err
	}
	resp, err := e.send(req, want...)
	if err != nil {
		return err
	}
	drain(resp)
	return nil
}

// begin starts an upload and returns where its bytes go. With from it asks the registry to take the blob mount from
// that repository instead, and reports whether it did.
func (e *endpoint) begin(ctx context.Context, mount, from string) (location string, mounted bool, err error) {
	query := url.Values{}
	if from != "" {
		query.Set("mount", mount)
		query.Set("from", from)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url("blobs/uploads/", query), http.NoBody)
	if err != nil {
		return "", false, err
	}
	resp, err := e.send(req, http.StatusCreated, http.StatusAccepted)
	if err != nil {
		return "", false, err
	}
	defer drain(resp)
	if resp.StatusCode == http.StatusCreated && from != "" {
		return "", true, nil
	}
	location, err = follow(resp)
	return location, false, err
}

// follow returns the address that an answer names in its Location header. A registry must not send uploads to an
// address of a private network that it is not itself part of.
func follow(resp *http.Response) (string, error) {
	location := resp.Header.Get("Location")
	if location == "" {
		return "", errors.New("the answer to an upload has no Location header")
	}
	u, err := url.Parse(location)
	if err != nil {
		return "", fmt.Errorf("the answer to an upload has a Location header that is no address: %w", err)
	}
	full := resp.Request.URL.ResolveReference(u)
	if origin := resp.Request.URL.Hostname(); full.Hostname() != origin && isPrivate(full.Hostname()) {
		return "", fmt.Errorf("the registry %s sends uploads to the private address %s: refused", origin, full.Hostname())
	}
	return full.String(), nil
}

// withDigest adds the digest that completes an upload to its address.
func withDigest(location, digest string) (string, error) {
	u, err := url.Parse(location)
	if err != nil {
		return "", err
	}
	query := u.Query()
	query.Set("digest", digest)
	u.RawQuery = query.Encode()
	return u.String(), nil
}

// uploaded reads how many bytes of an upload the registry has from a Range header. The specification writes "0-1023" for
// 1,024 bytes; Quay writes "bytes=0-1024" for them. "0-0" stands for nothing at all in some registries and for one byte in
// others; nothing is the safe reading.
func uploaded(header http.Header) int64 {
	text, exclusive := strings.CutPrefix(header.Get("Range"), "bytes=")
	var first, last int64
	if n, err := fmt.Sscanf(text, "%d-%d", &first, &last); n != 2 || err != nil || first != 0 || last <= 0 {
		return 0
	}
	if exclusive {
		return last
	}
	return last + 1
}
