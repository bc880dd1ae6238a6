package trace_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	tracing "github.com/sigwalk/sigwalk/actions/trace"
	"github.com/sigwalk/sigwalk/tui/lesson/lessontest"
	"github.com/sigwalk/sigwalk/tui/screen"
	"github.com/sigwalk/sigwalk/tui/screen/screentest"
	"github.com/sigwalk/sigwalk/tui/theme"
	"github.com/sigwalk/sigwalk/tui/trace"
)

// work is an action that goes on when the test says so.
type work struct {
	mu   sync.Mutex
	look trace.Look
}

func (w *work) at(change func(*trace.Look)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change(&w.look)
}

func (w *work) seen() trace.Look {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.look
}

func show(t *testing.T, dir string, w *work) (*trace.Model, *screentest.Driver) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	deps := screen.Deps{Context: ctx, Theme: theme.New(theme.Options{Dark: true}), Clock: lessontest.Now, Tasks: &screen.Tasks{}, Dir: dir}
	m := trace.New(deps, trace.Options{Title: "4 Sign", Look: w.seen})
	m.SetSize(100, 30)
	d := screentest.New(t, m)
	t.Cleanup(func() {
		cancel()
		deps.Tasks.Close()
	})
	return m, d
}

// TestFollowsWhatRuns: a stage that begins while one looks comes by itself, and so does what the step asks and its end.
func TestFollowsWhatRuns(t *testing.T) {
	whole := lessontest.Trace()
	w := &work{}
	w.look.Running = true
	m, d := show(t, "", w)
	d.Until("nothing yet", func() bool { return strings.Contains(d.Text(), "nothing was recorded yet") })
	if why := m.Disabled("write"); why == "" {
		t.Error("a trace can be saved nowhere")
	}
	w.at(func(l *trace.Look) { l.Trace.Stages, l.Asks = whole.Stages[:2], true })
	d.Until("two stages", func() bool { return strings.Contains(d.Text(), "~ running  2 stages  1 call") })
	if !strings.Contains(m.Status(), "asks something") {
		t.Errorf("the status says %q", m.Status())
	}
	w.at(func(l *trace.Look) { l.Trace, l.Asks, l.Running = whole, false, false })
	d.Until("the end", func() bool {
		return strings.Contains(d.Text(), " 5 stages  5 calls  1.24 s") && !strings.Contains(d.Text(), "running")
	})
}

// TestSaves writes what is shown to a new file each time, which nobody else can read.
func TestSaves(t *testing.T) {
	dir := t.TempDir()
	w := &work{look: trace.Look{Trace: lessontest.Trace()}}
	m, d := show(t, dir, w)
	d.Until("the stages", func() bool { return strings.Contains(d.Text(), "certificate from Fulcio") })
	for _, name := range []string{"trace.json", "trace-2.json"} {
		d.Key("E")
		d.Until(name, func() bool { return strings.Contains(m.Status(), name) })
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Fatalf("%v, %v", info, err)
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, "trace.json"))
	if err != nil || !strings.Contains(string(text), `"path": "/api/v2/signingCert"`) {
		t.Errorf("%v\n%s", err, text)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	d.Key("E")
	d.Until("the refusal", func() bool { return strings.Contains(m.Status(), "cannot be written") })
}

// TestCallsThatFailed say why there was no answer.
func TestCallsThatFailed(t *testing.T) {
	w := &work{look: trace.Look{Trace: lessontest.Trace()}}
	_, d := show(t, "", w)
	d.Until("the stages", func() bool { return strings.Contains(d.Text(), "certificate from Fulcio") })
	d.Key("down")
	d.Key("down")
	d.Key("down")
	for _, want := range []string{"409", "no answer: connection refused", "2.00 s"} {
		if !strings.Contains(d.Text(), want) {
			t.Errorf("%q is not in\n%s", want, d.Text())
		}
	}
	d.Key("y")
	want := screen.Copy{Text: trace.Text(lessontest.Trace().Stages[3]), What: "the stage"}
	d.Until("the copy", func() bool { return d.Has(want) })
	if !strings.Contains(want.Text, "no answer after 2.00 s: connection refused") {
		t.Errorf("the copy reads %s", want.Text)
	}
	d.Key("end")
	if !strings.Contains(d.Text(), "/v2/") {
		t.Errorf("the calls of no stage are missing in\n%s", d.Text())
	}
}

// TestText of a stage that made something holds it.
func TestText(t *testing.T) {
	text := trace.Text(lessontest.Trace().Stages[2])
	for _, want := range []string{"Get a certificate from Fulcio: 112 ms, pipeline-auth", "notAfter: 2026-10-22T12:51:05Z", "POST fulcio.apps.cluster-qkw52.example.com/api/v2/signingCert: 200 in 108 ms, sent 2.1 kB, read 4.3 kB"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	if text := trace.Text(tracing.Stage{Title: "x"}); text != "x: 0 ms\n" {
		t.Errorf("an empty stage reads %q", text)
	}
}
