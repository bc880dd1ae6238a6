package export

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/verification"
)

// File writes a report into a new file below dir, with every row. It fails with CodeUsage for a file that is there, which is
// left alone, and for a name that leads out of dir.
func File(ctx context.Context, dir, name string, form Form, report *verification.Report, clock actions.Clock) error {
	var text bytes.Buffer
	if err := Write(ctx, &text, report, Options{Form: form, All: true, Clock: clock}); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return unwritable(name, err)
	}
	defer func() { _ = root.Close() }()
	file, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return unwritable(name, err)
	}
	_, err = file.Write(text.Bytes())
	if err = errors.Join(err, file.Close()); err != nil {
		return unwritable(name, errors.Join(err, root.Remove(name))) // half a report is none
	}
	return nil
}

func unwritable(name string, err error) error {
	e := &actions.Error{
		Code: actions.CodeUsage, What: "cannot write " + name, Why: err.Error(), Err: err,
		Next: "name a new file in this directory, or below it in one that is there",
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		e.Why = path.Err.Error()
	}
	if errors.Is(err, fs.ErrExist) {
		e.What, e.Why, e.Next = name+" is there already, and is left as it is", "", "give another name"
	}
	return e
}
