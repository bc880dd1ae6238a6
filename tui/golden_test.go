package tui

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/exp/golden"
	"github.com/google/go-containerregistry/pkg/name"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/doctor"
	"github.com/sigwalk/sigwalk/actions/recovery"
	"github.com/sigwalk/sigwalk/actions/verification"
	doctorscreen "github.com/sigwalk/sigwalk/tui/doctor"
	"github.com/sigwalk/sigwalk/tui/lesson"
	"github.com/sigwalk/sigwalk/tui/lesson/lessontest"
	"github.com/sigwalk/sigwalk/tui/outline"
	"github.com/sigwalk/sigwalk/tui/policy"
	recoveryscreen "github.com/sigwalk/sigwalk/tui/recovery"
	"github.com/sigwalk/sigwalk/tui/replay"
	"github.com/sigwalk/sigwalk/tui/screen"
	"github.com/sigwalk/sigwalk/tui/settings"
	"github.com/sigwalk/sigwalk/tui/signatures"
	tracescreen "github.com/sigwalk/sigwalk/tui/trace"
	"github.com/sigwalk/sigwalk/tui/tree"
	"github.com/sigwalk/sigwalk/workshop"
	"github.com/sigwalk/sigwalk/workshop/stage"
)

// TestScreens compares what the screens show, without colours, at the smallest terminal that people have and at a large
// one. The files in testdata are for reading in a review: `go test ./tui -run TestScreens -update` writes them.
func TestScreens(t *testing.T) {
	for _, c := range []struct {
		name string
		show func(*testing.T, screen.Deps) sized
	}{
		{"lesson", func(t *testing.T, deps screen.Deps) sized {
			s := newSized(t, deps, lesson.New(deps, lesson.Options{Session: lessontest.Demo()}))
			s.sees("Copy the image")
			s.Key("enter")
			s.sees("ok done")
			return s
		}},
		{"expected", func(t *testing.T, deps screen.Deps) sized {
			s := newSized(t, deps, lesson.New(deps, lesson.Options{Session: lessontest.Demo()}))
			s.sees("Copy the image")
			s.Key("C")
			s.sees("It will print this")
			s.Key("enter")
			s.sees("ok done")
			s.Key("C")
			return s
		}},
		{"table", func(t *testing.T, deps screen.Deps) sized {
			s := newSized(t, deps, signatures.New(deps, lessontest.Report(6), signatures.Options{}))
			s.Key("down")
			return s
		}},
		{"policy", func(t *testing.T, deps screen.Deps) sized {
			r := lessontest.Report(6)
			return newSized(t, deps, policy.New(deps, verification.Policy{SubjectRegexp: ".*@.*redhat.com$", IssuerRegexp: `\.example\.com/`}, policy.Identities(r.Signatures)))
		}},
		{"tree", func(t *testing.T, deps screen.Deps) sized {
			return newSized(t, deps, tree.New(deps, lessontest.Tree(), tree.Options{}))
		}},
		{"consumers", func(t *testing.T, deps screen.Deps) sized {
			s := newSized(t, deps, tree.New(deps, lessontest.Tree(), tree.Options{}))
			s.Key("6")
			return s
		}},
		{"doctor", func(t *testing.T, deps screen.Deps) sized {
			s := newSized(t, deps, doctorscreen.New(deps, func(_ context.Context, told func(doctor.Finding)) (*doctor.Report, error) {
				r := sickReport()
				for _, f := range r.Findings {
					told(f)
				}
				return r, nil
			}))
			s.sees("1 failed")
			return s
		}},
		{"trace", func(t *testing.T, deps screen.Deps) sized {
			s := newSized(t, deps, tracescreen.New(deps, tracescreen.Options{Title: "4 Sign with an identity token", Look: func() tracescreen.Look {
				return tracescreen.Look{Trace: lessontest.Trace()}
			}}))
			s.sees("certificate from Fulcio")
			s.Key("down")
			s.Key("down")
			return s
		}},
		{"trace-stage", func(t *testing.T, deps screen.Deps) sized {
			s := newSized(t, deps, tracescreen.New(deps, tracescreen.Options{Title: "4 Sign with an identity token", Look: func() tracescreen.Look {
				return tracescreen.Look{Trace: lessontest.Trace(), Running: true}
			}}))
			s.sees("certificate from Fulcio")
			s.Key("g")
			s.Key("down")
			s.Key("down")
			s.Key("enter")
			return s
		}},
		{"recover", func(t *testing.T, deps screen.Deps) sized {
			s := newSized(t, deps, recoveryscreen.New(deps, recoveryscreen.Options{Image: "quay.example.com/l3-students/demo:latest", Look: lost}))
			s.sees("enter brings back 2 of 2")
			s.Key("down")
			s.Key(" ")
			return s
		}},
		{"recover-question", func(t *testing.T, deps screen.Deps) sized {
			s := newSized(t, deps, recoveryscreen.New(deps, recoveryscreen.Options{Image: "quay.example.com/l3-students/demo:latest", Look: lost}))
			s.sees("enter brings back 2 of 2")
			s.Key("enter")
			return s
		}},
		{"projector", func(t *testing.T, _ screen.Deps) sized {
			s, _ := newStage(t, lessontest.Demo())
			s.sees("Copy the image")
			return s
		}},
		{"presenter", func(t *testing.T, deps screen.Deps) sized {
			return newFollower(t, deps, &desk{talk(), make(chan stage.Command, 1)})
		}},
		{"palette", func(t *testing.T, deps screen.Deps) sized {
			deps.Settings = settings.New(nil, nil, map[settings.Name]string{settings.Host: "off", settings.Course: "the one that is built in"})
			var opened []*lessontest.Session
			s := newSized(t, deps, newStarting(deps, schoolOf(&opened), outline.Chosen{}))
			s.sees("The first lesson")
			s.Key(":")
			s.sees("Find")
			s.Type("setting")
			return s
		}},
		{"replay", func(t *testing.T, deps screen.Deps) sized {
			r := cast("first", "\x1b[2J\x1b[1;1H\x1b[1m1 Copy the image\x1b[m\r\n\r\n  $ source ./copy-image-to-quay.sh", "\x1b[2J")
			r.Title, r.Width, r.Height = "Sign images with Sigstore", 80, 21
			s := newSized(t, deps, replay.New(deps, r))
			s.sees("first")
			s.Key(" ")
			s.sees("paused")
			s.Key("n") // what comes next, and stays
			s.sees("1 Copy the image")
			return s
		}},
		{"mending", func(t *testing.T, deps screen.Deps) sized {
			return newSized(t, deps, newMending(deps, MendOptions{Folder: "../courses/mine", Broken: errBrokenCourse}))
		}},
		{"help", func(t *testing.T, deps screen.Deps) sized {
			s := newSized(t, deps, lesson.New(deps, lesson.Options{Session: lessontest.Demo()}))
			s.sees("Copy the image")
			s.Key("?")
			return s
		}},
	} {
		for _, size := range []struct {
			name          string
			width, height int
		}{{"80x24", 80, 24}, {"140x40", 140, 40}} {
			t.Run(c.name+"-"+size.name, func(t *testing.T) {
				s := c.show(t, newDeps(t))
				s.root.resize(size.width, size.height)
				golden.RequireEqual(t, trimmed(s.Text()))
			})
		}
	}
}

