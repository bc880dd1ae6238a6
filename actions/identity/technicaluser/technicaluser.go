// Package technicaluser makes the user by whose name a pipeline signs, at an identity provider: a group for such users, and a
// user with an e-mail address that counts as verified. What is there already is left as it is.
package technicaluser

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/sigwalk/sigwalk/actions"
)

// Spec says who the user is to be.
type Spec struct {
	Username string
	Email    string
	// Password is that of a user who is made; one who is there already keeps the old one.
	Password actions.Secret
	Group    string
	// Client is the client whose access tokens are looked at, and offered to be mended; empty for none.
	Client string
}

// Workshop is the user of the workshop page, whose scripts have the same names.
func Workshop() Spec {
	return Spec{Username: "pipeline", Email: "pipeline-auth@demo.redhat.com", Group: "technical-users"}
}

// Account is a user as a provider keeps it.
type Account struct {
	ID       string
	Username string
	Email    string
	Verified bool // the address
	Enabled  bool
}

// Group is a group as a provider keeps it.
type Group struct{ ID, Name string }

// Directory is where a provider keeps its users. Its methods fail with an *actions.Error, or ctx.Err().
type Directory interface {
	// Where names the directory to people: "the realm demo of https://sso.example.com".
	Where() string
	// Groups is nil where the provider keeps none.
	Groups() Groups
	// Users returns those who have the name or the address.
	Users(ctx context.Context, username, email string) ([]Account, error)
	// Make makes a user. It returns errExists where another was quicker.
	Make(ctx context.Context, spec Spec) error
	// Confirm marks the address of a user as verified.
	Confirm(ctx context.Context, user Account) error
}

// Removable is a directory whose users can all be listed, and removed: the sandbox's. Another may be somebody else's.
type Removable interface {
	// All returns every user.
	All(ctx context.Context) ([]Account, error)
	// Remove removes a user. One who is not there is removed.
	Remove(ctx context.Context, user Account) error
}

// Groups is where a provider keeps groups.
type Groups interface {
	// Find returns nil where there is no such group.
	Find(ctx context.Context, name string) (*Group, error)
	// Make makes a group. It returns errExists where another was quicker.
	Make(ctx context.Context, name string) error
	// Has reports whether a user is in a group.
	Has(ctx context.Context, group Group, user Account) (bool, error)
	Join(ctx context.Context, group Group, user Account) error
}

// errExists is what making something fails with that somebody else made meanwhile.
var errExists = errors.New("it exists already")

// State is what became of one thing.
type State string

// The states.
const (
	Found   State = "found"   // it was there, and is as it was
	Made    State = "made"    // it was not there
	Changed State = "changed" // it was there and lacked something
	Left    State = "left"    // it was not looked at, for the reason in Detail
	// Missing is said in a dry run of what would be made or changed.
	Missing State = "missing"
)

// Item is one thing that the technical user is made of.
type Item struct {
	// Thing is group, user, email, password or membership.
	Thing  string `json:"thing"`
	Name   string `json:"name"`
	State  State  `json:"state"`
	Detail string `json:"detail,omitempty"`
}

// Report is what was found, made and left.
type Report struct {
	Where  string `json:"where"`
	DryRun bool   `json:"dryRun"`
	Items  []Item `json:"items"`
	// Offer is a change that was not made and may be wanted, with the command that makes it; empty for none.
	Offer string `json:"offer,omitempty"`
}

// Done reports whether everything is there now.
func (r *Report) Done() bool {
	for _, item := range r.Items {
		if item.State == Missing {
			return false
		}
	}
	return true
}

// Text is the report for people, a line for each thing.
func (r *Report) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", r.Where)
	for _, item := range r.Items {
		line := fmt.Sprintf("  %-8s %-11s %s", item.State, item.Thing, item.Name)
		if item.Detail != "" {
			line += ": " + item.Detail
		}
		b.WriteString(line + "\n")
	}
	if r.DryRun {
		b.WriteString("nothing was changed: this was a dry run\n")
	}
	if r.Offer != "" {
		b.WriteString("\n" + r.Offer)
	}
	return b.String()
}

