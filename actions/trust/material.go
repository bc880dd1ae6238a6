package trust

import (
	"context"
	"errors"
	"fmt"

	"github.com/sigstore/sigstore-go/pkg/root"

	"github.com/sigwalk/sigwalk/actions"
)

// Material returns the trusted root of the cache, refreshed from the mirror when its metadata has expired. While the
// metadata is fresh it needs no network, and while the files stay as they are it parses nothing.
func (c *Client) Material(ctx context.Context) (*root.TrustedRoot, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if fingerprint := importedPrint(c.opts.Homes.TUF); fingerprint != "" {
		if c.cached != nil && c.cached.print == fingerprint {
			return c.cached.root, nil
		}
		_, trusted, err := readImported(c.opts.Homes.TUF)
		if err == nil {
			c.cached = &material{root: trusted, print: fingerprint}
		}
		return trusted, err
	}
	l, err := c.open()
	if err != nil {
		return nil, err
	}
	now, fingerprint := c.opts.Clock.Now(), l.print()
	if c.cached != nil && c.cached.print == fingerprint && now.Before(c.cached.expires) {
		return c.cached.root, nil
	}
	set, err := l.local(now)
	if err == nil {
		var trusted *root.TrustedRoot
		if trusted, err = l.trustedRoot(set); err == nil {
			c.cached = &material{root: trusted, print: fingerprint, expires: expiry(set)}
			return trusted, nil
		}
	}
	return c.refresh(ctx, l, err)
}

// refresh fetches what the cache lacks or what has expired in it.
func (c *Client) refresh(ctx context.Context, l layout, because error) (*root.TrustedRoot, error) {
	raw, err := l.roles()
	if raw[0] == nil {
		return nil, noTrustRoot(l.home, err)
	}
	lock, err := c.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer lock.Unlock() //nolint:errcheck // the lock goes with the file descriptor at the latest
	trusted, err := c.refetch(ctx, l, raw[0])
	if err != nil {
		what := fmt.Sprintf("the trust root in %s cannot be used (%s), and fetching it anew from %s failed",
			l.home, firstLine(because.Error()), l.remote.Mirror)
		err = c.explain(ctx, err, mirrorKind, l.remote.Mirror, what)
		var e *actions.Error
		if errors.As(err, &e) && e.What != what { // no connection is why; the trust root is what
			err = &actions.Error{Code: e.Code, What: what, Why: e.Error(), Next: e.Next, Err: e}
		}
		return nil, err
	}
	return trusted, nil
}

func (c *Client) refetch(ctx context.Context, l layout, initial []byte) (*root.TrustedRoot, error) {
	up, err := c.update(ctx, l, initial)
	if err != nil {
		return nil, err
	}
	if _, err := c.fetchTargets(ctx, l, up); err != nil {
		return nil, err
	}
	set := up.GetTrustedMetadataSet()
	trusted, err := l.trustedRoot(&set)
	if err != nil {
		return nil, err
	}
	c.cached = &material{root: trusted, print: l.print(), expires: expiry(&set)}
	return trusted, nil
}
