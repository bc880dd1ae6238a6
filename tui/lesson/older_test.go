package lesson

import (
	"testing"

	"github.com/sigwalk/sigwalk/tui/lesson/lessontest"
	"github.com/sigwalk/sigwalk/tui/screen"
	"github.com/sigwalk/sigwalk/tui/theme"
)

// TestOlderSnapshot takes a snapshot that was made before the session was told of the last step that the person turned to, as one
// does that a check in the background asked for: the step that is shown stays, and the session is not told of another.
func TestOlderSnapshot(t *testing.T) {
	session := lessontest.Demo()
	deps := screen.Deps{Context: t.Context(), Theme: theme.New(theme.Options{Dark: true}), Clock: lessontest.Now, Tasks: &screen.Tasks{}}
	m := New(deps, Options{Session: session})
	m.SetSize(80, 22)
	m.Update(m.take(nil))
	older := m.take(nil) // it names the first step
	for range 2 {
		m.Update(screen.Key("n"))
		session.Select(m.step)
		m.Update(selected{m, m.step})
		m.Update(m.take(nil))
		if m.snap.Current != m.step {
			t.Fatalf("the session is at step %d, the screen at %d", m.snap.Current+1, m.step+1)
		}
	}
	m.Update(older)
	if m.step != 2 || m.told != 2 || m.telling >= 0 {
		t.Errorf("an older snapshot turned back to step %d, the session was told of %d", m.step+1, m.told+1)
	}
	m.Update(m.take(nil))
	if m.step != 2 {
		t.Errorf("the next snapshot turned to step %d", m.step+1)
	}
}
