package tui

import (
	"time"

	tea "github.com/charmbracelet/bubbletea"
)

// sizePolled says that it is time to ask for the size again.
type sizePolled struct{}

// pollSize asks for the size twice a second: Bubble Tea v1 hears of no resize on Windows.
func pollSize() tea.Cmd {
	return tea.Tick(500*time.Millisecond, func(time.Time) tea.Msg { return sizePolled{} })
}
