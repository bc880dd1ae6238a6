// Package screen is what the root model and the screens agree on: what a screen can do, and the messages by which it
// asks the root for what only the root can give.
package screen

import (
	"context"
	"os/exec"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/tui/keys"
	"github.com/sigwalk/sigwalk/tui/settings"
	"github.com/sigwalk/sigwalk/tui/theme"
)

// Screen is one screen. It draws the whole terminal but for the last two lines, status and keys, which are the root's.
// Its methods are called from Bubble Tea's event loop alone: none of them waits, reads or writes.
type Screen interface {
	// Init returns the first command, or nil.
	Init() tea.Cmd
	// Update takes a message that is not the root's own. Keys come as tea.KeyMsg.
	Update(msg tea.Msg) tea.Cmd
	// SetSize says how much there is to draw on.
	SetSize(width, height int)
	// View returns exactly as many lines as SetSize said, each of exactly its width.
	View() []string
	// Status is the screen's own line of status; empty for none.
	Status() string
	// Scope says what keys mean now; it changes while a text is typed or a question waits.
	Scope() keys.Scope
	// Disabled says why an intent cannot be carried out now; empty when it can.
	Disabled(intent keys.Intent) string
	// Cancel stops what runs or leaves what was begun, and reports whether there was such a thing.
	Cancel() (tea.Cmd, bool)
	// Running reports whether something runs that quitting would cut off.
	Running() bool
}

// Deps are what every screen is given. Context ends with the program; Tasks counts the commands that may wait.
type Deps struct {
	Context context.Context //nolint:containedctx // commands have no other way to learn that the program ends
	Theme   *theme.Theme
	Clock   actions.Clock
	Tasks   *Tasks
	// Settings are what the person has set; nil for nothing.
	Settings *settings.Current
	// Dir is where files go that the person has written; empty for nowhere.
	Dir string
	// Open opens a URL in the person's browser; nil where there is none.
	Open func(ctx context.Context, url string) error
}

// Push asks the root to show a screen above the present one.
type Push struct{ Screen Screen }

// Replace asks the root to show a screen in place of the present one.
type Replace struct{ Screen Screen }

// Pop asks the root to go back to the screen below, and to send it Then, unless that is nil.
type Pop struct{ Then tea.Msg }

// Say asks the root to show one line of status until the next key.
type Say struct{ Text string }

// Copy asks the root to send Text to the clipboard of the terminal; What names it for a person. A Secret is not offered as
// a file.
type Copy struct {
	Text, What string
	Secret     bool
}

// Raw asks the root to leave the screen and print Text alone on a line of its own, unbroken, until the person presses
// enter: there the terminal itself selects and opens it.
type Raw struct{ Text string }

// Exec asks the root to leave the screen to a program until it ends. Done, which may be nil, makes the message that
// says how it ended.
type Exec struct {
	Command *exec.Cmd
	Done    func(error) tea.Msg
}

// Send returns a command that sends msg.
func Send(msg tea.Msg) tea.Cmd { return func() tea.Msg { return msg } }

// Tell returns a command that shows one line of status.
func Tell(text string) tea.Cmd { return Send(Say{Text: text}) }
