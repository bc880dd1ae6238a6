package main

import (
	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/trace"
)

// recordTo begins a file that nobody else can read, and returns an observer in front of next, and what writes its trace to the
// file. A file that is there is not replaced.
func recordTo(path string, next actions.Observer) (actions.Observer, func() error, error) {
	file, err := trace.Create(path)
	if err != nil {
		return nil, nil, err
	}
	recorder := trace.NewRecorder(next, nil)
	return recorder, func() error { return trace.Save(file, recorder.Trace()) }, nil
}
