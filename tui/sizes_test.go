package tui

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"
	"github.com/muesli/termenv"
	"pgregory.net/rapid"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/doctor"
	"github.com/sigwalk/sigwalk/actions/recovery"
	"github.com/sigwalk/sigwalk/actions/trace"
	"github.com/sigwalk/sigwalk/actions/trust"
	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/tui/browse"
	doctorscreen "github.com/sigwalk/sigwalk/tui/doctor"
	"github.com/sigwalk/sigwalk/tui/lesson"
	"github.com/sigwalk/sigwalk/tui/lesson/lessontest"
	"github.com/sigwalk/sigwalk/tui/outline"
	"github.com/sigwalk/sigwalk/tui/palette"
	"github.com/sigwalk/sigwalk/tui/policy"
	recoveryscreen "github.com/sigwalk/sigwalk/tui/recovery"
	"github.com/sigwalk/sigwalk/tui/screen"
	"github.com/sigwalk/sigwalk/tui/screen/screentest"
	"github.com/sigwalk/sigwalk/tui/settings"
	"github.com/sigwalk/sigwalk/tui/signatures"
	"github.com/sigwalk/sigwalk/tui/theme"
	tracescreen "github.com/sigwalk/sigwalk/tui/trace"
	"github.com/sigwalk/sigwalk/tui/tree"
	trustscreen "github.com/sigwalk/sigwalk/tui/trust"
	"github.com/sigwalk/sigwalk/tui/widget"
	"github.com/sigwalk/sigwalk/workshop"
)

// odd is text whose bytes, characters and cells differ in number, with sequences that would move the cursor: wide
// letters, emoji that are joined and coloured, piled marks, a flag, a tab, a return, and letters that turn the line.
const odd = "署名を確認 👩‍💻👍🏽 e\u0301a\u0308\u0301\u0302 🇩🇪 \x1b[31mred\x1b[0m\x1b[2J\x1b[9;9H\x1b]0;title\x07\ttab\rback\u202eturned\u200b ｆｕｌｌ 한국어"

// sized is a root model on a screen, driven by its test.
type sized struct {
	*screentest.Driver
	root *root
}

func newDeps(t *testing.T) screen.Deps {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	deps := screen.Deps{
		Context: ctx, Theme: theme.New(theme.Options{Dark: true, Profile: termenv.ANSI256, Links: true, Mouse: true}), Clock: lessontest.Now, Tasks: &screen.Tasks{},
		Settings: settings.New(nil, nil, nil),
	}
	t.Cleanup(func() {
		cancel()
		deps.Tasks.Close()
	})
	return deps
}

func newSized(t *testing.T, deps screen.Deps, first screen.Screen) sized {
	t.Helper()
	r := newRoot(deps, first, nil, nil, nil)
	r.resize(100, 30)
	return sized{screentest.NewProgram(t, r), r}
}

// sees waits for a text.
func (s sized) sees(text string) {
	s.Until(text, func() bool { return strings.Contains(s.Text(), text) })
}

// holds checks every size: the least, the greatest, those around the least that anything is drawn at, and any other.
func (s sized) holds(t *testing.T) {
	t.Helper()
	defer s.root.resize(100, 30) // for the keys that follow
	for _, w := range []int{20, minWidth - 1, minWidth, 300} {
		for _, h := range []int{5, minHeight - 1, minHeight, 80} {
			if err := s.exact(w, h); err != nil {
				t.Fatal(err)
			}
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		if err := s.exact(rapid.IntRange(20, 300).Draw(rt, "width"), rapid.IntRange(5, 80).Draw(rt, "height")); err != nil {
			rt.Fatal(err)
		}
	})
}

