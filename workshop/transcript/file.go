package transcript

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/newfile"
)

// WriteNew writes text to a file that is not there yet, whole or not at all. It fails with CodeFileInTheWay where one is, which is left as it is.
func WriteNew(path, text string) error {
	err := newfile.Write(path, text)
	if errors.Is(err, fs.ErrExist) {
		return &actions.Error{
			Code: actions.CodeFileInTheWay, What: path + " is there already, and is left as it is", Next: "name another file",
		}
	}
	if err != nil {
		return unwritable(path, err)
	}
	return nil
}

// mostFiles bounds the search for a name that is free.
const mostFiles = 1000

// WriteNext writes text to the first file below dir that is free, and returns its name: of the name "a" and the extension
// ".md" a.md, a-2.md, a-3.md...
func WriteNext(dir, name, extension, text string) (string, error) {
	for n := 1; n <= mostFiles; n++ {
		file := name + extension
		if n > 1 {
			file = fmt.Sprintf("%s-%d%s", name, n, extension)
		}
		err := WriteNew(filepath.Join(dir, file), text)
		if actions.CodeOf(err) != actions.CodeFileInTheWay {
			return file, err
		}
	}
	return "", &actions.Error{
		Code: actions.CodeFileInTheWay, What: "there are too many files called " + name + extension + " in " + dir, Next: "remove some",
	}
}
