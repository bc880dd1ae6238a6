package export

import (
	"bytes"
	"context"
	"errors"
	"fmt"
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
	if err := whole(root, name, text.Bytes()); err != nil {
		return unwritable(name, err)
	}
	return nil
}

// whole writes a new file in one step: half a report is none, also for whoever is cut off. A link fails where a file is, which a
// rename would replace.
func whole(root *os.Root, name string, content []byte) error {
	if _, err := root.Lstat(name); err == nil {
		return &fs.PathError{Op: "create", Path: name, Err: fs.ErrExist}
	}
	part := fmt.Sprintf("%s.part-%d", name, os.Getpid())
	file, err := root.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	defer func() { _ = root.Remove(part) }() // gone already where there are no links
	_, err = file.Write(content)
	err = errors.Join(err, file.Sync(), file.Close())
	if err != nil {
		return err
	}
	switch err := root.Link(part, name); {
	case err == nil, errors.Is(err, fs.ErrExist):
		return err
	}
	return root.Rename(part, name) // a file system without links
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
