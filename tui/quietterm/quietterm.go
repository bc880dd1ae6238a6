// Package quietterm keeps libraries from questioning the terminal while the program starts.
//
// Bubble Tea v1 asks the terminal for its background colour in its own init, and waits five seconds for a terminal that
// never answers. Terminals whose TERM is "dumb" are not asked. So this package sets TERM to "dumb" in its init, and main
// puts the value back before it does anything else.
//
// It works because of the order in which Go initialises packages (The Go Programming Language Specification, "Program
// initialization"): of all packages that are ready, the first by import path. This package imports nothing but syscall,
// on which package os rests, and its path sorts before "os": it is always initialised before os, and so before
// everything that can reach a terminal. Do not add an import here.
package quietterm

import "syscall"

const variable = "TERM"

// before is what TERM was when the program started; init writes it once and nothing after it.
var before, present = syscall.Getenv(variable)

func init() { _ = syscall.Setenv(variable, "dumb") }

// Restore gives TERM the value that the program was started with. main calls it first of all.
func Restore() {
	if !present {
		_ = syscall.Unsetenv(variable)
		return
	}
	_ = syscall.Setenv(variable, before)
}
