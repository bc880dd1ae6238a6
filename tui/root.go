package tui

import (
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"

	"github.com/sigwalk/sigwalk/tui/help"
	"github.com/sigwalk/sigwalk/tui/keys"
	"github.com/sigwalk/sigwalk/tui/screen"
	"github.com/sigwalk/sigwalk/tui/settings"
	"github.com/sigwalk/sigwalk/tui/theme"
	"github.com/sigwalk/sigwalk/tui/widget"
	"github.com/sigwalk/sigwalk/workshop/transcript"
)

// The least size that anything is drawn at.
const (
	minWidth  = 60
	minHeight = 18
)

// root switches screens and carries messages to them. It knows nothing of what they show.
type root struct {
	deps          screen.Deps
	screens       []screen.Screen // the last one is shown
	in            io.Reader       // the terminal, for programs that are given the screen
	out           io.Writer
	notices       <-chan string
	width, height int
	help          *help.Overlay
	said          string      // until the next key
	denied        denied      // the key that could not be used, while said says why
	copied        screen.Copy // what the last key copied
	armed         keys.Intent
	spots         []widget.SpotAt                          // what can be clicked in the last frame
	able          theme.Options                            // what the terminal can show, whatever is set
	keep          func(settings.Name, string) func() error // nil keeps nothing
}

// notice is a sentence from elsewhere.
type notice string

// denied is an intent that could not be followed, and what was said of it.
type denied struct {
	intent keys.Intent
	said   string
}

// minute passes so that the clock is right.
type minute struct{}

func newRoot(deps screen.Deps, first screen.Screen, notices <-chan string, in io.Reader, out io.Writer) *root {
	return &root{deps: deps, screens: []screen.Screen{first}, notices: notices, in: in, out: out, able: deps.Theme.Options}
}

// Init implements tea.Model.
func (r *root) Init() tea.Cmd {
	return tea.Batch(r.top().Init(), r.listen(), r.nextMinute(), r.pollSize())
}

func (r *root) top() screen.Screen { return r.screens[len(r.screens)-1] }

// listen takes the next notice.
func (r *root) listen() tea.Cmd {
	if r.notices == nil {
		return nil
	}
	ctx, notices := r.deps.Context, r.notices
	return r.deps.Tasks.Cmd(func() tea.Msg {
		select {
		case <-ctx.Done():
		case text, ok := <-notices:
			if ok {
				return notice(text)
			}
		}
		return nil
	})
}

// nextMinute wakes when the minute changes.
func (r *root) nextMinute() tea.Cmd {
	now := time.Now()
	return r.deps.After(now.Truncate(time.Minute).Add(time.Minute).Sub(now), minute{})
}

func (r *root) resize(width, height int) {
	r.width, r.height = width, height
	for _, s := range r.screens {
		s.SetSize(width, height-2)
	}
}

// Update implements tea.Model.
func (r *root) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		r.resize(msg.Width, msg.Height)
		return r, nil
	case tea.KeyMsg:
		return r, r.keys(msg)
	case tea.MouseMsg:
		return r, r.mouse(msg)
	case screen.Push, screen.Pop, screen.Replace:
		return r, r.change(msg)
	case screen.Say:
		r.said = msg.Text
		return r, nil
	case notice:
		r.said = widget.Clean(string(msg))
		return r, r.listen()
	case turn:
		return r, r.turn(msg)
	case screen.Copy:
		return r, r.copy(msg)
	case screen.Raw:
		return r, r.raw(msg)
	case screen.Exec:
		return r, r.exec(msg)
	case minute:
		return r, r.nextMinute()
	case sizePolled:
		return r, tea.Batch(tea.WindowSize(), r.pollSize())
	}
	// Results go to the screen that asked for them, which may not be the one that is shown: each knows its own.
	var cmds []tea.Cmd
	for _, s := range r.screens {
		cmds = append(cmds, s.Update(msg))
	}
	if r.denied.intent != "" && r.said == r.denied.said && r.top().Disabled(r.denied.intent) == "" {
		r.said, r.denied = "", denied{} // the reason is gone
	}
	return r, tea.Batch(cmds...)
}

func (r *root) change(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case screen.Push:
		r.screens = append(r.screens, msg.Screen)
	case screen.Pop:
		if len(r.screens) > 1 {
			r.screens = r.screens[:len(r.screens)-1]
		}
		if msg.Then != nil {
			return screen.Send(msg.Then)
		}
		return nil
	case screen.Replace:
		r.screens[len(r.screens)-1] = msg.Screen
	}
	r.top().SetSize(r.width, r.height-2)
	return r.top().Init()
}

