package registry

import (
	"context"

	"github.com/sigwalk/sigwalk/actions/web"
)

// Explain turns an error of the remote package about reference into an *actions.Error that says which refusal it was.
func (c *Client) Explain(ctx context.Context, err error, reference string) error {
	if err == nil || ctx.Err() == context.Canceled {
		return ctx.Err()
	}
	return web.Explain(err, reference)
}
