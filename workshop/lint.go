package workshop

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/sigwalk/sigwalk/workshop/shell"
)

// Lint finds what ParseCourse takes and an author would want to know: commands that are not built in, scripts that are not
// there, variables that nothing sets, checks that their step's command cannot fulfil, steps without a hint or an expected output, links to files
// that are not in the folder. known are the variables that a deployment sets.
func Lint(course *Course, known []string) Problems {
	l := &linter{course: course, set: slices.Clone(known)}
	l.scripts()
	for _, lesson := range course.Lessons {
		l.lesson(lesson)
	}
	return l.problems
}

// linter reads the lessons in order: what one sets, the next may use.
type linter struct {
	course   *Course
	set      []string // variables
	problems Problems
	file     string
}

func (l *linter) add(line int, what, instead string) {
	l.problems = append(l.problems, Problem{File: l.file, Line: line, What: what, Instead: instead})
}

// scripts reads what the scripts set. That one cannot be read as shell is a problem of its own.
func (l *linter) scripts() {
	names, _ := fs.Glob(l.course.Files, scriptsDir+"/*.sh") // the pattern is good
	for _, name := range names {
		l.file = name
		content, err := fs.ReadFile(l.course.Files, name)
		if err != nil {
			l.add(1, "the script cannot be read: "+err.Error(), "make it readable")
			continue
		}
		words, err := shell.Read(string(content))
		if err != nil {
			l.add(1, "it is no shell script: "+brief(err), "correct the syntax")
			continue
		}
		l.set = append(l.set, words.Sets...)
	}
}

func (l *linter) lesson(lesson *Lesson) {
	l.file = lessonsDir + "/" + lesson.Name + ".md"
	l.set = append(l.set, lesson.Needs...)
	source, err := fs.ReadFile(l.course.Files, l.file)
	if err == nil {
		l.links(string(source))
	}
	for _, step := range lesson.Steps {
		l.step(step)
	}
}

// link is a Markdown link or picture whose target is a path.
var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

func (l *linter) links(source string) {
	number := 0
	for line := range strings.Lines(source) {
		number++
		for _, m := range link.FindAllStringSubmatch(line, -1) {
			target, _, _ := strings.Cut(m[1], "#")
			if target == "" || strings.Contains(target, ":") {
				continue
			}
			if _, err := fs.Stat(l.course.Files, path.Join(lessonsDir, target)); err != nil {
				l.add(number, "a link to "+m[1]+", which is not in the folder", "correct the path, which begins at the lesson's own folder")
			}
		}
	}
}

func (l *linter) step(step Step) {
	l.notes(step)
	if step.Command == "" {
		return
	}
	if len(step.Hints) == 0 {
		l.add(step.Line, fmt.Sprintf("the step %q has no hint", step.Title), "add "+roleHint.opening()+" for whoever is stuck")
	}
	if step.Expected == "" {
		l.add(step.Line, fmt.Sprintf("the step %q shows no expected output", step.Title),
			"add "+roleExpected.opening()+" with the lines that matter, or "+noLines+" where it prints none")
	}
	for _, wanted := range step.Variables {
		l.set = append(l.set, strings.Split(wanted, "|")...)
	}
	words, err := shell.Read(step.Command)
	if err != nil {
		l.add(step.Line, fmt.Sprintf("the command of %q is no shell line: %s", step.Title, brief(err)), "correct the syntax")
		return
	}
	for _, word := range words.Commands {
		if l.course.Host != "" {
			break // they are programs of the machine
		}
		l.add(step.Line, fmt.Sprintf("the step %q calls %s, which is not built in", step.Title, word.Name),
			instead(word.Name, shell.Builtins())+", or say in course.yaml why the learner's machine shall run it: host: ...")
	}
	for _, word := range words.Scripts {
		if _, err := fs.Stat(l.course.Files, path.Join(scriptsDir, path.Base(word.Name))); err != nil {
			l.add(step.Line, fmt.Sprintf("the step %q uses %s, which is not there", step.Title, word.Name), "write "+scriptsDir+"/"+path.Base(word.Name))
		}
	}
	l.set = append(l.set, words.Sets...)
	for _, word := range words.Uses {
		l.variable(step.Line, word.Name)
	}
	for _, check := range step.Checks {
		for _, value := range check.With {
			for _, name := range variablesIn(value) {
				l.variable(check.Line, name)
			}
		}
		l.fulfilled(step, check)
	}
}

func (l *linter) variable(line int, name string) {
	if slices.Contains(l.set, name) {
		return
	}
	l.set = append(l.set, name) // once is enough
	l.add(line, "nothing sets $"+name, "set it in a step or a script before, or name it in needs")
}

// fulfilled finds checks of a run for which the step's command can give no result.
func (l *linter) fulfilled(step Step, check Check) {
	wants := map[string]string{
		kindTableRows: "verify", kindTreeSignatures: "cosign tree", kindTokenRead: "sigwalk token", kindAnswer: "answer",
		kindSignaturesLost: "sigwalk sandbox race", kindRecovered: "sigwalk recover", kindTampered: "sigwalk sandbox tamper",
		kindTrustCheck: "sigwalk trust check", kindTrustDiff: "sigwalk trust diff", kindBadge: "sigwalk tags", kindPacked: "sigwalk pack",
		kindCheckState: "verify", kindExplained: "sigwalk explain",
	}[check.Kind]
	if wants != "" && !strings.Contains(step.Command, wants) {
		l.add(check.Line, fmt.Sprintf("a check of the kind %s in a step that does not call %s", check.Kind, wants), "call it, or choose another kind of check")
	}
}
