package workshop

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/identity"
	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/workshop/environment"
)

// certainly reports whether err is a registry's clear no to what a check asks, and not a failure to ask.
func certainly(err error) bool {
	switch actions.CodeOf(err) {
	case actions.CodeImageNotFound, actions.CodeTagNotFound, actions.CodeNoOrganization, actions.CodeUnauthorized, actions.CodeWrongPassword,
		actions.CodeForbidden, actions.CodeNotAnImage, actions.CodeReference, actions.CodeNoSignatures, actions.CodeNoMatch,
		actions.CodeNoCertificate, actions.CodeNoTrustRoot, actions.CodeTrustRoot:
		return true
	}
	return false
}

// refused turns an error into a result: fails for a clear no, broken for a failure to ask.
func refused(err error) CheckResult {
	if certainly(err) {
		return failsBy(brief(err), err)
	}
	return broken(err)
}

// brief is what went wrong without the reasons, which stand in CheckResult.Err.
func brief(err error) string {
	var e *actions.Error
	if errors.As(err, &e) {
		return e.What
	}
	return err.Error()
}

// variableSet asks whether a variable has a value.
func (a *asked) variableSet() CheckResult {
	name := a.with["name"]
	v, ok := a.world.env.Get(name)
	if !ok || v.Value == "" {
		return fails(name + " is not set")
	}
	shown := v.Value
	if v.Secret || environment.IsSecret(name) {
		shown = "set, hidden"
	}
	if want := a.with["matches"]; want != "" {
		pattern, err := regexp.Compile(want)
		if err != nil {
			return broken(err)
		}
		if !pattern.MatchString(v.Value) {
			return fails(fmt.Sprintf("%s is %s", name, shown))
		}
	}
	return holds("%s", shown)
}

// trustRoot asks the TUF cache, without the network: is everything there, in date, and from the mirror that is meant.
func (a *asked) trustRoot(ctx context.Context) CheckResult {
	c, err := a.world.clients()
	if err != nil {
		return broken(err)
	}
	status, err := c.trust.Status(ctx)
	if err != nil {
		return refused(err)
	}
	mirror := a.with["mirror"]
	if mirror == "" {
		mirror = c.endpoints.TUFMirror
	}
	if status.Imported != nil && mirror != "" {
		return fails(fmt.Sprintf("it was imported from %s, not fetched from %s", status.Imported.Source, mirror))
	}
	if mirror != "" && strings.TrimRight(status.Remote, "/") != strings.TrimRight(mirror, "/") {
		return fails(fmt.Sprintf("it came from %s, not from %s", status.Remote, mirror))
	}
	if want := a.with["checksum"]; want != "" && status.Checksum != "" && !strings.EqualFold(want, status.Checksum) {
		return fails(fmt.Sprintf("trust started from the root %.12s, and %.12s is pinned", status.Checksum, want))
	}
	now := a.world.clock.Now()
	var first time.Time
	for _, role := range []string{"root.json", "snapshot.json", "targets.json", "timestamp.json"} {
		expires := status.Roles[role].Expires
		switch {
		case expires.IsZero():
			return fails(role + " is missing")
		case !expires.After(now):
			return fails(fmt.Sprintf("%s expired at %s", role, moment(expires)))
		case first.IsZero() || expires.Before(first):
			first = expires
		}
	}
	return holds("%d targets, in date until %s", len(status.Targets), moment(first))
}

// moment writes a time for people: to the minute, in UTC.
func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04Z") }

// registryLogin asks the registry whether it accepts the stored credentials for pushing to the image's repository.
func (a *asked) registryLogin(ctx context.Context) CheckResult {
	c, err := a.world.clients()
	if err != nil {
		return broken(err)
	}
	ref, err := registry.Parse(a.with["image"])
	if err != nil {
		return refused(err)
	}
	repository := ref.Context()
	auth, err := authn.Resolve(ctx, c.registry.Keychain(), repository)
	switch {
	case err != nil:
		return broken(err)
	case auth == authn.Anonymous:
		return fails("no credentials are stored for " + repository.RegistryStr())
	}
	key := "stored " + repository.Name() + " " + stamp(filepath.Join(c.homes.Docker, "config.json"))
	return a.unlessRefused(key, func() (CheckResult, bool) { return a.access(ctx, c, repository.Name()) })
}

