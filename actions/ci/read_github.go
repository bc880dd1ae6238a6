package ci

import "go.yaml.in/yaml/v3"

// readGitHub reads a workflow of GitHub Actions ("Workflow syntax for GitHub Actions").
func readGitHub(root *yaml.Node) *pipeline {
	p := &pipeline{system: GitHub, env: variables(at(root, "env"))}
	each(at(root, "jobs"), func(name, node *yaml.Node) {
		j := job{name: name.Value, line: name.Line, env: p.env.with(variables(at(node, "env")))}
		permissions := at(node, "permissions")
		if permissions == nil {
			permissions = at(root, "permissions")
		}
		if permissions != nil {
			j.permissionLine = permissions.Line
			all := text(permissions) == "write-all"
			j.canAsk = all || text(at(permissions, "id-token")) == "write"
			j.canPush = all || text(at(permissions, "packages")) == "write"
		} else {
			// Without permissions a token's rights are the repository's setting, in which id-token never is.
			j.canPush = true
		}
		container := at(node, "container")
		if image := at(container, "image"); image != nil {
			container = image
		}
		if container != nil {
			j.image, j.imageLine = text(container), container.Line
		}
		if steps := at(node, "steps"); steps != nil && steps.Kind == yaml.SequenceNode {
			for _, item := range steps.Content {
				if item = content(item); item == nil {
					continue
				}
				s := step{env: j.env.with(variables(at(item, "env"))), uses: text(at(item, "uses")), with: variables(at(item, "with")), line: item.Line}
				if uses := at(item, "uses"); uses != nil {
					s.line = uses.Line
				}
				if run, ok := scriptOf(at(item, "run")); ok {
					s.scripts = append(s.scripts, run)
				}
				j.steps = append(j.steps, s)
			}
		}
		p.jobs = append(p.jobs, j)
	})
	return p
}
