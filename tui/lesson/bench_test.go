package lesson_test

import (
	"testing"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/muesli/termenv"

	"github.com/sigwalk/sigwalk/tui/lesson"
	"github.com/sigwalk/sigwalk/tui/lesson/lessontest"
	"github.com/sigwalk/sigwalk/tui/screen"
	"github.com/sigwalk/sigwalk/tui/screen/screentest"
	"github.com/sigwalk/sigwalk/tui/theme"
)

// BenchmarkTurn turns to another step and draws it on a large terminal. Every turn has another width, so that no Markdown was
// rendered before.
func BenchmarkTurn(b *testing.B) {
	m := lesson.New(screen.Deps{
		Context: b.Context(), Theme: theme.New(theme.Options{Dark: true, Profile: termenv.ANSI256}), Clock: lessontest.Now, Tasks: &screen.Tasks{},
	}, lesson.Options{Session: lessontest.Demo()})
	m.SetSize(140, 38)
	m.Update(m.Init()().(tea.BatchMsg)[0]())
	for i := 0; b.Loop(); i++ {
		key := "n"
		if i/8%2 == 1 { // eight steps there, eight back
			key = "p"
		}
		m.SetSize(140-i%2, 38)
		m.Update(screentest.Key(key))
		if lines := m.View(); len(lines) != 38 {
			b.Fatalf("%d lines", len(lines))
		}
	}
}
