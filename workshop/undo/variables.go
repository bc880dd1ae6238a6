package undo

import (
	"context"
	"slices"

	"github.com/sigwalk/sigwalk/workshop/environment"
)

// variable is one as it was.
type variable struct {
	environment.Variable
	// unknown says that the value was not kept, and the name alone is known.
	unknown bool
}

// ofLesson reports whether the value is the lesson's, and not what the person gave sigwalk for this run.
func ofLesson(source environment.Source) bool {
	return source.ByLine() || source == environment.FromLesson || source == environment.FromSandbox
}

// variableChanges puts the variables back; their values are nobody's to read. left are those whose value nobody knows any more.
// Sources are not compared: what a line has set comes from the lesson after a restart.
func (k *Keeper) variableChanges(before, now []variable) (changes []change, left []string) {
	env := k.opts.Environment
	then := map[string]variable{}
	for _, v := range before {
		then[v.Name] = v
	}
	for _, v := range now {
		if _, was := then[v.Name]; !was && ofLesson(v.Source) {
			changes = append(changes, change{"unsets the variable " + v.Name, func(context.Context) error { env.Unset(v.Name); return nil }})
		}
	}
	for _, was := range before {
		v, is := env.Get(was.Name)
		switch {
		case is && !ofLesson(v.Source):
		case was.unknown:
			if !is && was.Source.ByLine() && !slices.Contains(shellOwn, was.Name) {
				left = append(left, "the variable "+was.Name+", whose value is not kept on disk")
			}
		case !is || v.Value != was.Value || v.Exported != was.Exported:
			changes = append(changes, change{"puts the variable " + was.Name + " back", func(context.Context) error { env.Set(was.Variable); return nil }})
		}
	}
	return changes, left
}

// shellOwn are variables that a shell sets by itself as it runs.
var shellOwn = []string{"OLDPWD", "PWD"}
