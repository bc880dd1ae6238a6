package tui

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/sigwalk/sigwalk/tui/lesson/lessontest"
	"github.com/sigwalk/sigwalk/tui/screen"
	"github.com/sigwalk/sigwalk/tui/screen/screentest"
	"github.com/sigwalk/sigwalk/tui/theme"
)

// atLesson is a root that shows the test's lesson, and what drives it.
func atLesson(t *testing.T, dir string) (*root, *screentest.Driver) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	deps := screen.Deps{Context: ctx, Theme: theme.New(theme.Options{Dark: true}), Clock: lessontest.Now, Tasks: &screen.Tasks{}, Dir: dir}
	l := lessontest.Lesson()
	session := lessontest.New(l, lessontest.Env(), make([]lessontest.Play, len(l.Steps)))
	r := newRoot(deps, newWorkshop(deps, &school{}, session), nil, nil, &bytes.Buffer{})
	r.resize(140, 40)
	t.Cleanup(func() {
		cancel()
		deps.Tasks.Close()
		if err := r.close(); err != nil {
			t.Error(err)
		}
	})
	d := screentest.NewProgram(t, r)
	d.Until("step", func() bool { return strings.Contains(d.Text(), "Copy the image") })
	return r, d
}

// TestCopyOnceMore: the same key once more writes what it copied to a new file; another key between them begins anew, and a
// secret is never written.
func TestCopyOnceMore(t *testing.T) {
	dir := t.TempDir()
	_, d := atLesson(t, dir)
	files := func() int {
		found, err := filepath.Glob(filepath.Join(dir, "*"))
		if err != nil {
			t.Fatal(err)
		}
		return len(found)
	}
	for n, name := range []string{"copied.txt", "copied-2.txt"} {
		d.Key("y")
		d.Until("sent", func() bool { return strings.Contains(d.Text(), "once more writes a file") })
		if files() != n {
			t.Fatalf("%d files after the first time", files())
		}
		d.Key("y")
		d.Until("written", func() bool { return strings.Contains(d.Text(), "wrote the command to "+dir) })
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || string(text) != "source ./copy-image-to-quay.sh\n" {
			t.Errorf("%s holds %q, %v", name, text, err)
		}
		d.Key("n")
		d.Key("p")
	}
	r, _ := atLesson(t, dir)
	secret := screen.Copy{Text: "export TOKEN='hush'", What: "the line", Secret: true}
	for range 3 {
		if said := r.copy(secret)(); strings.Contains(said.(screen.Say).Text, "file") {
			t.Errorf("of a secret it says %q", said)
		}
	}
	if files() != 2 {
		t.Errorf("%d files", files())
	}
}

// TestWheel: the wheel moves what the keys up and down move, and nothing while a text is typed.
func TestWheel(t *testing.T) {
	r, d := atLesson(t, "")
	turn := func(button tea.MouseButton) {
		d.Send(tea.MouseMsg{Button: button, Action: tea.MouseActionPress})
	}
	d.Key("l") // the list of steps, of which enter opens the chosen one
	turn(tea.MouseButtonWheelDown)
	turn(tea.MouseButtonWheelDown)
	turn(tea.MouseButtonWheelUp)
	d.Key("enter")
	d.Until("three steps on", func() bool { return strings.Contains(d.Text(), "│ 4 Sign with an identity token") })
	turn(tea.MouseButtonLeft)
	d.Key(":") // a text is typed
	d.Until("palette", func() bool { return r.top().Scope().Typed() })
	typing := d.Text()
	turn(tea.MouseButtonWheelDown)
	d.Key("x")
	d.Until("typed", func() bool { return d.Text() != typing })
}
