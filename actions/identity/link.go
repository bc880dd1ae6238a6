package identity

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/sigwalk/sigwalk/actions"
)

// link is one invitation to log in at the provider, with secrets of its own: a state that ties the answer to it, a nonce
// that ties the token to it, and a verifier without which the code is worth nothing (PKCE, RFC 7636).
type link struct {
	way      Way
	config   oauth2.Config
	verifier string
	state    string
	nonce    string

	url            string
	userCode, page string // of WayDevice
	opened         bool
	notOpened      string
	expires        time.Time // by the clock of the options
	patience       time.Duration

	// watch returns what comes by itself; nil when nothing does.
	watch   func(ctx context.Context) outcome
	closing func()
}

// close gives back what the link holds.
func (l *link) close() {
	if l.closing != nil {
		l.closing()
	}
}

func (l *link) remaining(clock actions.Clock) time.Duration { return l.expires.Sub(clock.Now()) }

// link makes a link in a way. As cosign does, it asks for the code of a browser elsewhere where none can be opened here,
// unless the person chose this way. The link is never nil: where it cannot be made, it says in which way that was.
func (s *signIn) link(ctx context.Context, way Way, chosen bool) (*link, error) {
	l := &link{
		way: way, config: s.provider.config(), verifier: oauth2.GenerateVerifier(), state: rand.Text(), nonce: rand.Text(),
		patience: s.opts.Patience, expires: s.opts.Clock.Now().Add(s.opts.Patience),
	}
	switch way {
	case WayDevice:
		return l, s.device(ctx, l)
	case WayBrowser:
		if err := s.browser(ctx, l); err != nil {
			return l, err
		}
		if l.notOpened != "" && !chosen {
			l.close()
			l.closing, l.watch, l.way = nil, nil, WayCode
			s.outOfBand(l)
		}
	case WayCode:
		s.outOfBand(l)
	}
	return l, nil
}

// outOfBand makes a link whose page shows the code to the person.
func (s *signIn) outOfBand(l *link) {
	l.config.RedirectURL = OutOfBand
	l.url = l.address()
}

// address is the URL of the provider's login page for this link.
func (l *link) address() string {
	return l.config.AuthCodeURL(l.state, oauth2.AccessTypeOnline, oauth2.S256ChallengeOption(l.verifier), oidc.Nonce(l.nonce))
}

// browser makes a link whose answer comes back to a listener of ours, and opens it.
func (s *signIn) browser(ctx context.Context, l *link) error {
	listener, err := listen(ctx, s.opts.RedirectURL, s.opts.Issuer, l.state)
	if err != nil {
		return err
	}
	l.config.RedirectURL = listener.url
	l.url = l.address()
	l.watch, l.closing = listener.wait, listener.close
	if s.opts.Open == nil {
		l.notOpened = "there is no browser here"
		return nil
	}
	if err := s.opts.Open(ctx, l.url); err != nil {
		l.notOpened = err.Error()
		return nil
	}
	l.opened = true
	return nil
}
