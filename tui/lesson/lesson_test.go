package lesson_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/sigwalk/sigwalk/tui/keys"
	"github.com/sigwalk/sigwalk/tui/lesson"
	"github.com/sigwalk/sigwalk/tui/lesson/lessontest"
	"github.com/sigwalk/sigwalk/tui/screen"
	"github.com/sigwalk/sigwalk/tui/screen/screentest"
	"github.com/sigwalk/sigwalk/tui/theme"
	"github.com/sigwalk/sigwalk/workshop"
)

// stage is a lesson screen with a driver that carries out its commands.
func stage(t *testing.T, width, height int) (*lesson.Model, *screentest.Driver, *lessontest.Session) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	session := lessontest.Demo()
	deps := screen.Deps{Context: ctx, Theme: theme.New(theme.Options{Dark: true}), Clock: lessontest.Now, Tasks: &screen.Tasks{}}
	m := lesson.New(deps, lesson.Options{Session: session})
	m.SetSize(width, height)
	d := screentest.New(t, m)
	t.Cleanup(func() {
		cancel()
		deps.Tasks.Close()
	})
	d.Until("step", func() bool { return strings.Contains(d.Text(), "Copy the image") })
	return m, d, session
}

// shows presses the key for more until the texts were on the screen, each at some time.
func shows(t *testing.T, d *screentest.Driver, texts ...string) {
	t.Helper()
	seen := map[string]bool{}
	for range 40 {
		all := true
		for _, text := range texts {
			seen[text] = seen[text] || strings.Contains(d.Text(), text)
			all = all && seen[text]
		}
		if all {
			return
		}
		d.Key("down")
	}
	t.Errorf("not all of %q can be scrolled to in\n%s", texts, d.Text())
}

// TestWalk goes through the demo at the smallest size, an ordinary and a large one. What does not fit can be scrolled to.
func TestWalk(t *testing.T) {
	for _, size := range []struct{ w, h int }{{60, 16}, {80, 22}, {140, 38}} {
		t.Run(fmt.Sprintf("%dx%d", size.w, size.h), func(t *testing.T) {
			m, d, _ := stage(t, size.w, size.h)
			for i, want := range [][]string{
				{"copied; the digest is the same", "linux/amd64"},
				{"the root was pinned", "timestamp.json"},
				{"logged in; the registry has checked", "in plain text"},
				{"signed by pipeline-auth@demo.redhat.com", "RFC 3161", "were put back"},
				{"index 13  user1@demo.redhat.com", "no attestations, no SBOMs, no referrers", "the same digest 4 times"},
				{"4 signatures: 3 ok, 1 failed", "admin@example.org", "the subject does not match"},
				{"4 signatures: 3 ok, 1 failed", "admin@example.org"},
				{"no signature matches", "as this step wants it"},
			} {
				if i > 0 {
					d.Key("n")
				}
				d.Key("enter")
				if i == 3 {
					d.Until("question", func() bool { return strings.Contains(d.Text(), "Do you agree") })
					d.Key("y")
				}
				done := fmt.Sprintf("%d done", i+1)
				d.Until(done, func() bool { return strings.Contains(d.Text(), done) && !m.Running() })
				shows(t, d, want...)
			}
			d.Key("e")
			shows(t, d, "SIGSTORE_ID_TOKEN")
			if text := d.Text(); strings.Contains(text, "never-to-be-seen") || !strings.Contains(text, "••••••") {
				t.Errorf("secrets are not dots in\n%s", text)
			}
			d.Key("e")
			d.Key("l")
			shows(t, d, "9 What you have now", "blocked", "skipped")
		})
	}
}

// TestFailedAgain runs a step that is done with a line that fails: nothing says that this was wanted.
func TestFailedAgain(t *testing.T) {
	m, d, session := stage(t, 80, 22)
	d.Key("enter")
	d.Until("done", func() bool { return strings.Contains(d.Text(), "1 done") && !m.Running() })
	session.Fail(0)
	d.Until("failed", func() bool { return strings.Contains(d.Text(), "x  it broke") })
	if text := d.Text(); strings.Contains(text, "as this step wants it") || strings.Contains(text, "ok it broke") {
		t.Errorf("a failure is called a success in\n%s", text)
	}
	if status := m.Status(); !strings.Contains(status, "before") || !strings.Contains(status, "not so:") {
		t.Errorf("the status is %q", status)
	}
}

// TestCommandAlone asks for the command without the screen around it, and for it on the clipboard.
func TestCommandAlone(t *testing.T) {
	_, d, _ := stage(t, 80, 22)
	for key, want := range map[string]tea.Msg{
		"Y": screen.Raw{Text: "source ./copy-image-to-quay.sh"},
		"y": screen.Copy{Text: "source ./copy-image-to-quay.sh", What: "the command"},
	} {
		d.Key(key)
		d.Until(key, func() bool { return d.Has(want) })
	}
}

