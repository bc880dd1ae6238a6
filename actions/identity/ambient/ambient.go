// Package ambient gets the identity token that the place where a program runs offers by itself: a CI job, a workload, a
// file that was put there. The places are those that cosign 2.6.5 knows, asked in the same order and for the same audience.
package ambient

import (
	"context"
	"net/http"
	"strings"

	"github.com/sigwalk/sigwalk/actions"
)

// Audience is whom cosign asks a token for, whatever Fulcio it is meant for. A deployment of its own usually wants another.
const Audience = "sigstore"

// The names of the providers, as cosign sign --oidc-provider takes them.
const (
	Buildkite         = "buildkite-agent"
	Variable          = "envvar"
	Filesystem        = "filesystem"
	GitHub            = "github-actions"
	Google            = "google-workload-identity"
	GoogleImpersonate = "google-impersonate"
	SPIFFE            = "spiffe"
)

// Variables are those by which a place says that it offers tokens, and how they are got.
func Variables() []string {
	return []string{
		idToken, gitHubURL, gitHubToken, buildkiteToken, buildkiteURL, buildkiteJob, spiffeSocket, googleTarget,
	}
}

// Machine says where a machine offers tokens beside its variables.
type Machine struct {
	Token   string // file with a token
	Socket  string // of the SPIFFE workload API, where SPIFFE_ENDPOINT_SOCKET names no other
	Product string // file with the name of the hardware, which says whether this is Google's cloud
}

// ThisMachine is where cosign looks.
func ThisMachine() *Machine {
	return &Machine{
		Token:   "/var/run/sigstore/cosign/oidc-token",
		Socket:  "/tmp/spire-agent/public/api.sock",
		Product: "/sys/class/dmi/id/product_name",
	}
}

// Options configure Token.
type Options struct {
	// Getenv returns a variable of the place, or "".
	Getenv func(name string) string
	// Machine is nil where the machine is none of the place's business, as in a lesson's sandbox.
	Machine   *Machine
	Transport http.RoundTripper // nil for http.DefaultTransport
	Observer  actions.Observer  // nil for actions.Discard
	Clock     actions.Clock
}

// provider is one place that offers tokens.
type provider struct {
	name string
	// title says to a person what is asked.
	title string
	// here reports whether the program runs in such a place.
	here func(ctx context.Context, o *Options) bool
	get  func(ctx context.Context, o *Options) (string, error)
}

// providers are in the order in which cosign asks them: Go initialises its packages by name, whatever the comment there says.
func providers() []provider {
	return []provider{
		{Buildkite, "Ask Buildkite's agent for a token of the job", inBuildkite, fromBuildkite},
		{Variable, "Take the token of SIGSTORE_ID_TOKEN", inVariable, fromVariable},
		{Filesystem, "Take the token of the file that is kept for cosign", onDisk, fromDisk},
		{GitHub, "Ask GitHub for a token of the job", inGitHub, fromGitHub},
		{Google, "Ask Google's cloud for a token of the machine", inGoogle, fromGoogle},
		{GoogleImpersonate, "Ask Google's cloud for a token of the service account", mayImpersonate, byImpersonation},
		{SPIFFE, "Ask the SPIFFE workload API for a token", besideAgent, fromAgent},
	}
}

// Names are the providers, in the order in which they are asked.
func Names() []string {
	var names []string
	for _, p := range providers() {
		names = append(names, p.name)
	}
	return names
}

// Token returns the token that the place offers, and the name of the provider; neither where it offers none. Where one
// fails the next is asked, and the last failure returned when none gives a token. only asks a single provider, which must
// then give one; an unknown name is CodeUsage.
func Token(ctx context.Context, o Options, only string) (actions.Secret, string, error) {
	if o.Observer == nil {
		o.Observer = actions.Discard
	}
	known := only == ""
	var failed error
	for _, p := range providers() {
		if only != "" && only != p.name {
			continue
		}
		known = true
		if only == "" && !p.here(ctx, &o) {
			continue
		}
		token, err := p.ask(ctx, &o)
		switch {
		case ctx.Err() != nil:
			return actions.Secret{}, "", ctx.Err()
		case err == nil:
			return token, p.name, nil
		}
		failed = err
	}
	if !known {
		return actions.Secret{}, "", &actions.Error{
			Code: actions.CodeUsage, What: only + " is not a valid provider", Next: "give --oidc-provider one of " + strings.Join(Names(), ", "),
		}
	}
	return actions.Secret{}, "", failed
}

// ask asks one provider, which is a stage of its own where that takes a call.
func (p provider) ask(ctx context.Context, o *Options) (actions.Secret, error) {
	var token actions.Secret
	get := func(ctx context.Context) (string, error) {
		text, err := p.get(ctx, o)
		token = actions.NewSecret(strings.TrimSpace(text))
		if err == nil && token.IsZero() {
			err = noToken(p.name, "its answer holds none", "see what it answers; then sign in or give a token with --identity-token")
		}
		return p.name, err
	}
	if p.name == Variable {
		_, err := get(ctx)
		return token, err
	}
	return token, actions.RunStage(ctx, o.Observer, o.Clock, "ambient", p.title, get)
}

// noToken is the error of a provider that is there and gives nothing.
func noToken(name, why, next string) error {
	return &actions.Error{Code: actions.CodeNoToken, What: "the provider " + name + " gave no identity token", Why: why, Next: next}
}
