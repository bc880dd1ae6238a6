package lesson

import (
	"fmt"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/sigwalk/sigwalk/tui/keys"
	"github.com/sigwalk/sigwalk/tui/screen"
	"github.com/sigwalk/sigwalk/tui/widget"
)

// prompt is the line in which a person types any command of the workshop shell.
type prompt struct {
	input   *widget.Input
	history []string // the last one last
	at      int      // in history; len(history) for the line that is being typed
	typed   string   // that line, while another is looked at
	offers  []string // what the last word can become
}

// remembered brings the lines that were run before.
type remembered struct {
	of    *Model
	lines []string
}

// completed brings what the last word of text can become.
type completed struct {
	of         *Model
	text       string
	candidates []string
	from       int
}

// openPrompt begins a line.
func (m *Model) openPrompt() tea.Cmd {
	m.prompt = &prompt{input: widget.NewInput(m.deps.Theme)}
	session := m.session
	return m.deps.Tasks.Cmd(func() tea.Msg { return remembered{m, session.History()} })
}

// prompted takes a key while a line is typed.
func (m *Model) prompted(msg tea.KeyMsg) tea.Cmd {
	p := m.prompt
	intent, _ := keys.Find(keys.Prompt, msg.String())
	if msg.Paste {
		intent = ""
	}
	switch intent {
	case keys.Submit:
		line := p.input.Text()
		m.prompt = nil
		if strings.TrimSpace(line) == "" {
			return nil
		}
		return m.try(line)
	case keys.Up, keys.Down:
		p.walk(intent)
	case keys.Complete:
		text, session, ctx := p.input.Text(), m.session, m.deps.Context
		return m.deps.Tasks.Cmd(func() tea.Msg {
			candidates, from := session.Complete(ctx, text)
			return completed{m, text, candidates, from}
		})
	default:
		p.offers = nil
		screen.Type(p.input, msg)
	}
	return nil
}

// walk looks at an older or newer line.
func (p *prompt) walk(intent keys.Intent) {
	if p.at == len(p.history) {
		p.typed = p.input.Text()
	}
	if intent == keys.Up {
		p.at = max(0, p.at-1)
	} else {
		p.at = min(len(p.history), p.at+1)
	}
	line := p.typed
	if p.at < len(p.history) {
		line = p.history[p.at]
	}
	p.input.SetText(line)
}

// complete takes over what all candidates have in common, and offers them when that is nothing new.
func (m *Model) complete(msg completed) {
	p := m.prompt
	if p == nil || p.input.Text() != msg.text {
		return // it was typed on
	}
	p.offers = nil
	switch len(msg.candidates) {
	case 0:
		m.message = "nothing that is known here begins like that"
		return
	case 1:
		end := " "
		if strings.HasSuffix(msg.candidates[0], "/") {
			end = ""
		}
		p.input.SetText(msg.text[:msg.from] + msg.candidates[0] + end)
		return
	}
	common := msg.candidates[0]
	for _, c := range msg.candidates[1:] {
		for !strings.HasPrefix(c, common) {
			common = common[:len(common)-1]
		}
	}
	if len(common) > len(msg.text)-msg.from {
		p.input.SetText(msg.text[:msg.from] + strings.ToValidUTF8(common, ""))
	}
	p.offers = msg.candidates
}

// promptStatus is the line of status while a line is typed.
func (m *Model) promptStatus() string {
	if offers := m.prompt.offers; len(offers) > 0 {
		return widget.Clean(strings.Join(offers, "  "))
	}
	return "enter runs the line, up and down look at older ones, tab completes, esc leaves"
}

// try runs a line beside the step's own.
func (m *Model) try(line string) tea.Cmd {
	ctx := m.begin()
	m.logs[m.step].Append("$ " + widget.Clean(strings.ReplaceAll(line, "\n", " ")) + "\n")
	session, step := m.session, m.step
	return tea.Batch(m.deps.Tasks.Cmd(func() tea.Msg {
		return ended{m, step, session.Try(ctx, step, line)}
	}), m.tick())
}

// promptLines draws the line that is typed.
func (m *Model) promptLines(width, most int) []string {
	t := m.deps.Theme
	view := m.prompt.input.View(width - 4)
	if over := len(view) - most; over > 0 {
		view = view[over:]
	}
	for i, line := range view {
		mark := " "
		if i == 0 {
			mark = t.Focus.Render("$")
		}
		view[i] = fmt.Sprintf("%s %s", mark, line)
	}
	return view
}
