package workshop

import (
	"fmt"
	"strings"

	"github.com/yuin/goldmark/ast"
)

// role is what a fenced block means. A block whose info string gives it no role is text.
type role string

const (
	roleText  role = ""
	roleStep  role = "step"
	roleRun   role = "run"
	roleCheck role = "check"
	roleHint  role = "hint"
	roleWhy   role = "why"
	roleNotes role = "notes"

	roleRehearse role = "rehearse"
	roleExpected role = "expected"
)

// opening is how a block of a role begins; blocks of prose need no language.
func (r role) opening() string {
	switch r {
	case roleStep, roleCheck, roleRehearse:
		return "```yaml " + string(r)
	case roleRun:
		return "```sh run"
	case roleText, roleHint, roleWhy, roleNotes, roleExpected:
	}
	return "```" + string(r)
}

// roleNames are the words that give a block a meaning.
var roleNames = []string{"step", "run", "check", "hint", "why", "notes", "rehearse", "expected"}

// roleOf reads an info string. The problem, if any, says what to write instead; the role is then the one that was meant.
func roleOf(info string) (r role, instead string) {
	words := strings.Fields(info)
	if len(words) == 0 {
		return roleText, ""
	}
	last := words[len(words)-1]
	found := roleText
	for _, name := range roleNames {
		if last == name {
			found = role(name)
		}
	}
	if found == roleText {
		guess := role(meant(last, roleNames))
		switch {
		case len(words) == 1 && (guess == roleText || editDistance(last, string(guess)) > 1 || len(last) < 4):
			return roleText, "" // a language
		case guess != roleText:
			return guess, "write " + guess.opening()
		}
		return roleText, "a second word says what the block means: write " + orList(roleNames) + ", or leave it away"
	}
	expected := found.opening()
	if "```"+strings.Join(words, " ") != expected {
		return found, "write " + expected
	}
	return found, ""
}

// roleBlock reads a block that means something into the step and reports whether the block was one.
func (p *lessonParser) roleBlock(block *ast.FencedCodeBlock, start int) bool {
	info := ""
	if block.Info != nil {
		info = string(block.Info.Segment.Value(p.source))
	}
	line := p.lineAt(start)
	r, instead := roleOf(info)
	if instead != "" {
		p.add(line, fmt.Sprintf("a block marked %q", info), instead)
		return r != roleText
	}
	if r == roleText {
		return false
	}
	step := p.step()
	if step == nil {
		p.add(line, fmt.Sprintf("a %s block before the first step", r), "move it below a line such as ## Copy the image {#copy-image}")
		return true
	}
	var content strings.Builder
	for i := range block.Lines().Len() {
		segment := block.Lines().At(i)
		content.Write(segment.Value(p.source))
	}
	p.blocks[r]++
	if p.blocks[r] > 1 && r != roleHint {
		p.add(line, fmt.Sprintf("a second %s block in the step %q", r, step.Title), "join the two, or begin a new step")
		return true
	}
	if strings.TrimSpace(content.String()) == "" {
		p.add(line, fmt.Sprintf("an empty %s block", r), "fill it or remove it")
		return true
	}
	p.take(step, r, content.String(), line+1)
	return true
}

// take stores what a block says. line is that of the block's first line of content.
func (p *lessonParser) take(step *Step, r role, content string, line int) {
	prose := strings.TrimSpace(content)
	switch r {
	case roleRun:
		step.Command = strings.Trim(content, "\n")
	case roleHint:
		step.Hints = append(step.Hints, prose)
	case roleWhy:
		step.Why = prose
	case roleNotes:
		step.Notes = prose
	case roleExpected:
		step.Expected = prose
		if strings.Trim(prose, ".\n ") == "" {
			p.add(line, "an expected block that leaves everything open", "write the lines that matter, and three dots for the rest")
		}
	case roleStep:
		p.readStep(step, content, line)
	case roleRehearse:
		p.readRehearsal(step, content, line)
	case roleCheck:
		p.readChecks(step, content, line)
	case roleText:
	}
}

// views are the ways to look at a result that a step may ask for.
var views = []string{"table", "tree", "trust"}

// readStep reads the settings of a step.
func (p *lessonParser) readStep(step *Step, content string, line int) {
	fields, ok := p.mapping(content, line, "the step block", []string{"kind", "needs", "variables", "view", sandboxOnly})
	if !ok {
		return
	}
	switch kind := p.scalar(fields, "kind", line, "write kind: changes or kind: observes"); kind {
	case string(Changes), string(Observes), "":
		step.Kind = StepKind(kind)
	default:
		p.add(fields["kind"].line, fmt.Sprintf("the kind %q", kind), instead(kind, []string{string(Changes), string(Observes)}))
	}
	if _, given := fields["view"]; given {
		step.View = p.scalar(fields, "view", line, "write "+orList(views))
		if step.View != "" && meant(step.View, views) != step.View {
			p.add(fields["view"].line, fmt.Sprintf("the view %q", step.View), instead(step.View, views))
		}
	}
	step.SandboxOnly = p.sandboxOnly(fields)
	for _, item := range p.items(fields, "variables") {
		for _, name := range strings.Split(item.text, "|") {
			if !variableName.MatchString(name) {
				p.add(item.line, fmt.Sprintf("variables names %q", item.text), "write the names of variables without $, and | between those of which one will do")
				break
			}
		}
		step.Variables = append(step.Variables, item.text)
	}
	for _, item := range p.items(fields, "needs") {
		step.Needs = append(step.Needs, item.text)
		p.stepNeeds = append(p.stepNeeds, stepNeed{step: len(p.lesson.Steps) - 1, name: item.text, line: item.line})
	}
}

// readRehearsal reads what a rehearsal does where the step asks a person to sign in.
func (p *lessonParser) readRehearsal(step *Step, content string, line int) {
	fields, ok := p.mapping(content, line, "the rehearse block", []string{"user", "password", "command"})
	if !ok {
		return
	}
	const howTo = "write a value, such as a variable that the environment sets"
	step.Rehearsal = &Rehearsal{Line: line}
	if _, given := fields["command"]; given {
		step.Rehearsal.Command = p.scalar(fields, "command", line, "write what a person types")
		if len(fields) == 1 {
			return
		}
	}
	step.Rehearsal.Password = p.scalar(fields, "password", line, howTo)
	if _, given := fields["user"]; given {
		step.Rehearsal.User = p.scalar(fields, "user", line, howTo)
	}
	if step.Rehearsal.Password != "" && !mentionsVariable(step.Rehearsal.Password) {
		p.add(fields["password"].line, "a password stands in the lesson", "name a variable that holds it, such as $OIDC_PASSWORD")
	}
}
