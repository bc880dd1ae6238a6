package workshop

import (
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"
)

// sequence returns the entries of a YAML list.
func sequence(node *yaml.Node) ([]*yaml.Node, bool) {
	return node.Content, node.Kind == yaml.SequenceNode
}

// crossCheck finds what no block can see alone: names used twice, needs that name nothing, steps that could never be done
// or would be done for the wrong reason.
func (p *lessonParser) crossCheck() {
	var names []string
	for _, step := range p.lesson.Steps {
		if slices.Contains(names, step.ID) {
			p.add(step.Line, fmt.Sprintf("a second step called %q", step.ID), "give it another name between the braces")
		}
		names = append(names, step.ID)
		p.checkStep(step)
	}
	for _, need := range p.stepNeeds {
		switch at := slices.Index(names, need.name); {
		case at < 0 && need.step == 0:
			p.add(need.line, fmt.Sprintf("needs names %q and nothing stands before the first step", need.name), "remove it")
		case at < 0:
			p.add(need.line, fmt.Sprintf("needs names %q, which is no step of this lesson", need.name), instead(need.name, names[:need.step]))
		case at >= need.step:
			p.add(need.line, fmt.Sprintf("needs names %q, which does not stand before this step", need.name), "move that step up, or remove the need")
		}
	}
}

// checkStep holds the parts of one step against each other.
func (p *lessonParser) checkStep(step Step) {
	if step.Command == "" {
		switch {
		case step.Expected != "":
			p.add(step.Line, fmt.Sprintf("the step %q expects an output and has no command", step.Title), "add "+roleRun.opening()+", or remove "+roleExpected.opening())
		case len(step.Checks) > 0:
			p.add(step.Line, fmt.Sprintf("the step %q has checks and no command", step.Title), "add "+roleRun.opening())
		case step.Kind != "":
			p.add(step.Line, fmt.Sprintf("the step %q has a kind and no command", step.Title), "add "+roleRun.opening()+", or remove kind for a step that is only read")
		case step.Text == "" && !p.within(step):
			p.add(step.Line, fmt.Sprintf("the step %q is empty", step.Title), "add text, or "+roleRun.opening())
		}
		return
	}
	if step.Kind == "" {
		if !p.within(step) {
			p.add(step.Line, fmt.Sprintf("the step %q has a command and no kind", step.Title), "add "+roleStep.opening()+" with kind: changes or kind: observes")
		}
		return
	}
	ofRun := 0
	for _, check := range step.Checks {
		kind, _ := kindOf(check.Kind)
		if !kind.ofRun {
			continue
		}
		ofRun++
		if step.Kind == Changes {
			p.add(check.Line, fmt.Sprintf("a check of the kind %s in a step that changes the world", check.Kind), "check what the world shows afterwards, or write kind: observes")
		}
	}
	switch {
	case len(step.Checks) == 0:
		if p.within(step) {
			return
		}
		p.add(step.Line, fmt.Sprintf("the step %q has no check, so that it could never be done", step.Title), "add "+roleCheck.opening())
	case ofRun == 0 && step.Kind == Observes:
		p.add(step.Line, fmt.Sprintf("the step %q observes and no check looks at what its command shows", step.Title),
			"add a check of the kind "+orList(runKinds()))
	}
}

// within reports whether a problem was already found between the step's heading and the next, from which a missing part
// may follow.
func (p *lessonParser) within(step Step) bool {
	end := 1 << 30
	for _, other := range p.lesson.Steps {
		if other.Line > step.Line {
			end = min(end, other.Line)
		}
	}
	return slices.ContainsFunc(p.list, func(problem Problem) bool {
		return problem.Line > step.Line && problem.Line < end
	})
}
