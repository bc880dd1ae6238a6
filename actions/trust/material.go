package trust

import (
	"context"
	"fmt"
	"os"

	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// Material returns the trusted root of the cache, refreshed from the mirror when its metadata has expired. While the
// metadata is fresh it needs no network, and while the files stay as they are it parses nothing.
func (c *Client) Material(ctx context.Context) (*root.TrustedRoot, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	l, err := c.open()
	if err != nil {
		return nil, err
	}
	now, print := c.opts.Clock.Now(), l.print()
	if c.cached != nil && c.cached.print == print && now.Before(c.cached.expires) {
		return c.cached.root, nil
	}
	set, err := l.local(now)
	if err == nil {
		var trusted *root.TrustedRoot
		if trusted, err = l.trustedRoot(set); err == nil {
			c.cached = &material{root: trusted, print: print, expires: expiry(set)}
			return trusted, nil
		}
	}
	return c.refresh(ctx, l, err)
}

// refresh fetches what the cache lacks or what has expired in it.
func (c *Client) refresh(ctx context.Context, l layout, because error) (*root.TrustedRoot, error) {
	initial, err := os.ReadFile(l.role("root.json"))
	if err != nil {
		return nil, noTrustRoot(l.home, err)
	}
	what := fmt.Sprintf("the trust root in %s cannot be used (%s) nor refreshed", l.home, firstLine(because.Error()))
	lock, err := c.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer lock.Unlock() //nolint:errcheck // the lock goes with the file descriptor at the latest
	up, err := c.update(ctx, l, initial)
	if err != nil {
		return nil, c.explain(ctx, err, l, what)
	}
	data, err := c.target(ctx, l, up, trustedRootTarget)
	if err != nil {
		return nil, c.explain(ctx, err, l, what)
	}
	trusted, err := root.NewTrustedRootFromJSON(data)
	if err != nil {
		return nil, c.explain(ctx, err, l, what)
	}
	set := up.GetTrustedMetadataSet()
	if set.Targets[metadata.TARGETS] != nil {
		c.cached = &material{root: trusted, print: l.print(), expires: expiry(&set)}
	}
	return trusted, nil
}
