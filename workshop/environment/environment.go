// Package environment is the set of variables that a lesson, the workshop shell and the actions work with: each value
// with where it came from, and the endpoints that the values amount to.
package environment

import (
	"slices"
	"strings"
	"sync"
)

// Source says where a value came from, for people: "sandbox", "lesson", "flag --fulcio-url", "environment",
// "config file /home/maria/.config/sigwalk/config.yaml", "default".
type Source string

// FromLesson is the source of values that a line set in an earlier run, and that were kept since.
const FromLesson Source = "lesson"

// FromLine is the source of variables that a line of the workshop shell set.
const FromLine Source = "line"

// FromScript is the source of variables that a line set by sourcing a script.
func FromScript(name string) Source { return Source(scriptPrefix + name) }

const scriptPrefix = "source "

// ByLine reports whether a line of the workshop shell, or a script it sourced, set the value, and not whoever prepared the
// lesson.
func (s Source) ByLine() bool { return s == FromLine || strings.HasPrefix(string(s), scriptPrefix) }

// Variable is one name with its value.
type Variable struct {
	Name   string
	Value  string
	Source Source
	// Secret values are shown as dots, and are never written to disk.
	Secret bool
	// Exported variables are seen by programs; the others by the shell alone.
	Exported bool
}

// Environment holds variables. It is safe for concurrent use. The zero Environment is empty and ready.
type Environment struct {
	mu   sync.RWMutex
	vars map[string]Variable
}

// New returns an environment that holds vars; a later one of the same name wins.
func New(vars ...Variable) *Environment {
	e := &Environment{vars: make(map[string]Variable, len(vars))}
	for _, v := range vars {
		e.Set(v)
	}
	return e
}

// Get returns the variable called name.
func (e *Environment) Get(name string) (Variable, bool) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	v, ok := e.vars[name]
	return v, ok
}

// Set stores v, replacing one of the same name. A name that IsSecret knows is stored as a secret whatever v says. A
// variable without a name is not stored.
func (e *Environment) Set(v Variable) {
	if v.Name == "" {
		return
	}
	v.Secret = v.Secret || IsSecret(v.Name)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.vars == nil {
		e.vars = make(map[string]Variable)
	}
	e.vars[v.Name] = v
}

// Unset forgets name.
func (e *Environment) Unset(name string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.vars, name)
}

// List returns all variables in the order of their names.
func (e *Environment) List() []Variable {
	e.mu.RLock()
	list := make([]Variable, 0, len(e.vars))
	for _, v := range e.vars {
		list = append(list, v)
	}
	e.mu.RUnlock()
	slices.SortFunc(list, func(a, b Variable) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// IsSecret reports whether a variable of that name holds a secret by custom: SIGSTORE_ID_TOKEN, anything with PASSWORD,
// TOKEN or SECRET in it, in any case. A name that ends in _FILE, _PATH or _URL names the place of a secret and not the
// secret itself.
func IsSecret(name string) bool {
	upper := strings.ToUpper(name)
	for _, suffix := range []string{"_FILE", "_PATH", "_URL"} {
		if strings.HasSuffix(upper, suffix) {
			return false
		}
	}
	for _, word := range []string{"PASSWORD", "TOKEN", "SECRET"} {
		if strings.Contains(upper, word) {
			return true
		}
	}
	return false
}

// Exports returns lines that a POSIX shell can eval: `export NAME='value'`, in the order of the names and for exported
// variables only. Secrets are included only when asked for. A name that no shell would take is left out.
func (e *Environment) Exports(withSecrets bool) string {
	var b strings.Builder
	for _, v := range e.List() {
		if !v.Exported || !ValidName(v.Name) || (v.Secret && !withSecrets) {
			continue
		}
		b.WriteString("export " + v.Name + "=" + Quote(v.Value) + "\n")
	}
	return b.String()
}

// Quote quotes value so that a POSIX shell reads it as one word and expands nothing in it. A quote within stands in double
// quotes and not behind a backslash, which the workshop's own shell takes amiss in files that are sourced.
func Quote(value string) string {
	return "'" + strings.ReplaceAll(value, "'", `'"'"'`) + "'"
}

// ValidName reports whether a POSIX shell takes name as the name of a variable.
func ValidName(name string) bool {
	for i, r := range name {
		switch {
		case r == '_', 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z':
		case i > 0 && '0' <= r && r <= '9':
		default:
			return false
		}
	}
	return name != ""
}
