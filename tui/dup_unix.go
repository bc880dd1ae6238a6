//go:build unix && !linux

package tui

import "golang.org/x/sys/unix"

// duplicate makes the descriptor to lead where from leads.
func duplicate(from, to int) error { return unix.Dup2(from, to) }