// copy sends text to the clipboard of the terminal by OSC 52 (Xterm Control Sequences). Nobody learns whether it came
// there, so nothing more is said than that it was sent; the same key once more writes it to a file, unless it is a secret.
func (r *root) copy(msg screen.Copy) tea.Cmd {
	again := msg == r.copied
	r.copied = msg
	out, dir := r.out, r.deps.Dir
	return r.deps.Tasks.Cmd(func() tea.Msg {
		said := fmt.Sprintf("sent %s to the terminal's clipboard", msg.What)
		switch {
		case dir == "" || msg.Secret:
		case again:
			file, err := transcript.WriteNext(dir, "copied", ".txt", msg.Text+"\n")
			if err != nil {
				return screen.Say{Text: "not written: " + err.Error()}
			}
			return screen.Say{Text: fmt.Sprintf("wrote %s to %s", msg.What, filepath.Join(dir, file))}
		default:
			said += "; once more writes a file"
		}
		if err := clipboard(out, ansi.SetSystemClipboard(msg.Text)); err != nil {
			return screen.Say{Text: "not sent: " + err.Error()}
		}
		return screen.Say{Text: said}
	})
}

func (r *root) exec(msg screen.Exec) tea.Cmd {
	if msg.Command == nil {
		return screen.Tell("there is no shell here")
	}
	// Bubble Tea would take a wrapped input, which is no terminal to the program, and the process's own standard error,
	// which does not reach the terminal while a screen is drawn.
	if msg.Command.Stdin == nil {
		msg.Command.Stdin = r.in
	}
	if msg.Command.Stderr == nil {
		msg.Command.Stderr = r.out
	}
	return tea.ExecProcess(msg.Command, func(err error) tea.Msg {
		// A shell ends with the exit code of its last command, which is nobody's failure here.
		if _, exited := err.(*exec.ExitError); exited { //nolint:errorlint // Wait returns it as it is
			err = nil
		}
		if msg.Done == nil {
			return nil
		}
		return msg.Done(err)
	})
}

// View implements tea.Model.
func (r *root) View() string {
	r.spots = nil
	if r.width < minWidth || r.height < minHeight {
		return r.tooSmall()
	}
	lines := widget.Block(r.top().View(), r.width, r.height-2)
	if r.help != nil {
		lines = r.help.Lay(lines, r.width, len(lines))
	}
	lines = append(lines, r.status(), r.keyLine())
	if r.deps.Theme.Options.Mouse {
		lines, r.spots = widget.Spots(lines)
	}
	return widget.Screen(lines, r.width, r.height)
}

func (r *root) tooSmall() string {
	if r.width <= 0 || r.height <= 0 {
		return ""
	}
	text := fmt.Sprintf("sigwalk needs %dx%d, this is %dx%d", minWidth, minHeight, r.width, r.height)
	if r.width < len(text) {
		text = fmt.Sprintf("needs %dx%d", minWidth, minHeight)
	}
	return widget.Screen([]string{text}, r.width, r.height)
}

func (r *root) status() string {
	text := r.said
	if text == "" {
		text = r.top().Status()
		switch {
		case r.armed == keys.Interrupt:
			text = strings.TrimPrefix(text+" - ^C again quits", " - ")
		case text == "" && len(r.screens) > 1:
			text = "esc goes back"
		}
	}
	return " " + widget.Fit(widget.Linked(r.deps.Theme, text), r.width-2, r.deps.Theme.Lines.More) + " "
}

// keyLine shows as many keys as there is room for, those of the screen first; the ways out and to help always.
func (r *root) keyLine() string {
	t := r.deps.Theme
	scope := r.scope()
	bindings := keys.For(scope)
	hint := func(b keys.Binding) string {
		place := slices.IndexFunc(bindings, func(other keys.Binding) bool { return other.Intent == b.Intent })
		return "  " + widget.Spot(t, place, t.Key.Render(b.Label())+" "+t.Faint.Render(b.Short))
	}
	last := ""
	for _, intent := range []keys.Intent{keys.Back, keys.ShowHelp} {
		if b := keys.Of(scope, intent); b.Short != "" {
			last += hint(b)
		}
	}
	line := ""
	for _, b := range bindings {
		if b.Short == "" || b.Intent == keys.ShowHelp || b.Intent == keys.Back || r.help == nil && r.top().Disabled(b.Intent) != "" {
			continue
		}
		next := line + hint(b)
		if widget.Width(next)+widget.Width(last) > r.width {
			break
		}
		line = next
	}
	return widget.Fit((line + last)[1:], r.width, "")
}

// scope says what keys mean now.
func (r *root) scope() keys.Scope {
	if r.help != nil {
		return keys.Help
	}
	return r.top().Scope()
}

// close releases what the screens hold that outlives them.
func (r *root) close() error {
	var first error
	for _, s := range r.screens {
		if c, ok := s.(io.Closer); ok {
			if err := c.Close(); err != nil && first == nil {
				first = err
			}
		}
	}
	return first
}