// exact draws at a size and reports the first line that is not as wide as that, and a height that differs.
func (s sized) exact(width, height int) error {
	s.root.Update(tea.WindowSizeMsg{Width: width, Height: height})
	if err := exact(strings.Split(s.root.View(), "\n"), width, height); err != nil {
		return fmt.Errorf("root at %dx%d: %w", width, height, err)
	}
	if marked := regexp.MustCompile("\x1b\\[\\d*z").FindString(s.root.View()); marked != "" {
		return fmt.Errorf("root at %dx%d: the mark %q reaches the terminal", width, height, marked)
	}
	if width < minWidth || height < minHeight {
		return nil
	}
	// The root cuts and pads what it is given, which would hide a screen that does not keep to its size.
	if err := exact(s.root.top().View(), width, height-2); err != nil {
		return fmt.Errorf("screen at %dx%d: %w", width, height, err)
	}
	return nil
}

func exact(lines []string, width, height int) error {
	if len(lines) != height {
		return fmt.Errorf("%d lines", len(lines))
	}
	for i, line := range lines {
		if got := ansi.StringWidth(line); got != width {
			return fmt.Errorf("line %d is %d cells: %q", i, got, line)
		}
		if line := widget.Unlinked(line); strings.ContainsAny(line, "\r\t\a") || strings.Contains(line, "\x1b[2J") || strings.Contains(line, "\u202e") {
			return fmt.Errorf("line %d holds what is not for drawing: %q", i, line)
		}
	}
	return nil
}

// oddLesson is the demo with odd text everywhere that a lesson or a program can put it.
func oddLesson() *lessontest.Session {
	l, env := lessontest.Lesson(), lessontest.Env()
	l.Title += odd
	for i := range l.Steps {
		step := &l.Steps[i]
		step.Title += odd
		step.Text += "\n\n- **" + odd + "**\n- `" + odd + "`\n\n" + strings.Repeat(odd, 5)
		step.Why, step.Hints = odd+odd, []string{odd, strings.Repeat("署", 200)}
		step.Command += " # " + odd
		step.Needs = nil
		for j := range step.Checks {
			step.Checks[j].Title += odd
		}
	}
	for i := range env {
		if !env[i].Secret {
			env[i].Value += odd
		}
	}
	plays := make([]lessontest.Play, len(l.Steps))
	plays[0] = func(_ context.Context, st *lessontest.Stage) error {
		st.Print(odd + "\n" + strings.Repeat(odd, 20) + "\r" + odd + "\n" + strings.Repeat("署", 500))
		st.Update(func(s *workshop.StepSnapshot) {
			s.Stages = []actions.Stage{{ID: "a", Title: odd, State: actions.StageDone}, {ID: "b", Title: odd, State: actions.StageStarted}}
			s.Values = []any{oddReport()}
			s.Checks[0].Found = odd
		})
		return nil
	}
	plays[1] = func(context.Context, *lessontest.Stage) error {
		return &actions.Error{Code: actions.CodeUsage, What: "broken " + odd, Why: odd, Next: odd}
	}
	plays[2] = func(ctx context.Context, st *lessontest.Stage) error {
		_, err := st.Ask(ctx, actions.Question{ID: "consent", YesNo: true, Prompt: "Agree?" + odd, Text: odd + "\n\n" + odd})
		return err
	}
	plays[3] = func(ctx context.Context, st *lessontest.Stage) error {
		_, err := st.Ask(ctx, actions.Question{ID: "name", Prompt: "Name?" + odd, Text: odd})
		return err
	}
	return lessontest.New(l, env, plays)
}

