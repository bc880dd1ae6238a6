package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

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
	pairs, err := readPairs(text)
	if err != nil {
		return nil, a.brokenConfig(err.Error(), configForm)
	}
	dir, err := filepath.Abs(filepath.Dir(a.flags.config))
	if err != nil {
		return nil, a.brokenConfig(err.Error(), "")
	}
	source := environment.Source("config file " + a.flags.config)
	var vars []environment.Variable
	for _, pair := range pairs {
		name, value := pair[0], pair[1]
		switch {
		case !environment.ValidName(name):
			return nil, a.brokenConfig(fmt.Sprintf("%q is not the name of a variable", name), configForm)
		case environment.IsSecret(name):
			return nil, a.brokenConfig(name+" is a secret, and a secret must not lie in a file",
				"take the line out, and give the value in the environment: read it without an echo, then export "+name)
		case value == "":
			continue
		}
		v := variable(name, value, source)
		if v.Value, err = whole(v, dir); err != nil {
			return nil, err
		}
		vars = append(vars, v)
	}
	return vars, nil
}

// readPairs reads a YAML mapping of names to single values, in the order of the file. Its errors quote nothing of the file:
// somebody may have put a secret there.
func readPairs(text []byte) ([][2]string, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if len(document.Content) == 0 { // an empty file
		return nil, nil
	}
	mapping := document.Content[0]
	if mapping.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("line %d is no NAME: value", mapping.Line)
	}
	var pairs [][2]string
	lines := map[string]int{}
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		key, value := mapping.Content[i], mapping.Content[i+1]
		if key.Kind != yaml.ScalarNode || value.Kind != yaml.ScalarNode {
			return nil, fmt.Errorf("line %d is no NAME: value", key.Line)
		}
		if line, there := lines[key.Value]; there {
			return nil, fmt.Errorf("%s stands in line %d and in line %d", key.Value, line, key.Line)
		}
		lines[key.Value] = key.Line
		text := value.Value
		if value.Tag == "!!null" {
			text = ""
		}
		pairs = append(pairs, [2]string{key.Value, text})
	}
	return pairs, nil
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
