package text

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/sigwalk/sigwalk/workshop/shell/builtin"
	"github.com/sigwalk/sigwalk/workshop/shell/confine"
)

func cat(_ context.Context, call *builtin.Call) error {
	set := newFlags(call)
	number := set.BoolP("number", "n", false, "number the lines")
	files, err := set.parse()
	if err != nil {
		return err
	}
	line := 0
	return eachInput(call, files, func(r io.Reader) error {
		if !*number {
			_, err := io.Copy(call.Stdout, r)
			return err
		}
		data, err := io.ReadAll(r)
		for _, text := range splitLines(data) {
			line++
			if _, werr := fmt.Fprintf(call.Stdout, "%6d\t%s\n", line, text); werr != nil {
				return werr
			}
		}
		return err
	})
}

func ls(_ context.Context, call *builtin.Call) error {
	set := newFlags(call)
	all := set.BoolP("all", "a", false, "names that begin with a dot too")
	almost := set.BoolP("almost-all", "A", false, "as -a")
	long := set.BoolP("long", "l", false, "permissions, size and time too")
	self := set.BoolP("directory", "d", false, "a directory itself and not what is in it")
	set.BoolP("one", "1", false, "always done")
	set.BoolP("human-readable", "h", false, "changes nothing here")
	names, err := set.parse()
	if err != nil {
		return err
	}
	if len(names) == 0 {
		names = []string{"."}
	}
	tell := func(name string, info fs.FileInfo) {
		if *long {
			_, _ = fmt.Fprintf(call.Stdout, "%s %10d %s ", info.Mode(), info.Size(), info.ModTime().Format("2006-01-02 15:04"))
		}
		_, _ = fmt.Fprintln(call.Stdout, name)
	}
	return each(call, names, func(name string) error {
		info, err := call.Files.Stat(call.Dir, name)
		if err != nil {
			return err
		}
		if !info.IsDir() || *self {
			tell(name, info)
			return nil
		}
		list, err := call.Files.ReadDir(call.Dir, name)
		if err != nil {
			return err
		}
		if len(names) > 1 {
			_, _ = fmt.Fprintf(call.Stdout, "%s:\n", name)
		}
		for _, entry := range list {
			if strings.HasPrefix(entry.Name(), ".") && !*all && !*almost {
				continue
			}
			if info, err := entry.Info(); err == nil {
				tell(entry.Name(), info)
			}
		}
		return nil
	})
}

func mkdir(_ context.Context, call *builtin.Call) error {
	set := newFlags(call)
	parents := set.BoolP("parents", "p", false, "those on the way too, and no error when it is there")
	set.StringP("mode", "m", "", "changes nothing here")
	names, err := set.parse()
	if err != nil {
		return err
	}
	return each(call, names, func(name string) error { return call.Files.Mkdir(call.Dir, name, *parents) })
}

func rm(_ context.Context, call *builtin.Call) error {
	set := newFlags(call)
	tree := set.BoolP("recursive", "r", false, "directories too, with all that is in them")
	also := set.BoolP("Recursive", "R", false, "as -r")
	force := set.BoolP("force", "f", false, "no error for what is not there")
	names, err := set.parse()
	if err != nil {
		return err
	}
	return each(call, names, func(name string) error {
		info, err := call.Files.Lstat(call.Dir, name)
		switch {
		case errors.Is(err, fs.ErrNotExist) && *force:
			return nil
		case err != nil:
			return err
		case info.IsDir() && !*tree && !*also:
			return &fs.PathError{Op: "remove", Path: name, Err: errors.New("is a directory")}
		}
		return call.Files.Remove(call.Dir, name, *tree || *also)
	})
}

func rmdir(_ context.Context, call *builtin.Call) error {
	names, err := newFlags(call).parse()
	if err != nil {
		return err
	}
	return each(call, names, func(name string) error {
		info, err := call.Files.Lstat(call.Dir, name)
		if err == nil && !info.IsDir() {
			err = &fs.PathError{Op: "remove", Path: name, Err: errors.New("not a directory")}
		}
		if err != nil {
			return err
		}
		return call.Files.Remove(call.Dir, name, false)
	})
}

func touch(_ context.Context, call *builtin.Call) error {
	names, err := newFlags(call).parse()
	if err != nil {
		return err
	}
	return each(call, names, func(name string) error {
		file, err := call.Files.OpenFile(call.Dir, name, os.O_WRONLY|os.O_CREATE, 0o666)
		if err != nil {
			return err
		}
		return file.Close()
	})
}

func chmod(_ context.Context, call *builtin.Call) error {
	names, err := newFlags(call).parse()
	if err != nil {
		return err
	}
	if len(names) < 2 {
		return builtin.Usage("a mode and a file are wanted")
	}
	return each(call, names[1:], func(name string) error {
		info, err := call.Files.Stat(call.Dir, name)
		if err != nil {
			return err
		}
		mode := info.Mode().Perm()
		switch names[0] {
		case "+x", "a+x":
			mode |= 0o111
		case "u+x":
			mode |= 0o100
		case "-x", "a-x":
			mode &^= 0o111
		default:
			n, err := strconv.ParseUint(names[0], 8, 9)
			if err != nil {
				return notBuilt(call, "mode "+names[0])
			}
			mode = fs.FileMode(n)
		}
		return call.Files.Chmod(call.Dir, name, mode)
	})
}

