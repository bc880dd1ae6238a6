package lesson_test

import (
	"context"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/sigwalk/sigwalk/tui/lesson"
	"github.com/sigwalk/sigwalk/tui/lesson/lessontest"
	"github.com/sigwalk/sigwalk/tui/screen"
	"github.com/sigwalk/sigwalk/tui/screen/screentest"
	"github.com/sigwalk/sigwalk/tui/theme"
)

// stage is a lesson screen with a driver that carries out its commands.
func stage(t *testing.T, width, height int) (*lesson.Model, *screentest.Driver, *lessontest.Session) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	session := lessontest.Demo()
	deps := screen.Deps{Context: ctx, Theme: theme.New(theme.Options{Dark: true, Profile: 3}), Clock: lessontest.Now, Tasks: &screen.Tasks{}}
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

func TestWalk(t *testing.T) {
	for _, size := range []struct{ w, h int }{{80, 22}, {140, 38}, {60, 16}} {
		_, d, _ := stage(t, size.w, size.h)
		t.Log("\n" + d.Text())
		d.Key("enter")
		d.Until("copied", func() bool { return strings.Contains(d.Text(), "copied") })
		t.Log("\n" + d.Text())
		for _, want := range []string{"pinned", "plain text"} {
			d.Key("n")
			d.Key("enter")
			d.Until(want, func() bool { return strings.Contains(d.Text(), want) })
			t.Log("\n" + d.Text())
		}
		d.Key("n")
		d.Key("enter")
		d.Until("question", func() bool { return strings.Contains(d.Text(), "Do you agree") })
		t.Log("\n" + d.Text())
		d.Key("y")
		d.Key("y")
		d.Until("signed", func() bool { return strings.Contains(d.Text(), "signed by") })
		t.Log("\n" + d.Text())
		for _, want := range []string{"attestations", "user1@", "user1@", "no signature matches"} {
			d.Key("n")
			d.Key("enter")
			d.Until(want, func() bool { return strings.Contains(d.Text(), want) })
			t.Log("\n" + d.Text())
		}
		d.Key("e")
		t.Log("\n" + d.Text())
		d.Key("l")
		t.Log("\n" + d.Text())
	}
	_ = time.Second
	_ = tea.Quit
}