// errBrokenCourse is what is wrong with a course, as workshop.ParseCourse says it.
var errBrokenCourse = fmt.Errorf("broken: %w", workshop.Problems{
	{File: "course.yaml", Line: 3, What: "there is no lesson \"two\"", Instead: "write lessons/two.md, or take it out of lessons"},
	{File: "lessons/first-steps.md", Line: 13, What: "the kind \"chages\"", Instead: "write \"changes\""},
	{File: "lessons/first-steps.md", Line: 47, What: "no title"},
})

// trimmed is a screen without the spaces at the end of its lines, which editors take away.
func trimmed(text string) string {
	lines := slices.Collect(strings.Lines(text))
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " \n")
	}
	return strings.Join(lines, "\n") + "\n"
}

// lost is a look for what a tag lost: of four signatures one is there, two can be brought back, and one cannot.
func lost(_ context.Context, told func(actions.Stage)) (*recovery.Report, error) {
	told(actions.Stage{ID: "log", Title: "Ask the transparency log", State: actions.StageDone, Detail: "4 entries"})
	r := &recovery.Report{
		Image: "quay.example.com/l3-students/demo:latest", Before: 1, After: 1,
		Asked: []recovery.Asked{
			{Source: recovery.FromHistory, Address: "https://quay.example.com", Skipped: "it is no Quay"},
			{Source: recovery.FromLog, Address: "https://rekor.example.com", Entries: 4},
		},
	}
	r.Tag, _ = name.NewTag("quay.example.com/l3-students/demo:sha256-" + strings.Repeat("5c50daa8", 8) + ".sig")
	at := lessontest.Now()
	for i := range int64(4) {
		s := &recovery.Signature{
			Sources: []recovery.Source{recovery.FromLog}, Kind: "hashedrekord", UUID: strings.Repeat("24296fb24b8ad77a", 5), LogIndex: &i, Integrated: &at,
			Subject: "user" + string('1'+rune(i)) + "@demo.redhat.com", Issuer: "https://sso.example.com/realms/trusted-artifact-signer",
			Payload: "sha256:" + strings.Repeat("ab", 32), Present: i == 0, Rebuilt: i < 3, Verified: i < 3,
		}
		if i == 3 {
			s.Subject = ""
			s.Key = strings.Repeat("0c93d87a", 8)
			s.Reason = &actions.Error{Code: actions.CodeSignature, What: "no certificate found on signature", Next: "give the public key with --key"}
		}
		r.Signatures = append(r.Signatures, s)
	}
	return r, nil
}

