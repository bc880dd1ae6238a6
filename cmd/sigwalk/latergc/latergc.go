// Package latergc keeps the garbage collector from running while the program starts: the packages of all the servers make
// several megabytes before main that live as long as the program, and the collector looked through them three times, which
// took a quarter of the processor time of `sigwalk version`.
//
// It works as far as this package is initialised early. Of all packages that are ready, Go initialises the first by import path (The Go
// Programming Language Specification, "Program initialization"), so that it comes right after runtime/debug and before nearly
// all that rests on net/http. Do not add an import here.
package latergc

import (
	"runtime"
	"runtime/debug"
	"syscall"
)

const (
	variable = "GOGC"
	usual    = 100 // what the runtime has without the variable
	// untilFirst lets the heap grow to 16 MB before the first collection. The odd number tells it from what others set.
	untilFirst = 399
)

func init() { rest() }

// rest puts the first collection off; those after it come as often as ever. GOGC in the environment stands, and so does what
// somebody else sets before the first. The channel is closed when the first has been, and nil where nothing was put off.
func rest() <-chan struct{} {
	if _, set := syscall.Getenv(variable); set {
		return nil
	}
	collected := make(chan struct{})
	debug.SetGCPercent(untilFirst)
	// Nothing holds it, so that the first collection finds it.
	runtime.AddCleanup(&struct{ next *int }{}, func(collected chan struct{}) {
		if now := debug.SetGCPercent(usual); now != untilFirst {
			debug.SetGCPercent(now)
		}
		close(collected)
	}, collected)
	return collected
}
