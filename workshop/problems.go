package workshop

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sigwalk/sigwalk/actions"
)

// Problem is one thing that is wrong in a lesson file.
type Problem struct {
	File string `json:"file"`
	Line int    `json:"line"` // from 1
	What string `json:"what"`
	// Instead says what to write.
	Instead string `json:"instead"`
}

// String puts the problem on one line as file:line, the way editors read it.
func (p Problem) String() string {
	at := fmt.Sprintf("%s:%d", p.File, p.Line)
	if p.Instead == "" {
		return at + ": " + p.What
	}
	return at + ": " + p.What + "; " + p.Instead
}

// Problems is all that is wrong in a lesson file, in the order of its lines. ParseLesson's error wraps it.
type Problems []Problem

// Error implements error: one problem a line.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.String()
	}
	return strings.Join(lines, "\n")
}

// problems collects what is wrong while a file is read.
type problems struct {
	file string
	list Problems
}

func (p *problems) add(line int, what, instead string) {
	p.list = append(p.list, Problem{File: p.file, Line: line, What: what, Instead: instead})
}

// err returns nil when nothing is wrong.
func (p *problems) err() error {
	if len(p.list) == 0 {
		return nil
	}
	slices.SortStableFunc(p.list, func(a, b Problem) int { return a.Line - b.Line })
	what := fmt.Sprintf("the lesson %s has %d problems", p.file, len(p.list))
	if len(p.list) == 1 {
		what = fmt.Sprintf("the lesson %s has a problem", p.file)
	}
	return &actions.Error{
		Code: actions.CodeLessonBroken,
		What: what,
		Why:  p.list.Error(),
		Next: "correct the lines named and open the lesson again; docs/lesson-format.md describes the format",
		Err:  p.list,
	}
}

// orList joins words for a sentence: "a, b or c".
func orList(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

// meant guesses which of the known words was meant by word, or returns "" when none is near.
func meant(word string, known []string) string {
	best, distance := "", 3
	for _, k := range known {
		if d := editDistance(strings.ToLower(word), k); d < distance && d < len(k) {
			best, distance = k, d
		}
	}
	return best
}

// instead says what to write for a word that is not known.
func instead(word string, known []string) string {
	if m := meant(word, known); m != "" {
		return fmt.Sprintf("write %q", m)
	}
	return "write " + orList(known)
}

// editDistance counts the insertions, deletions and replacements that turn a into b.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(diagonal+cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
