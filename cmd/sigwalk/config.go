package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/workshop/environment"
)

// configFile reads the configuration file: a YAML mapping of variable names to values, in which a relative file name starts
// at the file's own directory. Secrets do not belong there and are refused. Without --config there need be none.
func (a *app) configFile() ([]environment.Variable, error) {
	text, err := os.ReadFile(a.flags.config)
	if errors.Is(err, fs.ErrNotExist) && !a.flags.given("config") {
		return nil, nil
	}
	if err != nil {
		return nil, a.brokenConfig(reasonOf(err), "check the name and its permissions")
	}
	var values map[string]*string
	if err := yaml.Unmarshal(text, &values); err != nil {
		return nil, a.brokenConfig(err.Error(), configForm)
	}
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	dir, err := filepath.Abs(filepath.Dir(a.flags.config))
	if err != nil {
		return nil, a.brokenConfig(err.Error(), "")
	}
	source := environment.Source("config file " + a.flags.config)
	var vars []environment.Variable
	for _, name := range names {
		switch {
		case !environment.ValidName(name):
			return nil, a.brokenConfig(fmt.Sprintf("%q is not the name of a variable", name), configForm)
		case environment.IsSecret(name):
			return nil, a.brokenConfig(name+" is a secret, and a secret must not lie in a file",
				"take the line out, and give the value in the environment: read it without an echo, then export "+name)
		case values[name] == nil || *values[name] == "":
			continue
		}
		v := variable(name, *values[name], source)
		if v.Value, err = whole(v, dir); err != nil {
			return nil, err
		}
		vars = append(vars, v)
	}
	return vars, nil
}

const configForm = "write one NAME: value a line, such as COSIGN_FULCIO_URL: https://fulcio.example.com"

func (a *app) brokenConfig(why, next string) error {
	return &actions.Error{
		Code: actions.CodeUsage, What: "cannot use the configuration file " + a.flags.config, Why: why, Next: next,
	}
}

// reasonOf is an error of the operating system without the path, which the message names already.
func reasonOf(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err.Error()
	}
	return err.Error()
}
