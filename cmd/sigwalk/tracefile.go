package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/trace"
)

// recordTo makes a file that nobody else can read, and returns an observer in front of next, and what writes its trace to the
// file. A file that is there is not replaced.
func recordTo(path string, next actions.Observer) (actions.Observer, func() error, error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil, nil, &actions.Error{
			Code: actions.CodeFileInTheWay, What: path + " is there already", Why: "nothing is overwritten without a yes", Next: "give --trace another name, or remove the file", Err: err,
		}
	}
	if err != nil {
		return nil, nil, &actions.Error{
			Code: actions.CodeStateUnwritable, What: "the trace cannot be written to " + path, Why: reasonOf(err), Next: "give --trace a file in a directory that can be written", Err: err,
		}
	}
	recorder := trace.NewRecorder(next, nil)
	return recorder, func() error {
		text, err := json.MarshalIndent(recorder.Trace(), "", "  ")
		if err == nil {
			_, err = file.Write(append(text, '\n'))
		}
		if err = errors.Join(err, file.Close()); err != nil {
			return &actions.Error{
				Code: actions.CodeStateUnwritable, What: "the trace could not be written to " + path, Why: reasonOf(err), Next: "make room on the disk", Err: err,
			}
		}
		return nil
	}, nil
}
