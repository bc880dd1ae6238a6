// Package doctor finds out what is wrong with a Sigstore deployment, seen from this machine: names, certificates, clocks,
// the identity provider and its client, Fulcio, the logs, the trust root, the registry, and what this machine needs itself.
//
// A check is one idea and lies in a file of its own. Checks run at the same time, each within a bound. One that needs what
// another found waits for it, and is skipped where that one failed: a fault has one name and is told once. Nothing is
// changed anywhere, unless an end-to-end signature is asked for.
package doctor

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/registry"
)

// The bounds on time where Options give none.
const (
	DefaultPatience = 8 * time.Second  // of one check
	DefaultLimit    = 20 * time.Second // of all
	SigningLimit    = 60 * time.Second // of all, where something is signed
)

// Options say what to examine, and with what.
type Options struct {
	Endpoints actions.Endpoints
	Homes     actions.Homes
	// Dir is the state directory, whose disk is looked at and where the last checkpoint of a log is kept.
	Dir string

	// Registry is the host of the registry that signatures go to, and Image what is signed there; each may be empty.
	Registry string
	Image    string
	// Repository is where signatures are kept in place of the image's own repository, as COSIGN_REPOSITORY; empty for that.
	Repository string
	// Login is at hand for the registry where none is stored; nil for none.
	Login *registry.Credentials

	// User and Password may sign in at the issuer by the password grant; empty for nobody.
	User     string
	Password actions.Secret
	// Token is an identity token at hand; empty for none.
	Token actions.Secret

	// Sign asks for a signature from end to end; nil for none.
	Sign *Sign

	// Path is where programs are looked for, as in the variable PATH.
	Path string

	// Patience bounds one check, and Limit all of them; zero for the defaults.
	Patience, Limit time.Duration

	Base     *http.Transport // carries the calls; nil for one that takes proxies from the environment
	Resolver *net.Resolver   // nil for the system's
	Clock    actions.Clock
	// Observer is told of each check as a stage, and of each network call; nil for nobody.
	Observer actions.Observer
	// Told gets each finding when it is there; nil for nobody. It is called by one goroutine at a time.
	Told func(Finding)
}

// Examine runs the checks. It fails with ctx.Err() when it is cancelled, and with CodeUsage where Options cannot be used;
// whatever is wrong with the deployment is in the report.
func Examine(ctx context.Context, opts Options) (*Report, error) {
	if opts.Observer == nil {
		opts.Observer = actions.Discard
	}
	if opts.Patience == 0 {
		opts.Patience = DefaultPatience
	}
	if opts.Limit == 0 {
		opts.Limit = DefaultLimit
		if opts.Sign != nil {
			opts.Limit = SigningLimit
		}
	}
	e, err := newExamination(opts)
	if err != nil {
		return nil, err
	}
	defer e.close()
	report := &Report{Version: reportVersion, Began: opts.Clock.Now().UTC()}
	began := time.Now()
	report.Findings = e.run(ctx, e.checks())
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	report.Took = Milliseconds(time.Since(began))
	report.Deployment = describe(opts)
	return report, nil
}

// Planned are the titles of the checks that Examine would make, in their order, for a screen that shows them beforehand.
func Planned(opts Options) []Finding {
	e, err := newExamination(opts)
	if err != nil {
		return nil
	}
	defer e.close()
	var all []Finding
	for _, c := range e.checks() {
		all = append(all, Finding{ID: c.id, Group: c.group, Title: c.title, State: Waiting})
	}
	return all
}
