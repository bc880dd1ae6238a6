package tui

import (
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"

	"github.com/sigwalk/sigwalk/tui/replay"
	"github.com/sigwalk/sigwalk/tui/screen"
	"github.com/sigwalk/sigwalk/workshop/recording"
)

// cast is a recording of 30x4 of these outputs, a minute apart, each behind a marker.
func cast(outputs ...string) *recording.Recording {
	r := &recording.Recording{Title: "x", Made: time.Date(2026, 11, 30, 7, 46, 0, 0, time.UTC), Width: 30, Height: 4}
	for i, text := range outputs {
		at := time.Duration(i) * time.Minute
		r.Events = append(r.Events, recording.Event{At: at, Kind: recording.Marker, Data: "step " + string(rune('A'+i))},
			recording.Event{At: at, Kind: recording.Output, Data: text})
	}
	return r
}

func newReplay(t *testing.T, r *recording.Recording) sized {
	t.Helper()
	deps := newDeps(t)
	return newSized(t, deps, replay.New(deps, r))
}

func TestReplayIsMarkedAndWound(t *testing.T) {
	s := newReplay(t, cast("\x1b[2J\x1b[1;1Hfirst", "\x1b[2J\x1b[1;1Hsecond", "\x1b[2J\x1b[1;1H\x1b[31mthird\x1b[m"))
	s.sees("first")
	s.sees("RECORDING of 2026-11-30 07:46 UTC  step A")
	s.sees("0:00:00 of 0:02:00  1x")
	s.Key("+")
	s.sees("1.5x")
	s.Key("-")
	s.Key(" ")
	s.sees("paused: space goes on")
	s.Key("n")
	s.sees("second")
	s.sees("0:01:00 of 0:02:00")
	s.Key("right")
	s.sees("third")
	s.sees("the end of the recording")
	s.Key("left")
	s.sees("second")
	s.Key("left")
	s.sees("first")
	s.Key("]")
	s.sees("step B")
	s.Key("g")
	s.sees("0:00:00 of")
}

// Nothing that a recording holds reaches the terminal but text and colours.
func TestHostileRecordingsDoNoHarm(t *testing.T) {
	hostile := "\x1b]52;c;cm0gLXJmIC8=\a\x1b]0;title\x07\x1b[6n\x1b[c\x1bP+q544e\x1b\\\x1b[?1006h\x1b[?1000h\x1b]8;;http://evil\x1b\\x\x1b]8;;\x1b\\" +
		"\x1b[99999999;99999999H\x1b[99999999@\x1b[99999999L\x1b[99999999P\x1b[99999999S\x1b[5;1r\x1b[0;0r\u009b31mC1\u202eturned\x1bc\x1b#8\x1b(0lqk\x1b[38;5;999m\x1b[38;2;1m" + odd + "\x1b[1;1Hstill here"
	s := newReplay(t, cast(hostile, "\x1b[H\x1b[2Jlater"))
	s.sees("still here")
	for _, bad := range []string{"\x1b]", "\x1bP", "\x1b[6n", "\x1b[c", "\x1b[?", "\u009b", "\u202e", "\a", "\x1bc", "\x1b#"} {
		if strings.Contains(s.View(), bad) {
			t.Errorf("%q reaches the terminal", bad)
		}
	}
	s.holds(t)
	rapid.Check(t, func(rt *rapid.T) {
		piece := rapid.SampledFrom([]string{
			"\x1b[", "\x1b]", "\x1b", ";", "?", "1", "99", "999999999999", "H", "m", "r", "L", "M", "P", "@", "J", "K", "S", "T", "X", "d", "-", "\x07", "\x9b", "\u009b", "x", "署", "👩‍💻", "\r", "\n", "\b", "\t", "\x00", " ",
		})
		deps := screen.Deps{Context: t.Context(), Theme: newDeps(t).Theme, Tasks: &screen.Tasks{}}
		m := replay.New(deps, cast(strings.Join(rapid.SliceOfN(piece, 0, 60).Draw(rt, "output"), "")))
		m.SetSize(60, 16)
		m.Update(screen.Key("n"))
		for i, line := range m.View() {
			if ansi.StringWidth(line) != 60 || strings.ContainsAny(ansi.Strip(line), "\x1b\r\n\a\b\t") {
				rt.Fatalf("line %d is %q", i, line)
			}
		}
	})
}

func TestReplaySaysWhatSizeItNeeds(t *testing.T) {
	r := cast("first")
	r.Width, r.Height = 120, 40
	s := newReplay(t, r)
	s.sees("RECORDING")
	s.sees("the recording needs a terminal of 120x43, and this one has 100x30")
	s.root.resize(120, 43)
	s.sees("first")
	s.holds(t)
}
