// Package present is what an audience may see of a lesson, how it goes on by itself, and the terminal of whoever presents it.
package present

import (
	"slices"
	"sync"

	"github.com/sigwalk/sigwalk/tui/lesson"
	"github.com/sigwalk/sigwalk/workshop"
	"github.com/sigwalk/sigwalk/workshop/environment"
	"github.com/sigwalk/sigwalk/workshop/stage"
)

// Hidden is a session that others look at: no secret comes out of it, whatever a line prints.
type Hidden struct {
	lesson.Session

	mu      sync.Mutex
	vars    []environment.Variable
	curtain stage.Curtain
}

// Hide returns a session without its secrets.
func Hide(session lesson.Session) *Hidden { return &Hidden{Session: session} }

// Curtain hides the secrets of the session as it was when somebody last looked at it.
func (h *Hidden) Curtain() stage.Curtain {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.curtain
}

func (h *Hidden) of(vars []environment.Variable) stage.Curtain {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.vars == nil || !slices.Equal(h.vars, vars) {
		h.vars, h.curtain = vars, stage.NewCurtain(vars)
	}
	return h.curtain
}

// Snapshot implements lesson.Session.
func (h *Hidden) Snapshot() workshop.Snapshot {
	snapshot := h.Session.Snapshot()
	curtain := h.of(snapshot.Env)
	snapshot.Env = curtain.Variables(snapshot.Env)
	for i := range snapshot.Notices {
		snapshot.Notices[i] = curtain.Hide(snapshot.Notices[i])
	}
	return snapshot
}

// Output implements lesson.Session. While a step runs it gives whole lines: a piece may end in the middle of a secret.
func (h *Hidden) Output(step, offset int) (text string, next int) {
	text, next = h.Session.Output(step, offset)
	if text == "" {
		return text, next
	}
	// What a line has set may be in the text already, so that the variables are looked at after it.
	snapshot := h.Session.Snapshot()
	curtain := h.of(snapshot.Env)
	if step < len(snapshot.Steps) && snapshot.Steps[step].State == workshop.StepRunning {
		whole := curtain.Whole(text)
		next -= len(text) - whole
		text = text[:whole]
	}
	return curtain.Hide(text), next
}
