package identity

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"golang.org/x/oauth2"

	"github.com/sigwalk/sigwalk/actions"
)

const (
	providerTimeout = 30 * time.Second
	providerLimit   = 1 << 20 // bytes of an answer
)

// courier carries the calls of a sign-in. It ends them with the sign-in, although the libraries begin some of them without
// a context; it reads every answer whole, for some are left open; and it learns from the answers how far the provider's
// clock is from ours.
type courier struct {
	life  context.Context //nolint:containedctx // the libraries' own requests have none
	inner http.RoundTripper
	clock actions.Clock

	mu    sync.Mutex
	ahead time.Duration // how far this machine's clock is ahead of the provider's
	known bool
}

func newCourier(life context.Context, inner http.RoundTripper, clock actions.Clock) *courier {
	if inner == nil {
		inner = http.DefaultTransport
	}
	return &courier{life: life, inner: inner, clock: clock}
}

// context makes the libraries send their calls with the courier.
func (c *courier) context(ctx context.Context) context.Context {
	return context.WithValue(ctx, oauth2.HTTPClient, c.client())
}

func (c *courier) client() *http.Client { return &http.Client{Transport: c, Timeout: providerTimeout} }

// RoundTrip implements http.RoundTripper.
func (c *courier) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancel(req.Context())
	defer cancel()
	defer context.AfterFunc(c.life, cancel)() //nolint:contextcheck // it is the life that the request has to end with
	response, err := c.inner.RoundTrip(req.WithContext(ctx))
	if err != nil {
		if c.life.Err() != nil {
			return nil, c.life.Err()
		}
		return nil, err
	}
	c.compare(response.Header.Get("Date"))
	body, err := io.ReadAll(io.LimitReader(response.Body, providerLimit))
	_ = response.Body.Close()
	if err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response, nil
}

// compare takes the provider's time from the header of an answer (RFC 9110), which is cut to whole seconds.
func (c *courier) compare(date string) {
	at, err := http.ParseTime(date)
	if err != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead, c.known = c.clock.Now().Sub(at.Add(time.Second/2)), true
}

// clockOff says how this machine's clock differs from the provider's, or nothing when it is right enough.
func (c *courier) clockOff(host string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case !c.known || c.ahead.Abs() <= skew:
		return ""
	case c.ahead > 0:
		return fmt.Sprintf("the clock of this machine is %s ahead of that of %s", Span(c.ahead), host)
	}
	return fmt.Sprintf("the clock of this machine is %s behind that of %s", Span(-c.ahead), host)
}

// clockWarning is what a person should know before logging in.
func (c *courier) clockWarning(host string) string {
	if off := c.clockOff(host); off != "" {
		return off + ": the sign-in may be refused. Set the clock right first"
	}
	return ""
}
