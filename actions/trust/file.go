package trust

import (
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/sigstore/sigstore-go/pkg/root"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/filetype"
)

// maxTrustedRoot is many times what a trusted root needs.
const maxTrustedRoot = 8 << 20

// ReadFile reads a trusted root (trusted_root.json) from a file. It fails with CodeTrustRoot.
func ReadFile(path string) (*root.TrustedRoot, error) {
	content, err := readBounded(path)
	if err != nil {
		return nil, noTrustedRoot(path, err)
	}
	return Parse(path, content)
}

// Parse reads a trusted root from its JSON; name says where that came from. It fails with CodeTrustRoot.
func Parse(name string, content []byte) (trusted *root.TrustedRoot, err error) {
	defer func() {
		// The library looks into keys and certificates without asking whether they are there.
		if r := recover(); r != nil {
			trusted, err = nil, noTrustedRoot(name, errors.New("its parts do not fit together"))
		}
	}()
	if trusted, err = root.NewTrustedRootFromJSON(content); err != nil {
		return nil, otherFile(name, content, err)
	}
	return trusted, nil
}

// otherFile says what a file is that is no trust root, as far as it can be told.
func otherFile(name string, content []byte, err error) error {
	t := filetype.Of(content)
	if !t.Known() || t == filetype.TrustRoot {
		return noTrustedRoot(name, err)
	}
	return &actions.Error{
		Code: actions.CodeTrustRoot, What: "the trust root " + name + " cannot be used", Why: t.Is, Err: err,
		Next: t.Use + "; --trusted-root takes the trusted_root.json of the deployment that signed",
	}
}

func noTrustedRoot(name string, err error) error {
	why := err.Error()
	var path *os.PathError
	if errors.As(err, &path) {
		why = path.Err.Error()
	}
	return &actions.Error{
		Code: actions.CodeTrustRoot, What: "the trust root " + name + " cannot be used", Why: firstLine(why), Err: err,
		Next: "give the trusted_root.json of the deployment that signed",
	}
}

// readBounded reads a file that may be anything.
func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	content, err := io.ReadAll(io.LimitReader(f, maxTrustedRoot+1))
	if err == nil && len(content) > maxTrustedRoot {
		err = errors.New("it is far too large for a trust root")
	}
	return content, err
}

// Written is a trust root that was written to a file.
type Written struct {
	File   string `json:"file"`
	SHA256 string `json:"sha256"` // in hex
	Bytes  int    `json:"bytes"`
}

// WriteFile writes a trusted root in one step. It fails with CodeFileInTheWay where one is there, unless it may be replaced,
// and CodeStateUnwritable.
func WriteFile(path string, content []byte, replace bool) (*Written, error) {
	info, err := os.Lstat(path)
	switch {
	case err == nil && info.Mode()&(fs.ModeType&^fs.ModeSymlink) != 0:
		return nil, &actions.Error{
			Code: actions.CodeFileInTheWay, What: path + " is no file that could be replaced",
			Why: "it is a directory, a device or a pipe, and the trust root is moved into its place when it is whole", Next: "name a file",
		}
	case err == nil && !replace:
		return nil, &actions.Error{
			Code: actions.CodeFileInTheWay, What: path + " is there already", Why: "nothing is overwritten without a yes",
			Next: "name another file, or give --force to replace it",
		}
	}
	if err := writeFile(path, content); err != nil {
		return nil, &actions.Error{
			Code: actions.CodeStateUnwritable, What: "the trust root cannot be written to " + path, Why: err.Error(), Err: err,
			Next: "make room or make the directory writable, or name another file",
		}
	}
	return &Written{path, sum(content), len(content)}, nil
}