func oddReport() *verification.Report {
	report := lessontest.Report(6)
	report.Image += odd
	for i := range report.Signatures {
		s := &report.Signatures[i]
		s.Subject, s.Issuer = odd+s.Subject, odd+s.Issuer
		if s.Reason != nil {
			s.Reason = &actions.Error{Code: actions.CodeSubject, What: odd, Why: odd, Next: odd}
		}
		for j := range s.Checks {
			c := &s.Checks[j]
			c.What, c.Next = odd+c.What, odd
			c.Expected, c.Found = verification.Value{Text: odd + odd, Source: odd}, verification.Value{Text: odd, Source: odd}
		}
		s.Payload = []byte(odd + "\n{\"a\": \"" + odd + "\"}")
		s.Entry = &verification.LogEntry{LogID: odd, Kind: odd, Body: []byte(odd), Proof: &verification.InclusionProof{
			Index: 1, TreeSize: 3, Hashes: [][]byte{{1}, {2}}, RootHash: []byte{3}, Checkpoint: odd + "\n" + odd + "\nAAAA\n",
		}}
	}
	report.Attached = report.Signatures[:1]
	return report
}

func oddTrace() trace.Trace {
	t := lessontest.Trace()
	for range 3 {
		t.Stages = append(t.Stages, t.Stages...)
	}
	for i := range t.Stages {
		s := &t.Stages[i]
		s.Title, s.Detail = s.Title+odd, odd+s.Detail
		s.Made = append([]actions.Fact{{Name: odd, Value: odd + odd}}, s.Made...)
		s.Calls = append([]trace.Call{{Call: actions.Call{Method: odd, Host: odd, Path: odd, Status: 12345, Took: 1 << 60, Sent: 1 << 62, Received: 1, Err: odd}}}, s.Calls...)
	}
	return t
}

func oddTree() *verification.Node {
	root := lessontest.Tree()
	root.Title += odd
	for _, group := range root.Children {
		group.Title += odd
		for _, leaf := range group.Children {
			leaf.Title += odd
			leaf.Signature.Subject += odd
			leaf.Signature.Issuer = odd + leaf.Signature.Issuer
			leaf.Statement = &verification.Statement{PredicateType: odd, Subjects: []string{odd, odd}}
			leaf.Bill, leaf.Packages = odd, 7
		}
	}
	return root
}

func TestLessonIsExactlyItsSize(t *testing.T) {
	deps := newDeps(t)
	s := newSized(t, deps, lesson.New(deps, lesson.Options{Session: oddLesson()}))
	s.sees("Copy the image")
	s.holds(t)
	for _, name := range []string{"w", "h", "h", "e", "l", "tab", "tab", "v"} {
		s.Key(name)
		s.holds(t)
	}
	s.Key("?")
	s.holds(t)
	s.Key("?")
}

func TestLessonThatRanIsExactlyItsSize(t *testing.T) {
	deps := newDeps(t)
	session := oddLesson()
	m := lesson.New(deps, lesson.Options{Session: session})
	s := newSized(t, deps, m)
	s.sees("Copy the image")
	for step, until := range []func() bool{
		func() bool { return session.Snapshot().Steps[0].Runs == 1 && !m.Running() },
		func() bool { return session.Snapshot().Steps[1].Runs == 1 && !m.Running() },
		func() bool { return strings.Contains(s.Text(), "Agree?") },
		func() bool { return strings.Contains(s.Text(), "Name?") },
	} {
		if step > 0 {
			s.Key("n")
		}
		s.Key("enter")
		s.Until(fmt.Sprintf("step %d", step), until)
		s.holds(t)
		if step == 2 {
			s.Key("y")
			s.Until("answered", func() bool { return session.Snapshot().Steps[2].Runs == 1 && !m.Running() })
		}
	}
	s.Type("署名 typed")
	s.holds(t)
}

// refused attaches nothing.
func refused(context.Context, *recovery.Report, []*recovery.Signature, func(actions.Stage)) error {
	return &actions.Error{Code: actions.CodeUsage, What: odd, Why: odd, Next: odd}
}

