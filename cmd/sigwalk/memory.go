package main

import (
	"os"
	"runtime/debug"
)

// spendMemory lets the garbage collector run less often, for commands that work for a second and end: 1,000 signatures then
// take a sixth less time, and half as much memory again (docs/performance.md). GOGC in the environment stands.
func spendMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
}
