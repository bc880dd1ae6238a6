package ci

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/sigwalk/sigwalk/actions"
)

// longestFile bounds a pipeline's file, in bytes: GitHub's own limit for a workflow is below it.
const longestFile = 1 << 20

// setting is a variable of a job and the line where it is set.
type setting struct {
	value string
	line  int
}

// scope is the variables in force at a place; an inner one shadows an outer one.
type scope map[string]setting

func (s scope) with(inner scope) scope {
	all := scope{}
	for name, value := range s {
		all[name] = value
	}
	for name, value := range inner {
		all[name] = value
	}
	return all
}

// job is what either system calls a job, with what signing needs to know.
type job struct {
	name string
	line int
	env  scope
	// image is the container that the job runs in, imageLine its line; empty for the runner's own system.
	image     string
	imageLine int
	// tokens are the identity tokens that the job is handed, by the variable that holds them: GitLab's id_tokens.
	tokens map[string]token
	// canAsk says whether the job may ask for identity tokens: GitHub's permission id-token.
	canAsk bool
	// permissionLine is the line of the permissions in force; 0 where there are none.
	permissionLine int
	canPush        bool
	steps          []step
}

// token is an identity token that a job is handed.
type token struct {
	audiences []string
	line      int
}

// step is a part of a job: a script, or somebody else's action.
type step struct {
	env     scope
	uses    string
	with    scope
	line    int
	scripts []script
}

// script is shell text, whose first line is at line of the file. Folded text has all its commands there.
type script struct {
	text   string
	line   int
	folded bool
}

// pipeline is a file of either system.
type pipeline struct {
	system string
	env    scope // what is set for all
	jobs   []job
}

// read reads a pipeline of either system, and tells which it is by its form: a workflow of GitHub has jobs.
func read(file io.Reader) (*pipeline, error) {
	text, err := io.ReadAll(io.LimitReader(file, longestFile+1))
	if err != nil {
		return nil, err
	}
	if len(text) > longestFile {
		return nil, unreadable("it is longer than any pipeline, 1 MiB")
	}
	var document yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	if err := decoder.Decode(&document); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, unreadable("there is nothing in it")
		}
		return nil, unreadable(strings.TrimPrefix(err.Error(), "yaml: "))
	}
	root := content(&document)
	if root == nil || root.Kind != yaml.MappingNode {
		return nil, unreadable("a pipeline is a map of keys and values")
	}
	if at(root, "spec") != nil && at(root, "jobs") == nil { // GitLab's header of inputs, before the pipeline itself
		var second yaml.Node
		if decoder.Decode(&second) == nil && content(&second) != nil {
			root = content(&second)
		}
	}
	if at(root, "jobs") != nil {
		return readGitHub(root), nil
	}
	p := readGitLab(root)
	if len(p.jobs) == 0 {
		return nil, unreadable("it has neither the jobs of a GitHub workflow nor a job of GitLab with a script")
	}
	return p, nil
}

func unreadable(why string) error {
	return &actions.Error{
		Code: actions.CodePipelineUnreadable, What: "this is no pipeline that can be read", Why: why,
		Next: "name a workflow of GitHub (.github/workflows/NAME.yaml) or a .gitlab-ci.yml",
	}
}

// content is a document's content with aliases followed; nil for none.
func content(node *yaml.Node) *yaml.Node {
	for range 8 { // an alias of an alias, and no ring
		switch {
		case node == nil:
			return nil
		case node.Kind == yaml.DocumentNode && len(node.Content) == 1:
			node = node.Content[0]
		case node.Kind == yaml.AliasNode:
			node = node.Alias
		default:
			return node
		}
	}
	return nil
}

// at returns the value of a key; nil where there is none.
func at(node *yaml.Node, keys ...string) *yaml.Node {
	node = content(node)
	for _, key := range keys {
		if node == nil || node.Kind != yaml.MappingNode {
			return nil
		}
		var found *yaml.Node
		for i := 0; i+1 < len(node.Content); i += 2 {
			if node.Content[i].Value == key {
				found = node.Content[i+1]
			}
		}
		node = content(found)
	}
	return node
}

// each calls f for every key and value of a map.
func each(node *yaml.Node, f func(key, value *yaml.Node)) {
	if node = content(node); node == nil || node.Kind != yaml.MappingNode {
		return
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if value := content(node.Content[i+1]); value != nil {
			f(node.Content[i], value)
		}
	}
}

// text is a scalar's value; empty for anything else.
func text(node *yaml.Node) string {
	if node = content(node); node == nil || node.Kind != yaml.ScalarNode {
		return ""
	}
	return node.Value
}

// variables reads a map of variables. GitLab's may have a map for a value, with the value below "value".
func variables(node *yaml.Node) scope {
	all := scope{}
	each(node, func(key, value *yaml.Node) {
		if value.Kind == yaml.MappingNode {
			value = at(value, "value")
		}
		all[key.Value] = setting{text(value), key.Line}
	})
	return all
}

// scriptOf reads shell text from a scalar.
func scriptOf(node *yaml.Node) (script, bool) {
	if node = content(node); node == nil || node.Kind != yaml.ScalarNode {
		return script{}, false
	}
	s := script{text: node.Value, line: node.Line}
	switch {
	case node.Style&yaml.LiteralStyle != 0:
		s.line++ // the text begins below the bar
	case node.Style&yaml.FoldedStyle != 0:
		s.line++
		s.folded = true
	default:
		s.folded = true
	}
	return s, true
}
