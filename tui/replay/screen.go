package replay

import (
	"fmt"
	"strings"

	"github.com/charmbracelet/x/ansi"
	"github.com/hinshun/vt10x"

	"github.com/sigwalk/sigwalk/tui/widget"
	"github.com/sigwalk/sigwalk/workshop/recording"
)

// terminal is the terminal in a recording. What a recording writes never reaches the person's own: it is drawn on this one, whose
// cells are then drawn anew, so that no sequence of a foreign file can move a cursor, set a title, or ask for an answer.
type terminal struct {
	vt            vt10x.Terminal
	width, height int
	broken        bool // the emulator failed
}

func newTerminal(width, height int) *terminal {
	return &terminal{vt: vt10x.New(vt10x.WithSize(width, height)), width: width, height: height}
}

// apply does what an event does. A sequence on which the emulator fails costs the rest of the recording and not the program.
func (t *terminal) apply(e recording.Event) {
	defer func() {
		if recover() != nil {
			t.broken = true
		}
	}()
	if t.broken {
		return
	}
	switch e.Kind {
	case recording.Output:
		_, _ = t.vt.Write([]byte(safe(e.Data)))
	case recording.Resize:
		t.width, t.height = e.Size()
		t.vt.Resize(t.width, t.height)
	case recording.Marker:
	}
}

// drawing are the final characters of the control sequences that only draw (ECMA-48): the cursor's places, erasing, inserting,
// deleting, scrolling and its region, colours.
const drawing = "ABCDEFGHJKLMPSTX@`adefmr"

// largest is the largest number in a sequence that means anything on a screen.
const largest = 1000

// safe keeps text and the sequences that only draw.
func safe(data string) string {
	var b strings.Builder
	parser := ansi.NewParser()
	state := byte(0)
	for data != "" {
		seq, width, n, next := ansi.DecodeSequence(data, state, parser)
		if n <= 0 {
			break
		}
		data, state = data[n:], next
		switch {
		case width > 0:
			b.WriteString(seq)
		case seq == "\r", seq == "\n", seq == "\b", seq == "\t":
			b.WriteString(seq)
		case strings.HasPrefix(seq, "\x1b["):
			b.WriteString(control(parser))
		}
	}
	return b.String()
}

// control writes a control sequence anew, when it only draws.
func control(parser *ansi.Parser) string {
	command := ansi.Cmd(parser.Command())
	if command.Intermediate() != 0 || command.Prefix() != 0 || !strings.ContainsRune(drawing, rune(command.Final())) {
		return ""
	}
	var params []string
	for _, p := range parser.Params() {
		params = append(params, fmt.Sprint(max(0, min(largest, p.Param(0)))))
	}
	return "\x1b[" + strings.Join(params, ";") + string(command.Final())
}

// The modes of a cell, which the emulator does not name.
const (
	modeUnderline = 1 << 1
	modeBold      = 1 << 2
	modeItalic    = 1 << 4
)

// lines draws the cells, without colours where colour is false.
func (t *terminal) lines(colour bool) []string {
	out := make([]string, t.height)
	for y := range out {
		var b strings.Builder
		var run []rune
		style := vt10x.Glyph{FG: vt10x.DefaultFG, BG: vt10x.DefaultBG}
		flush := func() {
			text := widget.Clean(string(run))
			if start := sequence(style); colour && start != "" {
				text = start + text + "\x1b[m"
			}
			b.WriteString(text)
			run = run[:0]
		}
		for x := range t.width {
			cell := t.vt.Cell(x, y)
			if cell.FG != style.FG || cell.BG != style.BG || cell.Mode != style.Mode {
				flush()
				style = cell
			}
			if cell.Char == 0 {
				cell.Char = ' '
			}
			run = append(run, cell.Char)
		}
		flush()
		out[y] = b.String()
	}
	return out
}

// sequence is what turns a style on.
func sequence(g vt10x.Glyph) string {
	var params []string
	for _, m := range []struct {
		mode int16
		code string
	}{{modeBold, "1"}, {modeItalic, "3"}, {modeUnderline, "4"}} {
		if g.Mode&m.mode != 0 {
			params = append(params, m.code)
		}
	}
	if g.FG == vt10x.DefaultBG || g.BG == vt10x.DefaultFG {
		params = append(params, "7") // both are the terminal's own, turned round
	}
	params = append(append(params, colour(g.FG, "38")...), colour(g.BG, "48")...)
	if len(params) == 0 {
		return ""
	}
	return "\x1b[" + strings.Join(params, ";") + "m"
}

func colour(c vt10x.Color, which string) []string {
	switch {
	case c >= vt10x.DefaultFG:
		return nil
	case c < 256:
		return []string{which, "5", fmt.Sprint(uint32(c))}
	}
	return []string{which, "2", fmt.Sprint(c >> 16 & 255), fmt.Sprint(c >> 8 & 255), fmt.Sprint(c & 255)}
}
