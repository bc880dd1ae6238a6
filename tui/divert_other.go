//go:build !unix

package tui

import "os"

// divert has no descriptors to turn here: what is printed through os.Stdout and os.Stderr is caught by their variables.
func divert(out, _ *os.File) (screen *os.File, restore func(), err error) { return out, func() {}, nil }