// sickReport is that of a deployment whose log's key was replaced without the trust root.
func sickReport() *doctor.Report {
	return &doctor.Report{Took: doctor.Milliseconds(120 * time.Millisecond), Findings: []doctor.Finding{
		{ID: "connect/rekor", Group: doctor.GroupNetwork, Title: "Rekor can be connected to", State: doctor.OK, Evidence: []string{"rekor.example.com:443 answers, with TLS 1.3"}},
		{ID: "clock", Group: doctor.GroupNetwork, Title: "the clocks agree", State: doctor.OK, Evidence: []string{"6 servers, at most 1s apart"}},
		{ID: "tuf/root", Group: doctor.GroupTrust, Title: "the trust root can be fetched", State: doctor.OK, Evidence: []string{"root.json version 1 expires 2027-11-30"}},
		{ID: "tuf/cache", Group: doctor.GroupTrust, Title: "the trust root that is kept here is the deployment's of today", State: doctor.NotApplicable, Evidence: []string{}, Means: "none is kept yet"},
		{
			ID: "rekor/key", Group: doctor.GroupLog, Title: "the log's key is in the trust root", State: doctor.Failed, Code: actions.CodeRekorKey,
			Evidence: []string{"the log's ID is 5546d87add3ba5a6844920a98861171e", "the trust root has 0c93d87add3ba5a6844920a98861171e"},
			Means:    "what the log promises is believed nowhere: the trust root does not hold its key", Next: "have whoever runs it publish the new key by TUF, then run cosign initialize",
			Commands: []string{"cosign initialize --mirror https://tuf.example.com"},
		},
		{ID: "rekor/checkpoint", Group: doctor.GroupLog, Title: "the log's checkpoint is signed, and goes on from the last one seen here", State: doctor.Skipped, Evidence: []string{}, WaitsFor: []string{"rekor/key"}},
	}}
}