// TestFailureNobodyWanted tries a line that fails in a step whose checks hold: it changes the world or not, and the failure
// is none that the step wanted.
func TestFailureNobodyWanted(t *testing.T) {
	m, d, session := stage(t, 80, 22)
	d.Key("enter")
	d.Until("done", func() bool { return strings.Contains(d.Text(), "1 done") && !m.Running() })
	session.Change(func(snap *workshop.Snapshot) {
		snap.Steps[0].ExitCode, snap.Steps[0].Values, snap.Steps[0].Err = 1, nil, errors.New("it broke")
	})
	d.Until("failed", func() bool { return strings.Contains(d.Text(), "it broke") })
	if text := d.Text(); !strings.Contains(text, "x  it broke") || !strings.Contains(text, "1 done") {
		t.Errorf("a failure is called a success, or the step no longer done, in\n%s", text)
	}
}

// TestJudgedBeforeTheEnd holds that a step is drawn as running for as long as its run can be stopped, also when the session
// has judged it: who reads "failed" and presses q does not expect to be asked whether the step shall be stopped.
func TestJudgedBeforeTheEnd(t *testing.T) {
	m, d, session := stage(t, 80, 22)
	for i := range 3 {
		d.Key("enter")
		done := fmt.Sprintf("%d done", i+1)
		d.Until(done, func() bool { return strings.Contains(d.Text(), done) && !m.Running() })
		d.Key("n")
	}
	d.Key("enter")
	d.Until("question", func() bool { return strings.Contains(d.Text(), "Do you agree") })
	session.Change(func(snap *workshop.Snapshot) {
		snap.Steps[0].State, snap.Steps[3].State = workshop.StepIdle, workshop.StepFailed
	})
	d.Until("the change", func() bool { return strings.Contains(d.Text(), "2 done") })
	if text := d.Text(); !m.Running() || strings.Contains(text, "failed") {
		t.Errorf("a step that runs is called failed in\n%s", text)
	}
	d.Key("y")
	d.Until("end", func() bool { return strings.Contains(d.Text(), "3 done") && !m.Running() })
}

// TestPrompt types a line of its own, completes a word, and looks at older lines.
func TestPrompt(t *testing.T) {
	m, d, session := stage(t, 80, 22)
	d.Key("$")
	if m.Scope() != keys.Prompt || !strings.Contains(m.Status(), "tab completes") {
		t.Fatalf("no prompt: %s", m.Status())
	}
	d.Type("cos")
	d.Key("tab")
	d.Until("a whole word", func() bool { return strings.Contains(d.Text(), "$ cosign ") })
	d.Key("v")
	d.Key("tab")
	d.Until("what two have in common", func() bool { return strings.Contains(d.Text(), "$ cosign verify") })
	if !strings.Contains(m.Status(), "verify-attestation") {
		t.Errorf("it offers %q", m.Status())
	}
	d.Until("the line before", func() bool { // there is none until the older lines were read
		d.Key("up")
		return strings.Contains(d.Text(), "$ echo second")
	})
	d.Key("up")
	d.Until("the first line", func() bool { return strings.Contains(d.Text(), "$ echo first") })
	d.Key("down")
	d.Key("down")
	d.Until("what was typed", func() bool { return strings.Contains(d.Text(), "$ cosign verify") })
	d.Key("enter")
	d.Until("it ran", func() bool { return slices.Contains(session.Tried(), "cosign verify") })
}

// TestUndo asks before it puts the sandbox back, with a list of what is undone, and says where there is nothing.
func TestUndo(t *testing.T) {
	m, d, session := stage(t, 100, 28)
	says := func(text string) {
		t.Helper()
		d.Until(text, func() bool { return strings.Contains(m.Status()+d.Text(), text) })
	}
	d.Key("u")
	says("there is nothing to undo")
	d.Key("enter")
	says("ok done")
	d.Key("u")
	says("removes the file cosign.key")
	says("The transparency log keeps every entry")
	d.Key("n")
	if session.Snapshot().Steps[0].State != workshop.StepDone {
		t.Fatal("it was undone after a no")
	}
	d.Key("u")
	says("removes the file cosign.key")
	d.Key("y")
	says("the sandbox is as it was")
	if at := session.Snapshot().Steps[0]; at.State != workshop.StepIdle {
		t.Errorf("the step is %s", at.State)
	}
}

// TestResultWithoutADrawing has a step whose command kept what a check wants to know, and which nothing draws: what it printed is
// shown then, and no empty result.
func TestResultWithoutADrawing(t *testing.T) {
	m, d, session := stage(t, 80, 22)
	d.Key("enter")
	d.Until("done", func() bool { return strings.Contains(d.Text(), "1 done") && !m.Running() })
	if text := d.Text(); !strings.Contains(text, "result ─") {
		t.Fatalf("no result in\n%s", text)
	}
	session.Change(func(snap *workshop.Snapshot) { snap.Steps[0].Values = []any{&struct{}{}} })
	d.Until("the output", func() bool {
		return strings.Contains(d.Text(), "output ─") && !strings.Contains(d.Text(), "result ─")
	})
}
