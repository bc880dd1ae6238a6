package registry

import (
	"context"

	"github.com/google/go-containerregistry/pkg/name"
)

// BaseURL returns the address at which a registry answers, "https://quay.example.com" or, on this machine only, with
// http, for interfaces that it has beside the one of the distribution specification.
func (c *Client) BaseURL(ctx context.Context, host string) (string, error) {
	registry, err := name.NewRegistry(host)
	if err != nil {
		return "", malformed(host, err)
	}
	if _, err := c.open(ctx, registry); err != nil {
		return "", c.Explain(ctx, err, host+"/repository")
	}
	scheme := "https"
	if _, plain := c.transport.plain.Load(registry.RegistryStr()); plain {
		scheme = "http"
	}
	return scheme + "://" + registry.RegistryStr(), nil
}
