// Package signin is the screen on which a person signs in: the link to open, the code to paste or to compare, and where the
// signature stands that waits for it.
//
// The code has the focus, so every other key is one that no text has in it: what is pasted must never act.
package signin

import (
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/identity"
	"github.com/sigwalk/sigwalk/tui/keys"
	"github.com/sigwalk/sigwalk/tui/screen"
	"github.com/sigwalk/sigwalk/tui/widget"
)

// burst is how soon after pasted text a line break belongs to the paste: terminals without bracketed paste send both as
// if they were typed, in pieces of 256 bytes.
const burst = 150 * time.Millisecond

// Model is the screen. It is laid over the screen of the step that asks, which tells it what to show.
type Model struct {
	deps   screen.Deps
	answer func(actions.Answer) tea.Cmd

	width, height int
	question      actions.Question
	prompt        *identity.Prompt
	stages        []actions.Stage
	code          *widget.Input
	pasted        time.Time // when text came in a piece
	sent          bool      // the answer is on its way, or being looked at
	qr            bool
	said          string // until the next key
}

// New returns a screen. The command that answer makes gives the answer to whoever asked.
func New(deps screen.Deps, answer func(actions.Answer) tea.Cmd) *Model {
	return &Model{deps: deps, answer: answer, code: widget.NewInput(deps.Theme), prompt: &identity.Prompt{}}
}

// Ask shows a question whose ID is identity.QuestionSignIn. A code that was refused is not kept.
func (m *Model) Ask(q actions.Question) {
	prompt, ok := q.Detail.(*identity.Prompt)
	if !ok || prompt == m.prompt {
		return
	}
	if prompt.URL != m.prompt.URL || prompt.Failure != nil {
		m.code.SetText("")
	}
	m.question, m.prompt, m.sent, m.said = q, prompt, false, ""
}

// Stages says where the work stands that waits for the sign-in.
func (m *Model) Stages(stages []actions.Stage) { m.stages = stages }

// SetSize says how much there is to draw on.
func (m *Model) SetSize(width, height int) { m.width, m.height = width, height }

// Key takes a key.
func (m *Model) Key(msg tea.KeyMsg) tea.Cmd {
	m.said = ""
	intent, known := keys.Find(keys.SignIn, msg.String())
	if msg.Paste || !known {
		m.typed(msg)
		return nil
	}
	if intent == keys.Submit {
		return m.submit()
	}
	if why := m.Disabled(intent); why != "" {
		m.said = keys.Of(keys.SignIn, intent).Label() + ": " + why
		return nil
	}
	switch intent {
	case keys.OpenPage:
		return m.open()
	case keys.Copy:
		return screen.Send(screen.Copy{Text: m.prompt.URL, What: "the link"})
	case keys.RawLink:
		return screen.Send(screen.Raw{Text: m.prompt.URL})
	case keys.ClearText:
		m.code.SetText("")
	case keys.NewLink:
		return m.choose(identity.ChoiceNew)
	case keys.OtherWay:
		return m.choose(string(m.other()))
	case keys.QRCode:
		m.qr = !m.qr
	}
	return nil
}

// typed takes what is typed or pasted. A code has no white space, whatever a paste brings along.
func (m *Model) typed(msg tea.KeyMsg) {
	if !m.takesCode() {
		return
	}
	if now := m.deps.Clock.Now(); len(msg.Runes) > 1 || msg.Paste || now.Sub(m.pasted) < burst {
		m.pasted = now
	}
	if msg.Type == tea.KeyRunes || msg.Paste {
		msg.Runes = []rune(strings.Join(strings.Fields(string(msg.Runes)), ""))
	}
	if msg.Type != tea.KeySpace {
		screen.Type(m.code, msg)
	}
}

// submit sends the code, unless the line break came with the paste.
func (m *Model) submit() tea.Cmd {
	switch {
	case !m.takesCode():
		m.said = m.waitsFor()
		return nil
	case m.deps.Clock.Now().Sub(m.pasted) < burst:
		m.said = "pasted: enter sends it"
		return nil
	case m.code.Text() == "":
		m.said = "paste the code first: the page shows it after the login"
		return nil
	}
	m.sent = true
	return m.answer(actions.Answer{Text: actions.NewSecret(m.code.Text())})
}

func (m *Model) choose(id string) tea.Cmd {
	m.sent = true
	return m.answer(actions.Answer{Choice: id})
}

// opened says how the opening of a browser went.
type opened struct {
	of  *Model
	err error
}

func (m *Model) open() tea.Cmd {
	ctx, open, link := m.deps.Context, m.deps.Open, m.prompt.URL
	return m.deps.Tasks.Cmd(func() tea.Msg { return opened{m, open(ctx, link)} })
}

// Update takes a message that is not a key.
func (m *Model) Update(msg tea.Msg) {
	if o, ok := msg.(opened); ok && o.of == m {
		m.said = "your browser opens the page"
		if o.err != nil {
			m.said = "no browser was opened: " + widget.Clean(o.err.Error())
		}
	}
}

// takesCode reports whether there is a code to type.
func (m *Model) takesCode() bool { return !m.question.NoText && !m.sent }

// other is the way that the key for another way leads to: one after the other, round and round.
func (m *Model) other() identity.Way {
	order := []identity.Way{identity.WayBrowser, identity.WayCode, identity.WayDevice}
	at := 0
	for i, way := range order {
		if way == m.prompt.Way {
			at = i
		}
	}
	for i := range order {
		next := order[(at+1+i)%len(order)]
		for _, way := range m.prompt.Ways {
			if way == next {
				return way
			}
		}
	}
	return ""
}

// Disabled says why an intent cannot be carried out now; empty when it can.
func (m *Model) Disabled(intent keys.Intent) string {
	noLink := m.prompt.URL == "" || m.prompt.Over
	switch intent {
	case keys.Submit, keys.ClearText:
		if !m.takesCode() {
			return "there is nothing to type here"
		}
	case keys.OpenPage:
		switch {
		case m.deps.Open == nil:
			return "there is no browser here"
		case noLink:
			return "the link is of no more use: " + keys.Of(keys.SignIn, keys.NewLink).Label() + " gets a new one"
		}
	case keys.Copy, keys.RawLink:
		if noLink {
			return "the link is of no more use: " + keys.Of(keys.SignIn, keys.NewLink).Label() + " gets a new one"
		}
	case keys.NewLink, keys.OtherWay:
		switch {
		case m.sent:
			return "the answer is on its way"
		case intent == keys.OtherWay && m.other() == "":
			return "there is no other way"
		}
	case keys.QRCode:
		return m.whyNoQR()
	default:
	}
	return ""
}

// Status is the line of status.
func (m *Model) Status() string {
	t := m.deps.Theme
	switch {
	case m.said != "":
		return m.said
	case m.prompt.Over:
		return t.Bad.Render("x") + " " + m.waitsFor()
	}
	return t.Busy.Render("~") + " " + m.waitsFor()
}

// waitsFor says what has to happen.
func (m *Model) waitsFor() string {
	again := keys.Of(keys.SignIn, keys.NewLink).Label() + " gets a new link"
	switch {
	case m.sent:
		return "asking the identity provider"
	case m.prompt.Over:
		return again + ", " + keys.Of(keys.SignIn, keys.OtherWay).Label() + " goes another way, esc gives up"
	case m.prompt.Way == identity.WayCode:
		return "waiting for the code - esc gives up"
	case m.prompt.Way == identity.WayDevice:
		return "waiting until the code is entered - esc gives up"
	}
	return "waiting for the browser - esc gives up"
}
