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
	var commands []syntax.Command
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
			commands = append(commands, unset(vr.Name))
		}
		commands = append(commands, assign(vr))
	}
	for name := range v.known {
		if _, there := now[name]; !there {
			commands = append(commands, unset(name))
		}
	}
	v.known = now
	// Nobody sees this: it runs before the line's streams are connected, and as commands, which no trap hears of.
	_ = interp.StdIO(nil, nil, nil)(runner)
	// It waits for nothing, and a line that is cancelled now must not leave the runner without what known says it has.
	ctx = context.WithoutCancel(ctx)
	for _, command := range commands {
		if _, err := exitOf(ctx, runner.Run(ctx, command)); err != nil {
			return err
		}
	}
	return nil
}

// assign is NAME='value' or export NAME='value'. The value needs no quoting here: no parser reads it.
func assign(v environment.Variable) syntax.Command {
	a := &syntax.Assign{
		Name:  &syntax.Lit{Value: v.Name},
		Value: &syntax.Word{Parts: []syntax.WordPart{&syntax.SglQuoted{Value: v.Value}}},
	}
	if v.Exported {
		return &syntax.DeclClause{Variant: &syntax.Lit{Value: "export"}, Args: []*syntax.Assign{a}}
	}
	return &syntax.CallExpr{Assigns: []*syntax.Assign{a}}
}

func unset(name string) syntax.Command {
	var words []*syntax.Word
	for _, text := range []string{"unset", "-v", name} {
		words = append(words, &syntax.Word{Parts: []syntax.WordPart{&syntax.Lit{Value: text}}})
	}
	return &syntax.CallExpr{Args: words}
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
