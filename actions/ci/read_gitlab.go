package ci

import "go.yaml.in/yaml/v3"

// readGitLab reads a .gitlab-ci.yml ("CI/CD YAML syntax reference"). A job is a key whose value has a script; what extends,
// includes and default give a job is followed inside the file, for a few steps.
func readGitLab(root *yaml.Node) *pipeline {
	p := &pipeline{system: GitLab, env: variables(at(root, "variables"))}
	each(root, func(name, node *yaml.Node) {
		if at(node, "script") == nil || name.Value == "default" {
			return
		}
		j := job{name: name.Value, line: name.Line, env: p.env, tokens: map[string]token{}, canAsk: true, canPush: true}
		parents := lineage(root, node)
		for _, from := range parents {
			j.env = j.env.with(variables(at(from, "variables")))
			if image := at(from, "image"); image != nil {
				if named := at(image, "name"); named != nil {
					image = named
				}
				j.image, j.imageLine = text(image), image.Line
			}
			each(at(from, "id_tokens"), func(key, value *yaml.Node) {
				t := token{line: key.Line}
				switch aud := at(value, "aud"); {
				case aud == nil:
				case aud.Kind == yaml.SequenceNode:
					for _, one := range aud.Content {
						t.audiences = append(t.audiences, text(one))
					}
				default:
					t.audiences = []string{text(aud)}
				}
				j.tokens[key.Value] = t
			})
		}
		one := step{env: j.env, line: name.Line}
		for _, part := range []string{"before_script", "script", "after_script"} {
			for i := len(parents) - 1; i >= 0; i-- {
				if lines := at(parents[i], part); lines != nil {
					one.scripts = append(one.scripts, scripts(lines)...)
					break
				}
			}
		}
		j.steps = []step{one}
		p.jobs = append(p.jobs, j)
	})
	return p
}

// lineage returns what a job gets its keys from, the farthest first: the defaults of the file, what it extends, itself.
func lineage(root, node *yaml.Node) []*yaml.Node {
	chain := []*yaml.Node{node}
	for range 11 { // GitLab follows as many
		extends := at(chain[0], "extends")
		if extends != nil && extends.Kind == yaml.SequenceNode && len(extends.Content) > 0 {
			extends = content(extends.Content[len(extends.Content)-1])
		}
		parent := at(root, text(extends))
		if text(extends) == "" || parent == nil {
			break
		}
		chain = append([]*yaml.Node{parent}, chain...)
	}
	var first []*yaml.Node
	for _, defaults := range []*yaml.Node{rootKeys(root), at(root, "default")} {
		if defaults != nil {
			first = append(first, defaults)
		}
	}
	return append(first, chain...)
}

// rootKeys are the keys at the top of a file that older pipelines set for all jobs, without the variables, which
// everything has anyhow.
func rootKeys(root *yaml.Node) *yaml.Node {
	out := &yaml.Node{Kind: yaml.MappingNode}
	each(root, func(key, value *yaml.Node) {
		switch key.Value {
		case "image", "before_script", "after_script":
			out.Content = append(out.Content, key, value)
		}
	})
	return out
}

// scripts reads a script, or a list of them that may hold further lists.
func scripts(node *yaml.Node) []script {
	if node = content(node); node == nil {
		return nil
	}
	if node.Kind == yaml.SequenceNode {
		var all []script
		for _, item := range node.Content {
			all = append(all, scripts(item)...)
		}
		return all
	}
	if s, ok := scriptOf(node); ok {
		return []script{s}
	}
	return nil
}
