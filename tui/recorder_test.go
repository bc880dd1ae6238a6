package tui

import (
	"strings"
	"testing"

	"github.com/sigwalk/sigwalk/tui/screen"
	"github.com/sigwalk/sigwalk/tui/theme"
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
	recorded := newRecorder(r, kept)
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