// oddScreens are screens full of odd text, by what they show.
func oddScreens() map[string]func(screen.Deps) screen.Screen {
	at := lessontest.Now()
	return map[string]func(screen.Deps) screen.Screen{
		"signatures": func(d screen.Deps) screen.Screen { return signatures.New(d, oddReport(), signatures.Options{}) },
		"no signatures": func(d screen.Deps) screen.Screen {
			return signatures.New(d, lessontest.Report(0), signatures.Options{})
		},
		"policy": func(d screen.Deps) screen.Screen {
			r := oddReport()
			r.Policy = verification.Policy{SubjectRegexp: ".*mo.redhat.com", IssuerRegexp: "(" + odd}
			return policy.New(d, r.Policy, policy.Identities(r.Signatures))
		},
		"tree": func(d screen.Deps) screen.Screen { return tree.New(d, oddTree(), tree.Options{}) },
		"outline": func(d screen.Deps) screen.Screen {
			course := &workshop.Course{Title: odd, Summary: odd}
			for i := range 30 {
				course.Lessons = append(course.Lessons, &workshop.Lesson{Name: fmt.Sprint(i), Title: odd, Summary: odd + odd, Minutes: 1000})
			}
			return outline.New(d, outline.Options{Course: course, Standings: func() []workshop.Standing {
				standings, _ := course.Standings(func(*workshop.Lesson) string { return "" })
				return standings
			}, Open: "3"})
		},
		"palette": func(d screen.Deps) screen.Screen {
			var items []palette.Item
			for range 40 {
				items = append(items, palette.Item{Kind: odd, Title: odd, Key: odd, Why: odd})
			}
			return palette.New(d, items)
		},
		"doctor": func(d screen.Deps) screen.Screen {
			return doctorscreen.New(d, func(_ context.Context, told func(doctor.Finding)) (*doctor.Report, error) {
				r := &doctor.Report{}
				for i, state := range []doctor.State{doctor.OK, doctor.Failed, doctor.Skipped, doctor.NotApplicable} {
					for range 12 {
						f := doctor.Finding{
							ID: fmt.Sprint(i, len(r.Findings)), Group: doctor.Group(odd), Title: odd + odd, State: state, Code: "code", Evidence: []string{odd, odd + odd},
							Means: odd, Next: odd + odd, Commands: []string{odd}, WaitsFor: []string{odd},
						}
						told(f)
						r.Findings = append(r.Findings, f)
					}
				}
				return r, nil
			})
		},
		"doctor that cannot look": func(d screen.Deps) screen.Screen {
			return doctorscreen.New(d, func(context.Context, func(doctor.Finding)) (*doctor.Report, error) {
				return nil, &actions.Error{Code: actions.CodeUsage, What: odd, Why: odd, Next: odd}
			})
		},
		"recover": func(d screen.Deps) screen.Screen {
			return recoveryscreen.New(d, recoveryscreen.Options{Image: odd, Attach: refused, Look: func(ctx context.Context, told func(actions.Stage)) (*recovery.Report, error) {
				r, err := lost(ctx, told)
				for range 3 {
					r.Signatures = append(r.Signatures, r.Signatures...)
					r.Asked = append(r.Asked, r.Asked...)
				}
				for _, s := range r.Signatures[:4] {
					s.Subject, s.Issuer, s.UUID, s.Kind = odd, odd, odd, odd
				}
				r.Asked[0].Address, r.Asked[0].Skipped = odd, odd
				r.Signatures[3].Reason = &actions.Error{What: odd, Why: odd, Next: odd}
				return r, err
			}})
		},
		"recover that cannot look": func(d screen.Deps) screen.Screen {
			return recoveryscreen.New(d, recoveryscreen.Options{Image: odd, Attach: refused, Look: func(_ context.Context, told func(actions.Stage)) (*recovery.Report, error) {
				told(actions.Stage{ID: "a", Title: odd, State: actions.StageFailed, Detail: odd})
				return nil, &actions.Error{Code: actions.CodeUsage, What: odd, Why: odd, Next: odd}
			}})
		},
		"trace": func(d screen.Deps) screen.Screen {
			return tracescreen.New(d, tracescreen.Options{Title: odd, Look: func() tracescreen.Look { return tracescreen.Look{Trace: oddTrace()} }})
		},
		"mending": func(d screen.Deps) screen.Screen {
			var wrong workshop.Problems
			for i := range 30 {
				wrong = append(wrong, workshop.Problem{File: odd, Line: i, What: odd + odd, Instead: odd})
			}
			return newMending(d, MendOptions{Folder: odd, Broken: wrong})
		},
		"mending what cannot be read": func(d screen.Deps) screen.Screen {
			return newMending(d, MendOptions{Folder: odd, Broken: &actions.Error{Code: actions.CodeUsage, What: odd, Why: odd, Next: odd}})
		},
		"empty trace": func(d screen.Deps) screen.Screen {
			return tracescreen.New(d, tracescreen.Options{Title: odd, Look: func() tracescreen.Look { return tracescreen.Look{Running: true, Asks: true} }})
		},
		"trust": func(d screen.Deps) screen.Screen {
			return trustscreen.New(d, &trust.Status{
				Local: "/home/" + odd, Remote: "http://127.0.0.1/" + odd, Checksum: strings.Repeat("ab12", 16), Pinned: true,
				Roles:   map[string]trust.Role{"root.json": {Version: 1, Length: 4128, Expires: at}},
				Targets: []string{odd, "rekor.pub"},
				Contents: &trust.Contents{
					Authorities: []trust.Authority{{URI: odd, Chain: []trust.Certificate{{Subject: odd, NotBefore: at, NotAfter: at.AddDate(0, 0, 1)}}}, {}},
					Logs:        []trust.Log{{URL: odd, ID: odd}, {ID: strings.Repeat("ab", 32), Period: trust.Period{From: &at, Until: &at}}},
				},
			})
		},
	}
}