func cp(_ context.Context, call *builtin.Call) error {
	set := newFlags(call)
	tree := set.BoolP("recursive", "r", false, "directories too, with all that is in them")
	also := set.BoolP("Recursive", "R", false, "as -r")
	archive := set.BoolP("archive", "a", false, "as -r")
	set.BoolP("force", "f", false, "always done")
	set.BoolP("preserve", "p", false, "changes nothing here")
	names, err := set.parse()
	if err != nil {
		return err
	}
	deep := *tree || *also || *archive
	return into(call, names, func(from, to string) error { return copyTree(call, from, to, deep) })
}

func mv(_ context.Context, call *builtin.Call) error {
	set := newFlags(call)
	set.BoolP("force", "f", false, "always done")
	names, err := set.parse()
	if err != nil {
		return err
	}
	return into(call, names, func(from, to string) error { return call.Files.Rename(call.Dir, from, to) })
}

// into applies work to every name but the last, which is where they go: a directory, or a name for a single one.
func into(call *builtin.Call, names []string, work func(from, to string) error) error {
	if len(names) < 2 {
		return builtin.Usage("a source and a destination are wanted")
	}
	target := names[len(names)-1]
	info, err := call.Files.Stat(call.Dir, target)
	if confine.Outside(err) {
		return err
	}
	isDir := err == nil && info.IsDir()
	if !isDir && len(names) > 2 {
		return builtin.Usage("%s is not a directory", target)
	}
	return each(call, names[:len(names)-1], func(from string) error {
		to := target
		if isDir {
			to = filepath.Join(target, filepath.Base(from))
		}
		return work(from, to)
	})
}

func copyTree(call *builtin.Call, from, to string, deep bool) error {
	info, err := call.Files.Stat(call.Dir, from)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return copyFile(call, from, to, info.Mode().Perm())
	}
	if !deep {
		return &fs.PathError{Op: "copy", Path: from, Err: errors.New("is a directory (-r copies it)")}
	}
	source, err := call.Files.Resolve(call.Dir, from)
	if err != nil {
		return err
	}
	target, err := call.Files.Resolve(call.Dir, to)
	if err != nil {
		return err
	}
	if target == source || strings.HasPrefix(target, source+string(filepath.Separator)) || source == "." {
		return &fs.PathError{Op: "copy", Path: from, Err: errors.New("cannot be copied into itself")}
	}
	if err := call.Files.Mkdir(call.Dir, to, true); err != nil {
		return err
	}
	list, err := call.Files.ReadDir(call.Dir, from)
	if err != nil {
		return err
	}
	for _, entry := range list {
		if err := copyTree(call, filepath.Join(from, entry.Name()), filepath.Join(to, entry.Name()), true); err != nil {
			return err
		}
	}
	return nil
}

func copyFile(call *builtin.Call, from, to string, perm fs.FileMode) error {
	if before, err := call.Files.Stat(call.Dir, to); err == nil {
		if now, err := call.Files.Stat(call.Dir, from); err == nil && os.SameFile(before, now) {
			return &fs.PathError{Op: "copy", Path: from, Err: errors.New("source and destination are the same file")}
		}
	}
	in, err := call.Files.Open(call.Dir, from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	out, err := call.Files.Create(call.Dir, to, perm)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// mktemp makes its file in the lesson's directory, where the other commands can use it.
func mktemp(_ context.Context, call *builtin.Call) error {
	set := newFlags(call)
	dir := set.BoolP("directory", "d", false, "a directory and not a file")
	names, err := set.parse()
	if err != nil {
		return err
	}
	template := filepath.Join(call.Files.Dir(), ".tmp.XXXXXXXXXX")
	if len(names) > 0 {
		template = names[0]
	}
	stem := strings.TrimRight(template, "X")
	if len(template)-len(stem) < 3 {
		return builtin.Usage("the template %s ends in fewer than three X", template)
	}
	name := stem + rand.Text()[:min(len(template)-len(stem), 26)]
	if *dir {
		err = call.Files.Mkdir(call.Dir, name, false)
	} else {
		var file *os.File
		if file, err = call.Files.OpenFile(call.Dir, name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600); err == nil {
			err = file.Close()
		}
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(call.Stdout, name)
	return err
}

func tee(_ context.Context, call *builtin.Call) error {
	set := newFlags(call)
	add := set.BoolP("append", "a", false, "add to the files")
	names, err := set.parse()
	if err != nil {
		return err
	}
	flag := os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	if *add {
		flag = os.O_WRONLY | os.O_CREATE | os.O_APPEND
	}
	outs := []io.Writer{call.Stdout}
	opened := each(call, names, func(name string) error {
		file, err := call.Files.OpenFile(call.Dir, name, flag, 0o666)
		if err == nil {
			outs = append(outs, file)
		}
		return err
	})
	_, err = io.Copy(io.MultiWriter(outs...), call.Stdin)
	for _, out := range outs[1:] {
		err = errors.Join(err, out.(io.Closer).Close())
	}
	return errors.Join(opened, err)
}
