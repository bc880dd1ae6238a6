// Package confine lets the commands of the workshop shell see the files of one directory and no others. Every path, as a
// person types it, is resolved here and opened through one os.Root, so that neither "..", nor an absolute path, nor a
// symbolic link leads out.
package confine

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sigwalk/sigwalk/actions"
)

// NullDevice is the one path outside the directory that every command may open.
const NullDevice = "/dev/null"

// Files is the directory that commands may use. It is safe for concurrent use.
type Files struct {
	root    *os.Root
	dir     string
	aliases []alias
}

// alias is a path prefix of lessons and the directory below dir that it stands for.
type alias struct {
	prefix string // absolute and clean
	target string // relative to the root
}

// Open opens dir. Each key of aliases is an absolute path that lessons use; its value is a directory inside dir, absolute
// or relative to dir. It fails with CodeStateUnreadable when dir cannot be opened and CodeInternal for an alias that
// leads out of it.
func Open(dir string, aliases map[string]string) (*Files, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, unreadable(dir, err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, unreadable(dir, err)
	}
	f := &Files{root: root, dir: dir}
	for prefix, target := range aliases {
		if filepath.IsAbs(target) {
			if target, err = filepath.Rel(dir, target); err != nil {
				target = ".."
			}
		}
		target = filepath.Clean(target)
		if !filepath.IsAbs(prefix) || !filepath.IsLocal(target) {
			_ = root.Close()
			return nil, &actions.Error{
				Code: actions.CodeInternal,
				What: fmt.Sprintf("path alias %s does not lead into the lesson's directory", prefix),
			}
		}
		f.aliases = append(f.aliases, alias{filepath.Clean(prefix), target})
	}
	// The longest prefix is the most specific one.
	slices.SortFunc(f.aliases, func(a, b alias) int { return len(b.prefix) - len(a.prefix) })
	return f, nil
}

func unreadable(dir string, err error) error {
	return &actions.Error{
		Code: actions.CodeStateUnreadable,
		What: fmt.Sprintf("cannot open the lesson's directory %s", dir),
		Why:  reason(err).Error(),
		Next: "create it, or choose another with --dir",
		Err:  err,
	}
}

// Close lets go of the directory.
func (f *Files) Close() error { return f.root.Close() }

// Dir is the directory, absolute.
func (f *Files) Dir() string { return f.dir }

// Resolve returns what path names as seen from the directory cwd (which may be an alias): a path relative to the root.
// It fails with an *fs.PathError that holds CodeOutsideLesson. It looks at words only; symbolic links are checked when
// the path is opened.
func (f *Files) Resolve(cwd, path string) (string, error) {
	if path == "" {
		return "", &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	}
	abs := path
	if !filepath.IsAbs(abs) {
		abs = filepath.Join(cwd, path)
	}
	abs = filepath.Clean(abs)
	for _, a := range f.aliases {
		if rest, ok := below(abs, a.prefix); ok {
			return filepath.Join(a.target, rest), nil
		}
	}
	if rest, ok := below(abs, f.dir); ok {
		return filepath.Clean(rest), nil
	}
	return "", outside("open", path)
}

// below returns what of path lies below prefix.
func below(path, prefix string) (string, bool) {
	if path == prefix {
		return ".", true
	}
	rest, ok := strings.CutPrefix(path, strings.TrimSuffix(prefix, string(filepath.Separator))+string(filepath.Separator))
	return rest, ok
}

// Host returns the path on the machine that path names, for a library that opens files itself. It follows symbolic links
// first, and refuses what does not exist or lies outside.
func (f *Files) Host(cwd, path string) (string, error) {
	rel, err := f.Resolve(cwd, path)
	if err != nil {
		return "", err
	}
	if _, err := f.root.Stat(rel); err != nil {
		return "", f.explain(path, err)
	}
	return filepath.Join(f.dir, rel), nil
}

// Outside reports whether err says that a path leads out of the lesson's directory.
func Outside(err error) bool { return actions.CodeOf(err) == actions.CodeOutsideLesson }

func outside(op, path string) error {
	return &fs.PathError{Op: op, Path: path, Err: &actions.Error{
		Code: actions.CodeOutsideLesson,
		What: "outside the lesson's directory",
		Why:  "the workshop's commands see the lesson's own files only",
		Next: "use a path below the lesson's directory (pwd shows it), or a terminal of your own",
	}}
}

// explain turns an error of os.Root about path, as typed, into one that names that path and says when it led outside.
func (f *Files) explain(path string, err error) error {
	if err == nil {
		return nil
	}
	op := "open"
	var perr *fs.PathError
	if errors.As(err, &perr) {
		op = perr.Op
	}
	// os keeps the error of a path that escapes to itself; its text is the only way to know it.
	if strings.Contains(err.Error(), "path escapes from parent") {
		return outside(op, path)
	}
	return &fs.PathError{Op: strings.TrimSuffix(op, "at"), Path: path, Err: reason(err)}
}

// reason strips an error of os of the path that it names.
func reason(err error) error {
	var perr *fs.PathError
	if errors.As(err, &perr) {
		return perr.Err
	}
	var lerr *os.LinkError
	if errors.As(err, &lerr) {
		return lerr.Err
	}
	return err
}
