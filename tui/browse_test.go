package tui

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/tui/browse"
	"github.com/sigwalk/sigwalk/tui/lesson/lessontest"
	"github.com/sigwalk/sigwalk/tui/signatures"
)

// looks answers the questions of a browse screen, and keeps what was asked.
type looks struct {
	mu       sync.Mutex
	policies []verification.Policy
	report   func() (*verification.Report, error)
}

func (l *looks) options() browse.Options {
	return browse.Options{
		Image: "registry.example.com/app",
		Report: func(_ context.Context, policy verification.Policy) (*verification.Report, error) {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.policies = append(l.policies, policy)
			report, err := l.report()
			if err == nil {
				report.Policy = policy
			}
			return report, err
		},
		Tree: func(context.Context) (*verification.Node, error) { return lessontest.Tree(), nil },
	}
}

func (l *looks) asked() verification.Policy {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.policies[len(l.policies)-1]
}

// TestPolicyOfBrowse writes a policy on the screen of any image, and the image is verified with it.
func TestPolicyOfBrowse(t *testing.T) {
	deps := newDeps(t)
	l := &looks{report: func() (*verification.Report, error) { return lessontest.Report(6), nil }}
	s := newSized(t, deps, browse.New(deps, l.options()))
	s.sees("any subject, any issuer")
	s.Key("f")
	s.sees("Whose signature counts")
	s.Key("ctrl+r")
	s.Type("demo.redhat.com")
	s.Key("tab")
	s.Type("https://sso.example.com")
	s.sees("matches now: 0 of 6")
	s.Key("enter")
	s.sees("subject ~ demo.redhat.com")
	want := verification.Policy{SubjectRegexp: "demo.redhat.com", Issuer: "https://sso.example.com"}
	if got := l.asked(); got.SubjectRegexp != want.SubjectRegexp || got.Issuer != want.Issuer || got.Subject != "" {
		t.Errorf("asked with %+v", got)
	}
}

// TestReloadThatFails keeps what was seen, and says that it is not of now.
func TestReloadThatFails(t *testing.T) {
	deps := newDeps(t)
	fail := false
	l := &looks{}
	l.report = func() (*verification.Report, error) {
		if fail {
			return nil, errors.New("the registry is away")
		}
		return lessontest.Report(6), nil
	}
	s := newSized(t, deps, browse.New(deps, l.options()))
	s.sees("user1@demo.redhat.com")
	l.mu.Lock()
	fail = true
	l.mu.Unlock()
	s.Key("r")
	s.sees("not read again: the registry is away")
	if !strings.Contains(s.Text(), "user1@demo.redhat.com") {
		t.Error("what was seen is gone")
	}
}

// TestWatch shows a signature that comes while it watches, and keeps what was chosen; a look that fails changes nothing.
func TestWatch(t *testing.T) {
	deps := newDeps(t)
	n, fail := 3, false
	l := &looks{}
	l.report = func() (*verification.Report, error) {
		if fail {
			return nil, errors.New("the registry is away")
		}
		return lessontest.Report(n), nil
	}
	opts := l.options()
	opts.Watch, opts.Interval = true, time.Millisecond
	s := newSized(t, deps, browse.New(deps, opts))
	set := func(change func()) {
		l.mu.Lock()
		defer l.mu.Unlock()
		change()
	}
	s.sees("3 signatures")
	s.Key("down")
	s.Key("down")
	s.sees("watching, a look every 1ms")
	set(func() { fail = true })
	s.sees("the last look failed: the registry is away")
	set(func() { fail, n = false, 4 })
	s.sees("4 signatures")
	s.sees("signed signature 16 by admin@example.org, not verified")
	if !strings.Contains(s.Text(), "›       15  ") {
		t.Errorf("the chosen row is another:\n%s", s.Text())
	}
	s.Key("W")
	if strings.Contains(s.Text(), "signed signature 16") {
		t.Error("it still watches")
	}
}

// TestRowsAsTheyCome shows what a first look has found while it looks, in order, and keeps the cursor on the first row until
// the person moves it; a look that fails in the end takes back what it told.
func TestRowsAsTheyCome(t *testing.T) {
	for _, fails := range []bool{false, true} {
		deps := newDeps(t)
		whole := lessontest.Report(6)
		whole.Signatures[1].Entry = &verification.LogEntry{Index: 14, Kind: "hashedrekord", Version: "0.0.1", Body: []byte("{}")}
		part := func(from, to int) verification.Progress {
			some := *whole
			some.Signatures = whole.Signatures[from:to]
			return verification.Progress{Report: &some, Listed: 1234}
		}
		steps := make(chan verification.Progress, 4) // the driver runs commands only while it waits
		opts := (&looks{report: func() (*verification.Report, error) { return whole, nil }}).options()
		opts.Entry = func(index int64) string { return fmt.Sprintf("https://search.example.com/?logIndex=%d", index) }
		opts.Follow = func(ctx context.Context, _ verification.Policy, tell func(verification.Progress)) (*verification.Report, error) {
			for {
				select {
				case p, more := <-steps:
					switch {
					case more:
						tell(p)
					case fails:
						return nil, errors.New("the manifest is another")
					default:
						return whole, nil
					}
				case <-ctx.Done():
					return nil, ctx.Err()
				}
			}
		}
		s := newSized(t, deps, browse.New(deps, opts))
		steps <- part(3, 6)
		s.sees("3 of 1,234 judged")
		s.sees(signatures.Index(&whole.Signatures[3]) + "  ")
		steps <- part(1, 6)
		s.sees("5 of 1,234 judged")
		s.sees("› " + strings.Repeat(" ", 8-len(signatures.Index(&whole.Signatures[1]))) + signatures.Index(&whole.Signatures[1]))
		s.Key("E")
		s.sees("not all signatures are judged yet")
		close(steps)
		if fails {
			s.sees("the manifest is another")
			if strings.Contains(s.Text(), "user1@demo.redhat.com") {
				t.Errorf("what did not hold is shown:\n%s", s.Text())
			}
			continue
		}
		s.sees("6 signatures")
		s.Key("down")
		s.Key("3")
		s.sees("https://search.example.com/?logIndex=14")
	}
}
