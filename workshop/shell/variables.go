package shell

import (
	"context"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/interp"
	"mvdan.cc/sh/v3/syntax"

	"github.com/sigwalk/sigwalk/workshop/environment"
)

// variables keeps the variables of a runner and of an environment the same between lines. It remembers what both held
// last, so that a change made outside while a line ran is not undone by the line's end.
type variables struct {
	env   *environment.Environment
	known map[string]value
	// base is what the runner started with: the host's variables where those are allowed.
	base map[string]value
}

type value struct {
	text     string
	exported bool
}

func newVariables(env *environment.Environment, base expand.Environ) *variables {
	v := &variables{env: env, known: make(map[string]value), base: make(map[string]value)}
	for name, vr := range base.Each {
		v.base[name] = value{vr.Str, vr.Exported}
	}
	return v
}

// internal reports whether name belongs to the shell itself and not to the lesson.
func internal(name string) bool {
	switch name {
	case "UID", "EUID", "GID", "PWD", "OLDPWD", "IFS", "OPTIND", "OPTARG", "HOME", "PATH", "TMPDIR", "REPLY", "_", "SHLVL":
		return true
	}
	return !environment.ValidName(name)
}

// pull sets in the runner what changed in the environment since the last line.
func (v *variables) pull(ctx context.Context, runner *interp.Runner) error {
	now := make(map[string]value)
	var text string
	for _, vr := range v.env.List() {
		if internal(vr.Name) {
			continue
		}
		next := value{vr.Value, vr.Exported}
		now[vr.Name] = next
		last, known := v.known[vr.Name]
		if known && last == next {
			continue
		}
		if known && last.exported && !next.exported {
			text += "unset -v " + vr.Name + "\n"
		}
		if next.exported {
			text += "export "
		}
		text += vr.Name + "=" + environment.Quote(vr.Value) + "\n"
	}
	for name := range v.known {
		if _, there := now[name]; !there {
			text += "unset -v " + name + "\n"
		}
	}
	v.known = now
	if text == "" {
		return nil
	}
	statements, err := parse(text)
	if err != nil {
		return err
	}
	// Nobody sees this: it runs before the line's streams are connected, and as commands, which no trap hears of.
	_ = interp.StdIO(nil, nil, nil)(runner)
	for _, statement := range statements {
		if _, err := exitOf(ctx, runner.Run(ctx, statement.Cmd)); err != nil {
			return err
		}
	}
	return nil
}

// push stores in the environment what the line changed.
func (v *variables) push(runner *interp.Runner, source environment.Source) {
	for name, vr := range runner.Vars {
		if internal(name) {
			continue
		}
		last, known := v.known[name]
		if !vr.IsSet() || vr.Kind != expand.String {
			if known {
				v.env.Unset(name)
				delete(v.known, name)
			}
			continue
		}
		next := value{vr.Str, vr.Exported}
		if start, fromBase := v.base[name]; known && last == next || !known && fromBase && start == next {
			continue
		}
		old, _ := v.env.Get(name)
		v.env.Set(environment.Variable{
			Name: name, Value: vr.Str, Source: source, Secret: old.Secret, Exported: vr.Exported,
		})
		v.known[name] = next
	}
}

// sourceOf names who set the variables of a line: the script that it sources, or the line. Never the whole text, which may
// hold a password.
func sourceOf(statements []*syntax.Stmt) environment.Source {
	for _, statement := range statements {
		call, ok := statement.Cmd.(*syntax.CallExpr)
		if !ok || len(call.Args) < 2 {
			continue
		}
		if name := call.Args[0].Lit(); name != "source" && name != "." {
			continue
		}
		if script := call.Args[1].Lit(); script != "" {
			return environment.FromScript(script)
		}
	}
	return environment.FromLine
}
