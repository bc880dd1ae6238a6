package tui

import (
	"strings"
	"testing"

	"github.com/sigwalk/sigwalk/tui/keys"
	"github.com/sigwalk/sigwalk/tui/lesson/lessontest"
	"github.com/sigwalk/sigwalk/tui/present"
	"github.com/sigwalk/sigwalk/tui/screen"
	"github.com/sigwalk/sigwalk/tui/screen/screentest"
	"github.com/sigwalk/sigwalk/tui/theme"
	"github.com/sigwalk/sigwalk/workshop/stage"
)

// frames keeps the last frame.
type frames struct{ lines []string }

func (f *frames) Frame(lines []string, _, _ int) { f.lines = lines }
func (f *frames) Mark(string)                    {}

// TestRecordingHasNoLinks: an address on the screen leads somewhere, and in a recording it is text.
func TestRecordingHasNoLinks(t *testing.T) {
	r, d := atLesson(t, "")
	r.resize(140, 43)
	*r.deps.Theme = *theme.New(theme.Options{Dark: true, Links: true})
	kept := &frames{}
	recorded := newRecorder(r, r, kept)
	const address = "https://quay.example.com/repository/demo"
	d.Send(screen.Say{Text: "opened in your browser: " + address})
	link := "\x1b]8;"
	if view := recorded.View(); !strings.Contains(view, link) || !strings.Contains(view, ";"+address+"\a") {
		t.Errorf("the screen has no link:\n%s", view)
	}
	if frame := strings.Join(kept.lines, "\n"); strings.Contains(frame, link) || !strings.Contains(frame, "browser: "+address) {
		t.Errorf("what is kept is\n%s", frame)
	}
}

// TestRecordingOfATalk: a projector that is recorded obeys those who follow it, and what is kept is what the audience sees.
func TestRecordingOfATalk(t *testing.T) {
	deps := newDeps(t)
	p := &platform{commands: make(chan stage.Command, 8), joined: make(chan int, 1)}
	r := newRoot(deps, newWorkshop(deps, &school{stage: p}, present.Hide(lessontest.Demo())), nil, nil, nil)
	r.resize(80, 24+ReservedLines)
	kept := &frames{}
	s := sized{screentest.NewProgram(t, newRecorder(r, newProjector(r, p), kept)), r}
	s.sees("* recording since")
	frame := func() string {
		s.View()
		return strings.Join(kept.lines, "\n")
	}
	kepts := func(text string) {
		t.Helper()
		s.Until(text, func() bool { return strings.Contains(frame(), text) })
	}
	kepts("1 Copy the image")
	p.joined <- 1
	s.Until("the audience's screen", func() bool { return len(p.state.Screen) == 24 })
	p.commands <- stage.Command{Intent: string(keys.Blank)}
	s.Until("nothing", func() bool { return p.state.Blank && strings.TrimSpace(frame()) == "" })
	s.sees("* recording since") // whoever is at its keyboard knows
	p.commands <- stage.Command{Intent: string(keys.Blank)}
	p.commands <- stage.Command{Intent: string(keys.Jump), Step: 1}
	kepts("2 Fetch the trust root")
	if frame := frame(); len(kept.lines) != 24 || strings.Contains(frame, "recording since") {
		t.Errorf("%d lines are kept:\n%s", len(kept.lines), frame)
	}
}