func (r *Report) add(thing, name string, state State, detail string) {
	r.Items = append(r.Items, Item{Thing: thing, Name: name, State: state, Detail: detail})
}

// SetUp makes what of spec is not there, or in a dry run only looks. It can be run again at any time. It reports the stages
// "group" and "user", and returns what it did also when it fails in the middle. It fails with CodeUserConflict where the
// name or the address is somebody else's; nobody is changed then.
func SetUp(ctx context.Context, dir Directory, spec Spec, dryRun bool, obs actions.Observer, clock actions.Clock) (*Report, error) {
	if obs == nil {
		obs = actions.Discard
	}
	s := &setUp{dir: dir, spec: spec, report: &Report{Where: dir.Where(), DryRun: dryRun}}
	// Who is there is looked at first, so that a conflict leaves no group behind.
	err := actions.RunStage(ctx, obs, clock, "look", "See who is there", func(ctx context.Context) (string, error) {
		var err error
		s.user, err = s.find(ctx)
		return "", err
	})
	if err != nil {
		return s.report, err
	}
	err = actions.RunStage(ctx, obs, clock, "group", "Find or make the group "+spec.Group, s.group)
	if err == nil {
		err = actions.RunStage(ctx, obs, clock, "user", "Find or make the user "+spec.Username, s.account)
	}
	if err == nil {
		s.offer(ctx)
	}
	return s.report, err
}

// setUp is one run.
type setUp struct {
	dir    Directory
	spec   Spec
	report *Report
	user   *Account // nil while there is none
	in     *Group   // nil while there is none
}

// offer looks whether access tokens of the client would be accepted. That cannot be seen by everybody who may make users,
// and a look that fails says nothing.
func (s *setUp) offer(ctx context.Context) {
	provider, ok := s.dir.(Audiences)
	if !ok || s.spec.Client == "" {
		return
	}
	if has, err := provider.HasAudience(ctx, s.spec.Client); err != nil || has {
		return
	}
	s.report.Offer = "Access tokens of the client " + s.spec.Client + " are not for that client, so that Fulcio refuses them; identity tokens are.\n" +
		"`sigwalk audience-mapper` shows what would change that, and asks before it does.\n"
}

// find returns the user, nil where there is none.
func (s *setUp) find(ctx context.Context) (*Account, error) {
	users, err := s.dir.Users(ctx, s.spec.Username, s.spec.Email)
	if err != nil {
		return nil, err
	}
	var found *Account
	for i, user := range users {
		name, address := strings.EqualFold(user.Username, s.spec.Username), strings.EqualFold(user.Email, s.spec.Email)
		switch {
		case name && address:
			found = &users[i]
		case name:
			return nil, s.conflict(fmt.Sprintf("%s is there with the address %s", user.Username, orNone(user.Email)))
		case address:
			return nil, s.conflict("the address is that of the user " + user.Username)
		}
	}
	if found != nil && !found.Enabled {
		return nil, &actions.Error{
			Code: actions.CodeUserConflict, What: "the user " + s.spec.Username + " cannot sign in", Why: "it is disabled in " + s.dir.Where(),
			Next: "whoever disabled it had a reason: ask, and have it enabled there",
		}
	}
	return found, nil
}

func orNone(address string) string {
	if address == "" {
		return "of nobody (it has none)"
	}
	return address
}

func (s *setUp) conflict(why string) error {
	return &actions.Error{
		Code: actions.CodeUserConflict,
		What: fmt.Sprintf("the technical user %s <%s> was not made in %s", s.spec.Username, s.spec.Email, s.dir.Where()),
		Why:  why,
		Next: "nothing was changed. Choose another name or address (--username, --email), or correct that user there",
	}
}

