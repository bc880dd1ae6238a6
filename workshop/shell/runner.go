package shell

import (
	"os"
	"path/filepath"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/interp"

	"github.com/sigwalk/sigwalk/workshop/shell/confine"
)

// nowhere is a directory that does not exist. It stands in PATH, so that no name is looked up on the host, and in TMPDIR
// while the interpreter reads it, so that process substitution, which makes named pipes there that built-ins cannot open,
// fails at once.
const nowhere = confine.NullDevice + "/none"

// initial is the environment of a runner before the lesson's variables are set.
func (s *Shell) initial() expand.Environ {
	vars := []string{"PATH=" + nowhere, "HOME=" + s.files.Dir()}
	if s.opts.AllowHost {
		vars = os.Environ()
	}
	return expand.ListEnviron(append(vars, "TMPDIR="+nowhere)...)
}

// newRunner returns an interpreter that reaches the machine through our handlers only.
func (s *Shell) newRunner(dir string, env expand.Environ, params ...string) (*interp.Runner, error) {
	runner, err := interp.New(
		interp.Env(env),
		// The option of the interpreter looks for the directory on the host, where an alias does not exist.
		func(r *interp.Runner) error { r.Dir = filepath.Clean(dir); return nil },
		interp.Params(append([]string{"--"}, params...)...),
		interp.StdIO(nil, nil, nil),
		interp.CallHandler(s.call),
		interp.ExecHandlers(func(interp.ExecHandlerFunc) interp.ExecHandlerFunc { return s.exec }),
		interp.OpenHandler(s.open),
		interp.ReadDirHandler2(s.readDir),
		interp.StatHandler(s.stat),
		interp.AccessHandler(s.access),
	)
	if err != nil {
		return nil, err
	}
	runner.Reset()
	return runner, nil
}
