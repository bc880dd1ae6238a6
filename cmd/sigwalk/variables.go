package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/workshop/environment"
)

// lessonVariables are what the lines of a lesson set and later lines, in this process or another, find again through the
// state directory. A secret is never among them.
var lessonVariables = []string{"IMAGE", "OIDC_USER", "QUAY", "SOURCE_IMAGE"}

func (p *place) variablesFile() string { return filepath.Join(p.dir, "variables.json") }

// restoreVariables takes over what an earlier line of the same deployment left. A file that cannot be read is treated as
// absent: all it holds can be set again by one line.
func (p *place) restoreVariables() error {
	text, err := os.ReadFile(p.variablesFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return &actions.Error{
			Code: actions.CodeStateUnreadable,
			What: "cannot read " + p.variablesFile() + ", which holds what earlier lines have set",
			Why:  reasonOf(err),
			Next: "make it readable, or remove it: one line sets it again",
			Err:  err,
		}
	}
	var kept savedVariables
	if json.Unmarshal(text, &kept) != nil || kept.Deployment != p.deployment {
		return nil
	}
	for _, name := range lessonVariables {
		if value := kept.Values[name]; value != "" {
			if given, ok := p.env.Get(name); ok && given.Source != environment.FromSandbox {
				continue // what the person gives now beats what a line left
			}
			p.env.Set(variable(name, value, environment.FromLesson))
		}
	}
	return nil
}

// saveVariables keeps what the lines that ran here left.
func (p *place) saveVariables() error {
	kept := savedVariables{Deployment: p.deployment, Values: map[string]string{}}
	for _, name := range lessonVariables {
		if v, ok := p.env.Get(name); ok && !v.Secret {
			kept.Values[name] = v.Value
		}
	}
	text, err := json.MarshalIndent(kept, "", "  ")
	if err != nil {
		return err
	}
	text = append(text, '\n')
	temporary, err := os.CreateTemp(p.dir, "variables-*.tmp")
	if err != nil {
		return unwritable(p.dir, err)
	}
	_, err = temporary.Write(text)
	err = errors.Join(err, temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), p.variablesFile())
	}
	if err != nil {
		_ = os.Remove(temporary.Name())
		return unwritable(p.dir, err)
	}
	return nil
}

// savedVariables is the file: values count only for the deployment that they were set for.
type savedVariables struct {
	Deployment string            `json:"deployment"`
	Values     map[string]string `json:"values"`
}

// deploymentOf names the deployment and the registry that env has before a line changed any of it.
func deploymentOf(env *environment.Environment) string {
	endpoints := env.Endpoints()
	registry, _ := env.Get("QUAY")
	return endpoints.TUFMirror + " " + endpoints.Fulcio + " " + registry.Value
}
