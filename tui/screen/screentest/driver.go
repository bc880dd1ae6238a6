// Package screentest drives a screen in tests as Bubble Tea would: messages one after another, commands beside them.
package screentest

import (
	"reflect"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"

	"github.com/sigwalk/sigwalk/tui/screen"
)

// patience is how long a driver waits for what must come.
const patience = time.Minute

// Driver gives messages to a screen. It is used by one goroutine, the test's.
type Driver struct {
	t        testing.TB
	update   func(tea.Msg) tea.Cmd
	view     func() string
	messages chan tea.Msg
	done     chan struct{}
	// Sent are the messages that are the root's, in the order in which they came.
	Sent []tea.Msg
}

// New starts a screen.
func New(t testing.TB, s screen.Screen) *Driver {
	d := &Driver{t: t, messages: make(chan tea.Msg), done: make(chan struct{})}
	d.view = func() string { return strings.Join(s.View(), "\n") }
	d.update = func(msg tea.Msg) tea.Cmd {
		if strings.HasPrefix(reflect.TypeOf(msg).String(), "screen.") {
			d.Sent = append(d.Sent, msg)
			return nil
		}
		return s.Update(msg)
	}
	t.Cleanup(func() { close(d.done) })
	d.run(s.Init())
	return d
}

// NewProgram starts a model, whose own messages it carries out.
func NewProgram(t testing.TB, m tea.Model) *Driver {
	d := &Driver{t: t, view: m.View, messages: make(chan tea.Msg), done: make(chan struct{})}
	d.update = func(msg tea.Msg) tea.Cmd {
		if strings.HasPrefix(reflect.TypeOf(msg).String(), "tea.") && !isInput(msg) {
			d.Sent = append(d.Sent, msg)
			return nil
		}
		_, cmd := m.Update(msg)
		return cmd
	}
	t.Cleanup(func() { close(d.done) })
	d.run(m.Init())
	return d
}

// isInput reports whether a message of Bubble Tea's is for the model and not for the program.
func isInput(msg tea.Msg) bool {
	switch msg.(type) {
	case tea.KeyMsg, tea.MouseMsg, tea.WindowSizeMsg:
		return true
	}
	return false
}

func (d *Driver) run(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	go func() {
		msg := cmd()
		if msg == nil {
			return
		}
		select {
		case d.messages <- msg:
		case <-d.done:
		}
	}()
}

func (d *Driver) take(msg tea.Msg) {
	if batch, ok := msg.(tea.BatchMsg); ok {
		for _, cmd := range batch {
			d.run(cmd)
		}
		return
	}
	d.run(d.update(msg))
}

// Key presses a key, named as Bubble Tea names it.
func (d *Driver) Key(name string) { d.run(d.update(Key(name))) }

// Type types text, one key a character.
func (d *Driver) Type(text string) {
	for _, r := range text {
		d.run(d.update(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune{r}}))
	}
}

// Send gives a message.
func (d *Driver) Send(msg tea.Msg) { d.take(msg) }

// Has reports whether a message of the root's like want has come.
func (d *Driver) Has(want tea.Msg) bool {
	for _, msg := range d.Sent {
		if reflect.DeepEqual(msg, want) {
			return true
		}
	}
	return false
}

// Until takes messages until what is wanted is so, and fails the test when it is not in time.
func (d *Driver) Until(what string, so func() bool) {
	d.t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for !so() {
		select {
		case msg := <-d.messages:
			d.take(msg)
		case <-timer.C:
			d.t.Fatalf("waited in vain for: %s\n%s", what, d.Text())
		}
	}
}

// View returns what is on the screen as it is drawn.
func (d *Driver) View() string { return d.view() }

// Text returns what is on the screen, without colours.
func (d *Driver) Text() string { return ansi.Strip(d.view()) }

// Key returns the message of a key.
func Key(name string) tea.KeyMsg { return screen.Key(name) }

// Drain takes the messages that come within a while.
func (d *Driver) Drain(while time.Duration) {
	timer := time.NewTimer(while)
	defer timer.Stop()
	for {
		select {
		case msg := <-d.messages:
			d.take(msg)
		case <-timer.C:
			return
		}
	}
}
