//go:build !windows

package tui

import tea "github.com/charmbracelet/bubbletea"

// sizePolled never comes here: the terminal's owner sends a signal when its size changes.
type sizePolled struct{}

func (r *root) pollSize() tea.Cmd { return nil }