func (s *setUp) group(ctx context.Context) (string, error) {
	groups, name := s.dir.Groups(), s.spec.Group
	if groups == nil {
		s.report.add("group", name, Left, "this provider keeps no groups")
		return string(Left), nil
	}
	var err error
	if s.in, err = groups.Find(ctx, name); err != nil {
		return "", err
	}
	if s.in != nil {
		s.report.add("group", name, Found, "")
		return string(Found), nil
	}
	if s.report.DryRun {
		s.report.add("group", name, Missing, "")
		return string(Missing), nil
	}
	state := Made
	err = groups.Make(ctx, name)
	if errors.Is(err, errExists) {
		state, err = Found, nil
	}
	if err == nil {
		s.in, err = groups.Find(ctx, name)
	}
	if err == nil && s.in == nil {
		err = lost("the group "+name, s.dir.Where())
	}
	if err != nil {
		return "", err
	}
	s.report.add("group", name, state, "")
	return string(state), nil
}

// account finds or makes the user, and puts it into the group.
func (s *setUp) account(ctx context.Context) (string, error) {
	made, err := s.makeUser(ctx)
	if err != nil {
		return "", err
	}
	if s.user == nil { // a dry run, and there is none
		for _, thing := range []string{"user", "email", "password", "membership"} {
			if thing == "membership" && s.dir.Groups() == nil {
				continue
			}
			s.report.add(thing, s.nameOf(thing), Missing, "")
		}
		return string(Missing), nil
	}
	state := Found
	if made {
		state = Made
	}
	s.report.add("user", s.spec.Username, state, "")
	if err := s.confirm(ctx, state); err != nil {
		return "", err
	}
	if made {
		s.report.add("password", s.spec.Username, Made, "")
	} else {
		s.report.add("password", s.spec.Username, Left, "whoever is there keeps the password")
	}
	return string(state), s.join(ctx)
}

func (s *setUp) nameOf(thing string) string {
	switch thing {
	case "email":
		return s.spec.Email
	case "membership":
		return s.spec.Group
	}
	return s.spec.Username
}

// makeUser makes the user where there is none, unless this is a dry run.
func (s *setUp) makeUser(ctx context.Context) (made bool, err error) {
	if s.user != nil || s.report.DryRun {
		return false, nil
	}
	if s.spec.Password.IsZero() {
		return false, &actions.Error{
			Code: actions.CodeUsage, What: "the user " + s.spec.Username + " cannot be made without a password",
			Next: "set OIDC_PASSWORD to the password that the user is to have",
		}
	}
	made = true
	err = s.dir.Make(ctx, s.spec)
	if errors.Is(err, errExists) {
		made, err = false, nil
	}
	if err == nil {
		s.user, err = s.find(ctx)
	}
	if err == nil && s.user == nil {
		err = lost("the user "+s.spec.Username, s.dir.Where())
	}
	return made, err
}

// confirm sees to it that the address counts as verified: Fulcio certifies no other.
func (s *setUp) confirm(ctx context.Context, state State) error {
	switch {
	case s.user.Verified:
		s.report.add("email", s.spec.Email, state, "verified")
		return nil
	case s.report.DryRun:
		s.report.add("email", s.spec.Email, Missing, "it is there and not verified")
		return nil
	}
	if err := s.dir.Confirm(ctx, *s.user); err != nil {
		return err
	}
	s.report.add("email", s.spec.Email, Changed, "it was there and is marked as verified now")
	return nil
}

func (s *setUp) join(ctx context.Context) error {
	groups, name := s.dir.Groups(), s.spec.Group
	if groups == nil {
		return nil
	}
	if s.in == nil { // a dry run, and there is no group yet
		s.report.add("membership", name, Missing, "")
		return nil
	}
	has, err := groups.Has(ctx, *s.in, *s.user)
	switch {
	case err != nil:
		return err
	case has:
		s.report.add("membership", name, Found, "")
		return nil
	case s.report.DryRun:
		s.report.add("membership", name, Missing, "")
		return nil
	}
	if err := groups.Join(ctx, *s.in, *s.user); err != nil {
		return err
	}
	s.report.add("membership", name, Made, "")
	return nil
}

func lost(what, where string) error {
	return &actions.Error{
		Code: actions.CodeNotAsked, What: what + " was made in " + where + " and cannot be found there",
		Next: "look there: it may keep its users elsewhere (LDAP), or somebody removed it meanwhile",
	}
}
