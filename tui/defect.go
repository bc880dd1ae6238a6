package tui

import (
	"errors"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/sigwalk/sigwalk/actions"
)

// ended says of an error with which Bubble Tea's program ended what it means. After a defect it has put the terminal back, and printed the
// stack to where stray output goes.
func ended(err error, stray string) error {
	if !errors.Is(err, tea.ErrProgramPanic) {
		return err
	}
	defect := &actions.Error{
		Code: actions.CodeInternal, What: "the screen ended by a defect of sigwalk", Err: err,
		Next: "start it again: what was done is kept. Please report what you did last",
	}
	if stray != "" {
		defect.Why = "what it was doing is at the end of " + stray
		defect.Next += ", with that"
	}
	return defect
}
