package tui

import (
	"time"

	tea "github.com/charmbracelet/bubbletea"
)

// sizePolled says that it is time to ask for the size again.
type sizePolled struct{}

// pollSize asks for the size twice a second: Bubble Tea v1 hears of no resize on Windows.
func (r *root) pollSize() tea.Cmd { return r.deps.After(500*time.Millisecond, sizePolled{}) }