// access asks what the stored credentials may do, and reports whether the registry refused them.
func (a *asked) access(ctx context.Context, c *clients, repository string) (outcome CheckResult, denied bool) {
	access, err := c.registry.Access(ctx, repository)
	switch {
	case err != nil:
		return refused(err), actions.CodeOf(err) == actions.CodeWrongPassword
	case !access.LoggedIn:
		return fails("the registry does not accept the stored credentials"), true
	case access.PushUnknown:
		return fails("accepted; whether you may push shows when " + repository + " is there"), false
	case !access.Push:
		return fails("accepted, without the right to push to " + repository), false
	}
	return holds("accepted, with the right to push to %s", repository), false
}

// stamp changes whenever a file does.
func stamp(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return "none"
	}
	return fmt.Sprintf("%d/%d", info.Size(), info.ModTime().UnixNano())
}

// token reads the identity token in a variable and holds its claims against what is wanted. Its signature is Fulcio's to
// verify.
func (a *asked) token() CheckResult {
	name := a.with["name"]
	if name == "" {
		name = "SIGSTORE_ID_TOKEN"
	}
	v, ok := a.world.env.Get(name)
	if !ok || v.Value == "" {
		return fails(name + " is not set")
	}
	token, err := identity.Parse(actions.NewSecret(v.Value))
	if err != nil {
		return failsBy(brief(err), err)
	}
	now := a.world.clock.Now()
	who := token.Email
	if who == "" {
		who = token.Subject
	}
	if want := a.with["subject"]; want != "" && want != who {
		return fails(fmt.Sprintf("it is for %s, and %s is wanted", who, want))
	}
	if want := a.with["issuer"]; want != "" && want != token.Issuer {
		return fails(fmt.Sprintf("%s issued it, and %s is wanted", token.Issuer, want))
	}
	if want := a.with["audience"]; want != "" && !slices.Contains(token.Audience, want) {
		return fails(fmt.Sprintf("it is meant for %s, and %s is wanted", strings.Join(token.Audience, ", "), want))
	}
	if !token.Expires.After(now) {
		return fails("it expired at " + token.Expires.UTC().Format("15:04:05Z"))
	}
	return holds("for %s, until %s", who, token.Expires.UTC().Format("15:04:05Z"))
}

// who reads the identity that a check names.
func (a *asked) who() policyIdentity {
	return policyIdentity{
		subject: a.with["subject"], subjectRegexp: a.with["subject-regexp"],
		issuer: a.with["issuer"], issuerRegexp: a.with["issuer-regexp"],
	}
}

// String says the identity in words.
func (p policyIdentity) String() string {
	if p.subjectRegexp != "" {
		return "anyone like " + p.subjectRegexp
	}
	return p.subject
}

// verified returns the signatures of the image, by the digest it has now, that verify for the identity named.
func (a *asked) verified(ctx context.Context, c *clients) ([]verification.Signature, CheckResult) {
	report, err := a.verify(ctx, c, a.with["image"], a.who())
	switch actions.CodeOf(err) {
	case "":
		if err != nil {
			return nil, broken(err)
		}
	case actions.CodeTagNotFound, actions.CodeImageNotFound, actions.CodeNoSignatures, actions.CodeNoMatch, actions.CodeNoCertificate:
		return nil, failsBy("no signature by "+a.who().String(), err)
	default:
		return nil, refused(err)
	}
	signatures := report.Verified()
	if len(signatures) == 0 {
		found := "no signature by " + a.who().String()
		if n := len(report.Signatures); n > 0 {
			found += fmt.Sprintf(" that verifies, among %d", n)
		}
		return nil, failsBy(found, report.Verdict())
	}
	return signatures, CheckResult{State: CheckHolds}
}

// signaturePresent asks for a signature that verifies, whoever put it there.
func (a *asked) signaturePresent(ctx context.Context) CheckResult {
	c, err := a.world.clients()
	if err != nil {
		return broken(err)
	}
	signatures, outcome := a.verified(ctx, c)
	if outcome.State != CheckHolds {
		return outcome
	}
	last := signatures[len(signatures)-1]
	found := "by " + last.Subject
	if last.LogIndex != nil {
		found += fmt.Sprintf(", log index %d", *last.LogIndex)
	}
	if len(signatures) > 1 {
		found = fmt.Sprintf("%d signatures, the last %s", len(signatures), found)
	}
	return holds("%s", found)
}