func TestOtherScreensAreExactlyTheirSize(t *testing.T) {
	for name, first := range oddScreens() {
		t.Run(name, func(t *testing.T) {
			deps := newDeps(t)
			s := newSized(t, deps, first(deps))
			s.holds(t)
			for _, key := range []string{"down", "b", "right", "2", "3", "4", "5", "6", "1", "enter", "down", "end", "E", "esc", "?"} {
				s.Key(key)
				s.holds(t)
			}
		})
	}
}

func TestBrowseIsExactlyItsSize(t *testing.T) {
	for name, fail := range map[string]error{"found": nil, "failed": &actions.Error{Code: actions.CodeUsage, What: "failed " + odd, Why: odd, Next: odd}} {
		t.Run(name, func(t *testing.T) {
			deps := newDeps(t)
			gate := make(chan struct{})
			m := browse.New(deps, browse.Options{
				Image: "registry.example.com/" + odd,
				Report: func(context.Context, verification.Policy) (*verification.Report, error) {
					<-gate
					return oddReport(), fail
				},
				Tree: func(context.Context) (*verification.Node, error) {
					<-gate
					return oddTree(), fail
				},
			})
			s := newSized(t, deps, m)
			s.holds(t)
			close(gate)
			if fail == nil {
				s.sees("logIndex")
			} else {
				s.sees("failed ")
			}
			s.holds(t)
			s.Key("tab")
			s.holds(t)
		})
	}
}

func TestStartingIsExactlyItsSize(t *testing.T) {
	deps := newDeps(t)
	fail := make(chan error)
	s := newSized(t, deps, newStarting(deps, &school{open: func(ctx context.Context, _ string, progress func(string)) (lesson.Session, error) {
		progress("doing " + odd + odd + odd)
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case err := <-fail:
			return nil, err
		}
	}}, outline.Chosen{}))
	s.sees("doing")
	s.holds(t)
	fail <- errors.New("broken " + odd)
	s.sees("broken")
	s.holds(t)
	s.Send(opened{err: &actions.Error{Code: actions.CodeUsage, What: odd, Why: odd + odd + odd, Next: odd}})
	s.holds(t)
}
