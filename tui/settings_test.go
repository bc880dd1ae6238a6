package tui

import (
	"errors"
	"slices"
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/sigwalk/sigwalk/tui/lesson/lessontest"
	"github.com/sigwalk/sigwalk/tui/outline"
	"github.com/sigwalk/sigwalk/tui/settings"
)

// TestSettings finds settings in the palette, changes those that can be changed at once, and says of the others how they are
// given.
func TestSettings(t *testing.T) {
	var opened []*lessontest.Session
	deps := newDeps(t)
	deps.Settings = settings.New(nil, nil, map[settings.Name]string{settings.Host: "off"})
	s := newSized(t, deps, newStarting(deps, schoolOf(&opened), outline.Chosen{}))
	s.root.resize(140, 40)
	var kept []string
	s.root.keep = func(name settings.Name, value string) func() error {
		return func() error {
			kept = append(kept, string(name)+"="+value)
			return nil
		}
	}
	s.sees("The first lesson")
	choose := func(text, then string) {
		t.Helper()
		s.Key(":")
		s.sees("Find")
		s.Type(text)
		s.sees("1 of ")
		s.Key("enter")
		s.sees(then)
	}
	choose("setting mouse", "the mouse: wheel and clicks: on, now and the next time")
	s.Until("the mouse is asked for", func() bool { return slices.Contains(s.Sent, tea.EnableMouseCellMotion()) })
	choose("setting mouse", "the mouse: wheel and clicks: off")
	s.Until("the mouse is given back", func() bool { return slices.Contains(s.Sent, tea.DisableMouse()) })
	if !strings.Contains(s.Text(), "Environment") {
		t.Fatal("there are no panes")
	}
	choose("setting beside the step", "where there is room: off, now")
	if strings.Contains(s.Text(), "Environment") {
		t.Error("the panes are still there")
	}
	dark := s.root.View()
	choose("setting background", "the terminal's background: dark")
	choose("setting background", "the terminal's background: light")
	s.Key("n")
	s.Key("p")
	if s.root.View() == dark || s.root.deps.Theme.Options.Dark {
		t.Error("it looks as on a dark background")
	}
	choose("setting colours", "colours: off")
	s.Key("n")
	if strings.Contains(s.root.View(), "\x1b[38") {
		t.Error("there are colours")
	}
	choose("setting programs", "lessons may run programs of this machine: off; give it at the start, with sigwalk --allow-host")
	if want := "mouse=on mouse=off panes=off background=dark background=light colours=off"; strings.Join(kept, " ") != want {
		t.Errorf("kept is %q", kept)
	}
	s.root.keep = func(settings.Name, string) func() error {
		return func() error { return errors.New("the disk is full") }
	}
	choose("setting follow", "its end is shown as it grows: off, but only for now: the disk is full")
}
