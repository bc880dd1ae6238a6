package workshop

import (
	"regexp"
	"slices"

	"github.com/sigwalk/sigwalk/workshop/environment"
)

// A name after $, or between ${ and }, there with :- and what stands for a variable without a value, which may be another
// variable ($NAME). A dollar sign before
// anything else stands for itself, so that a regular expression may end in one.
var reference = regexp.MustCompile(`\$(?:([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)(:-[^}]*)?\})`)

func mentionsVariable(value string) bool { return reference.MatchString(value) }

// expand replaces the variables in value and names, sorted, those that have no value and no stand-in.
func expand(value string, env *environment.Environment) (expanded string, unset []string) {
	expanded = reference.ReplaceAllStringFunc(value, func(found string) string {
		m := reference.FindStringSubmatch(found)
		name := m[1] + m[2]
		v, _ := env.Get(name)
		if v.Value == "" && m[3] != "" {
			standIn, missing := expand(m[3][len(":-"):], env)
			unset = append(unset, missing...)
			return standIn
		}
		if v.Value == "" {
			unset = append(unset, name)
		}
		return v.Value
	})
	slices.Sort(unset)
	return expanded, slices.Compact(unset)
}

// variablesIn names the variables of value that have no stand-in, and those that are one.
func variablesIn(value string) []string {
	var names []string
	for _, m := range reference.FindAllStringSubmatch(value, -1) {
		if m[3] == "" {
			names = append(names, m[1]+m[2])
		} else {
			names = append(names, variablesIn(m[3])...)
		}
	}
	return names
}
