//go:build bench && !linux

package main

import "context"

// idle says that it is measured on Linux alone, where /proc tells the processor time of a process that runs.
func (b *bench) idle(context.Context) error {
	b.table.line("idle lesson", "on Linux only", "", "", "")
	return nil
}
