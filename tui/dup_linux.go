package tui

import "golang.org/x/sys/unix"

// duplicate makes the descriptor to lead where from leads. Linux has no dup2 on every architecture.
func duplicate(from, to int) error { return unix.Dup3(from, to, 0) }
