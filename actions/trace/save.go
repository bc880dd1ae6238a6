package trace

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/sigwalk/sigwalk/actions"
)

// Write writes a trace as indented JSON.
func Write(to io.Writer, t Trace) error {
	text, err := json.MarshalIndent(t, "", "  ")
	if err != nil {
		return err
	}
	_, err = to.Write(append(text, '\n'))
	return err
}

// Create makes the file of a trace, which nobody else can read. A file that is there is not replaced
// (actions.CodeFileInTheWay).
func Create(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil, &actions.Error{
			Code: actions.CodeFileInTheWay, What: path + " is there already", Why: "nothing is overwritten without a yes",
			Next: "give the trace another name, or remove the file", Err: err,
		}
	case err != nil:
		return nil, unwritable(path, err)
	}
	return file, nil
}

func unwritable(path string, err error) error {
	why := err.Error()
	var at *fs.PathError
	if errors.As(err, &at) {
		why = at.Err.Error() // which says the path no second time
	}
	return &actions.Error{
		Code: actions.CodeStateUnwritable, What: "the trace cannot be written to " + path, Why: why, Next: "name a file in a directory that can be written", Err: err,
	}
}

// mostFiles bounds how many names SaveNext tries.
const mostFiles = 1000

// SaveNext writes a trace to the first of trace.json, trace-2.json, trace-3.json... below dir that is free, and returns its name.
func SaveNext(dir string, t Trace) (string, error) {
	for n := 1; n <= mostFiles; n++ {
		name := "trace.json"
		if n > 1 {
			name = fmt.Sprintf("trace-%d.json", n)
		}
		path := filepath.Join(dir, name)
		file, err := Create(path)
		if actions.CodeOf(err) == actions.CodeFileInTheWay {
			continue
		}
		if err != nil {
			return "", err
		}
		if err := errors.Join(Write(file, t), file.Close()); err != nil {
			return "", unwritable(path, err)
		}
		return name, nil
	}
	return "", &actions.Error{Code: actions.CodeFileInTheWay, What: "there are too many traces in " + dir, Next: "remove some"}
}
