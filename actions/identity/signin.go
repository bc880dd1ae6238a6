package identity

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/sigwalk/sigwalk/actions"
)

// Way is how a person signs in.
type Way string

// The ways to sign in.
const (
	// WayBrowser opens a browser on this machine; the answer comes back to a listener on loopback (RFC 8252).
	WayBrowser Way = "browser"
	// WayCode gives a link that can be opened anywhere, and takes the code that the page shows (out of band).
	WayCode Way = "code"
	// WayDevice gives a short code that is entered at a page on any device (device authorization grant, RFC 8628).
	WayDevice Way = "device"
)

// OutOfBand is the redirect URI by which a provider shows the code to the person instead of sending it anywhere.
const OutOfBand = "urn:ietf:wg:oauth:2.0:oob"

// DefaultPatience is how long a link is waited for. Providers keep a login page open for about as long.
const DefaultPatience = 5 * time.Minute

// SignInOptions configure SignIn.
type SignInOptions struct {
	Issuer   string // URL
	ClientID string
	// ClientSecret is empty for a public client.
	ClientSecret actions.Secret
	// RedirectURL is where the browser brings the answer: a URL on loopback, whose port may be 0 for a free one, or
	// OutOfBand. Empty is http://localhost:0/auth/callback, as with cosign.
	RedirectURL string
	// Way is the first way that is tried. Empty is the browser, or the code where none can be opened.
	Way Way
	// Purpose is what the person signs in for, such as the digest of an image, for surfaces that show it; it may be empty.
	Purpose string
	// Open opens a URL in a browser of this machine; nil where there is none.
	Open func(ctx context.Context, url string) error
	// Patience is how long a link is waited for; zero for DefaultPatience. The device grant has the provider's own time.
	Patience time.Duration

	Transport http.RoundTripper // nil for http.DefaultTransport
	Observer  actions.Observer  // nil for actions.Discard
	Clock     actions.Clock
}

// SignIn lets a person sign in and returns the identity token, verified: signature, issuer, audience, time, nonce. The
// observer gets the question QuestionSignIn for as long as the person is away; it is withdrawn when the answer comes by
// itself. What goes wrong on the way (a refused code, a login that was cancelled at the page, a link that got too old) is
// told in the next question, so that the person can try again or in another way. Where nobody is there who could type a
// code, the device grant is tried: whoever reads the question needs nothing but a browser. Where nobody is there at all,
// the sign-in ends.
//
// It reports the stages "provider" and "sign-in". It fails with the codes of actions for a provider that cannot be reached
// or used, with the last failure when nobody answers, and with ctx.Err() when it is cancelled.
func SignIn(ctx context.Context, opts SignInOptions) (*Token, error) {
	if opts.Observer == nil {
		opts.Observer = actions.Discard
	}
	if opts.Patience <= 0 {
		opts.Patience = DefaultPatience
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := &signIn{opts: opts, courier: newCourier(ctx, opts.Transport, opts.Clock)}
	err := actions.RunStage(ctx, opts.Observer, opts.Clock, "provider", "Ask the identity provider how to sign in",
		func(ctx context.Context) (string, error) {
			var err error
			s.provider, err = discover(ctx, s.courier, opts)
			return opts.Issuer, err
		})
	if err != nil {
		return nil, err
	}
	var token *Token
	err = actions.RunStage(ctx, opts.Observer, opts.Clock, "sign-in", "Sign in at "+s.provider.host(),
		func(ctx context.Context) (string, error) {
			var err error
			if token, err = s.run(ctx); err != nil {
				return "", err
			}
			return token.who(), nil
		})
	return token, err
}

// signIn is one sign-in, over as many links as it takes.
type signIn struct {
	opts     SignInOptions
	courier  *courier
	provider *provider
	// alone is true once nobody turned out to be there to answer.
	alone bool
}

// run follows links until one brings a token.
func (s *signIn) run(ctx context.Context) (*Token, error) {
	way, err := s.first()
	if err != nil {
		return nil, err
	}
	// Only a browser that nobody asked for gives way to a code.
	for chosen := s.opts.Way != ""; ; chosen = true {
		link, failure := s.link(ctx, way, chosen)
		token, next, err := s.follow(ctx, link, failure)
		link.close()
		if token != nil || err != nil {
			return token, err
		}
		way = next
	}
}

// first is the way to begin with.
func (s *signIn) first() (Way, error) {
	switch s.opts.Way {
	case WayBrowser, WayCode:
		return s.opts.Way, nil
	case WayDevice:
		if !s.provider.offersDevice() {
			return "", s.provider.noDevice()
		}
		return WayDevice, nil
	}
	if s.opts.RedirectURL == OutOfBand {
		return WayCode, nil
	}
	return WayBrowser, nil
}

// follow waits at one link. It returns the token, or the way that the person wants next, or the error that ends the
// sign-in. failure is why there is no link.
func (s *signIn) follow(ctx context.Context, link *link, failure error) (*Token, Way, error) {
	at := standing{failure: failure, over: failure != nil}
	for {
		got := s.wait(ctx, link, at)
		switch {
		case ctx.Err() != nil:
			return nil, "", ctx.Err()
		case got.asked && got.err != nil:
			return nil, "", got.err
		case got.nobody:
			s.alone = true
			if link.way == WayCode && at.failure == nil && s.provider.offersDevice() {
				return nil, WayDevice, nil
			}
			return nil, "", s.unattended(at.failure)
		case got.choice == choiceNew:
			return nil, link.way, nil
		case got.choice != "":
			return nil, Way(got.choice), nil
		}
		token, err := s.take(ctx, link, got)
		if err == nil || ctx.Err() != nil {
			return token, "", errors.Join(ctx.Err(), err)
		}
		// A code that was refused can be pasted again, whole; every other link is used up.
		at = standing{failure: err, over: link.way != WayCode || actions.CodeOf(err) == actions.CodeSignInTimeout, again: true}
		if at.over && s.alone {
			return nil, "", err
		}
	}
}

// take makes a token of what came.
func (s *signIn) take(ctx context.Context, link *link, got outcome) (*Token, error) {
	switch {
	case got.err != nil:
		return nil, got.err
	case got.answer != nil:
		return s.provider.verify(ctx, got.answer, link.nonce)
	case got.code.IsZero():
		return nil, &actions.Error{
			Code: actions.CodeSignInRefused, What: "no code was given",
			Next: "log in at the page that the link opens, and paste the code that it shows then",
		}
	}
	answer, err := s.provider.exchange(ctx, link, got.code)
	if err != nil {
		return nil, s.provider.shaped(err, got.code)
	}
	return s.provider.verify(ctx, answer, link.nonce)
}

// unattended is the error where nobody answers.
func (s *signIn) unattended(failure error) error {
	if failure != nil {
		return failure
	}
	return &actions.Error{
		Code: actions.CodeNoToken,
		What: "there is no identity token, and nobody is there to sign in",
		Why:  "the code of a sign-in can only be entered on a terminal",
		Next: "run this on a terminal, or give a token with --identity-token or SIGSTORE_ID_TOKEN",
		Err:  actions.ErrNobodyToAsk,
	}
}

// ways are those that can be chosen, but for way itself.
func (s *signIn) ways(way Way) []Way {
	all := []Way{WayBrowser, WayCode}
	if s.provider.offersDevice() {
		all = append(all, WayDevice)
	}
	if s.opts.RedirectURL == OutOfBand {
		all = all[1:]
	}
	return slices.DeleteFunc(all, func(w Way) bool { return w == way })
}
