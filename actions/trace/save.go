package trace

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/newfile"
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

// Create begins the file of a trace, which nobody else can read and which is under its name only when Save has written it: a trace is one JSON
// text, half of which nobody can read. A file that is there is not replaced (actions.CodeFileInTheWay).
func Create(path string) (*newfile.File, error) {
	file, err := newfile.Create(path)
	if err != nil {
		return nil, unwritable(path, err)
	}
	return file, nil
}

// Save writes a trace to a file that Create began, and gives it its name. Where it fails nothing is left of the file.
func Save(file *newfile.File, t Trace) error {
	defer file.Discard()
	err := Write(file, t)
	if err == nil {
		err = file.Commit()
	}
	if err != nil {
		return unwritable(file.Name(), err)
	}
	return nil
}

func unwritable(path string, err error) error {
	if errors.Is(err, fs.ErrExist) {
		return &actions.Error{
			Code: actions.CodeFileInTheWay, What: path + " is there already", Why: "nothing is overwritten without a yes",
			Next: "give the trace another name, or remove the file", Err: err,
		}
	}
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
		if err = Save(file, t); actions.CodeOf(err) == actions.CodeFileInTheWay {
			continue
		}
		return name, err
	}
	return "", &actions.Error{Code: actions.CodeFileInTheWay, What: "there are too many traces in " + dir, Next: "remove some"}
}
