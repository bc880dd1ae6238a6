package tui

import (
	"fmt"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/sigwalk/sigwalk/tui/present"
	"github.com/sigwalk/sigwalk/tui/widget"
	"github.com/sigwalk/sigwalk/workshop/recording"
	"github.com/sigwalk/sigwalk/workshop/stage"
)

// Recorder is what keeps a recording, a recording.Writer, whose documentation says what each method does.
type Recorder interface {
	Frame(lines []string, width, height int)
	Mark(label string)
}

var _ Recorder = (*recording.Writer)(nil)

// ReservedLines is how much lower a screen that is recorded is than its terminal: a player needs that for itself, so that a
// recording can be played on a terminal like the one it was made on.
const ReservedLines = 3

// recorder is the program while it is recorded. What is kept are its frames, behind the curtain, and never what a shell or a raw
// view writes to the terminal.
type recorder struct {
	*root
	shown  tea.Model // the root, or the projector around it
	to     Recorder
	began  time.Time
	marked string // the step that was marked last
}

// newRecorder records shown, which is r or has r in it.
func newRecorder(r *root, shown tea.Model, to Recorder) *recorder {
	r.resize(r.width, r.height-ReservedLines)
	return &recorder{root: r, shown: shown, to: to, began: r.deps.Clock.Now()}
}

// Init implements tea.Model.
func (r *recorder) Init() tea.Cmd { return r.shown.Init() }

// Update implements tea.Model.
func (r *recorder) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	if size, ok := msg.(tea.WindowSizeMsg); ok {
		size.Height -= ReservedLines
		msg = size
	}
	_, cmd := r.shown.Update(msg)
	if w := r.workshop(); w != nil {
		if now, ok := w.Presented(); ok {
			r.mark(now.Snapshot.Steps[now.Step].Step.Title, now.Step)
		}
	}
	return r, cmd
}

// mark marks each step as one comes to it.
func (r *recorder) mark(title string, step int) {
	if label := fmt.Sprintf("%d %s", step+1, widget.Clean(title)); label != r.marked {
		r.marked = label
		r.to.Mark(label)
	}
}

// View implements tea.Model: below the frame that is kept stands that it is.
func (r *recorder) View() string {
	t := r.deps.Theme
	if r.width <= 0 || r.height <= 0 {
		return r.shown.View()
	}
	view := r.curtain().Hide(r.shown.View())
	lines := widget.Block(strings.Split(view, "\n"), r.width, r.height)
	// A hyperlink leads somewhere here and today: what it is shown as is all that is kept.
	r.to.Frame(widget.Block(strings.Split(widget.Unlinked(view), "\n"), r.width, r.height), r.width, r.height)
	elapsed := r.deps.Clock.Now().Sub(r.began)
	foot := []string{
		widget.Rule(t, "", "", t.Rule, r.width),
		fmt.Sprintf(" %s since %s, without secrets: quitting ends it", t.Bad.Render("* recording"), present.Clock(elapsed)),
		"",
	}
	return strings.Join(append(lines, widget.Block(foot, r.width, ReservedLines)...), "\n")
}

// curtain hides the secrets of the lesson that is open.
func (r *root) curtain() (c stage.Curtain) {
	if w := r.workshop(); w != nil {
		if hidden, ok := w.session.(*present.Hidden); ok {
			return hidden.Curtain()
		}
	}
	return c
}

// workshop returns the lesson that is open, or nil.
func (r *root) workshop() *workshopScreen {
	for i := len(r.screens) - 1; i >= 0; i-- {
		if w, ok := r.screens[i].(*workshopScreen); ok {
			return w
		}
	}
	return nil
}
