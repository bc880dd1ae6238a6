// Package environment is the set of variables that a lesson, the workshop shell and the actions work with: each value
// with where it came from, and the endpoints that the values amount to.
package environment

import (
	"github.com/sigwalk/sigwalk/actions"
)

// Source says where a value came from, for people: "sandbox", "lesson", "flag --fulcio-url", "environment",
// "config file /home/maria/.config/sigwalk/config.yaml", "default".
type Source string

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

// Environment holds variables. It is safe for concurrent use.
type Environment struct{}

// New returns an environment that holds vars; a later one of the same name wins.
func New(vars ...Variable) *Environment { panic("being built") }

// Get returns the variable called name.
func (e *Environment) Get(name string) (Variable, bool) { panic("being built") }

// Set stores v, replacing one of the same name. A name that IsSecret knows is stored as a secret whatever v says.
func (e *Environment) Set(v Variable) { panic("being built") }

// Unset forgets name.
func (e *Environment) Unset(name string) { panic("being built") }

// List returns all variables in the order of their names.
func (e *Environment) List() []Variable { panic("being built") }

// IsSecret reports whether a variable of that name holds a secret by custom: SIGSTORE_ID_TOKEN, anything with PASSWORD,
// TOKEN or SECRET in it.
func IsSecret(name string) bool { panic("being built") }

// Endpoint is one service address in force with the variable and source that gave it.
type Endpoint struct {
	Title    string // "Fulcio (certificates)"
	Variable string // the variable it was read from, or the first that would give it
	Value    string // empty when nothing gives it
	Source   Source
}

// Endpoints reads the deployment from the variables by the rules of FACTS: COSIGN_* first, then SIGSTORE_* and the
// others that Trusted Artifact Signer terminals export.
func (e *Environment) Endpoints() actions.Endpoints { panic("being built") }

// Explain lists the endpoints for the help built-in and `sigwalk env`.
func (e *Environment) Explain() []Endpoint { panic("being built") }

// Homes reads TUF_ROOT and DOCKER_CONFIG; what is unset lies below dir. It never falls back to ~/.sigstore or ~/.docker.
func (e *Environment) Homes(dir string) actions.Homes { panic("being built") }

// Exports returns lines that a POSIX shell can eval: `export NAME='value'`. Secrets are included only when asked for.
func (e *Environment) Exports(withSecrets bool) string { panic("being built") }
