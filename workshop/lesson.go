// Package workshop is what is taught: lessons in Markdown, their steps and checks, and the session of one learner who walks
// through them.
package workshop

import (
	"io/fs"
	"time"
)

// Lesson is one lesson, read from a Markdown file.
type Lesson struct {
	Name    string // the file's name without its ending, such as "sign-an-image"
	Title   string
	Summary string
	Minutes int // planned
	// Needs names the environment variables that must have a value before the first step.
	Needs []string
	Steps []Step
}

// StepKind tells a step that changes the world from one that observes it.
type StepKind string

// The kinds of steps.
const (
	Changes  StepKind = "changes"
	Observes StepKind = "observes"
)

// Step is one thing to do.
type Step struct {
	ID    string // unique in the lesson, lower case with dashes
	Title string
	Kind  StepKind
	// Text is the Markdown that stands before the command; Why and Hints are shown on request, Hints one after another.
	Text  string
	Why   string
	Hints []string
	// Command is what a person would type; it may span lines. Empty for a step that is only read.
	Command string
	// Needs names steps of this lesson whose checks must hold before this one can work.
	Needs  []string
	Checks []Check
	// View is how the result is best looked at: "", "table", "tree", "trust".
	View string
	Line int // where the step begins in its file
}

// Check is one fact that must hold for a step to be done. Which fields count depends on Kind; the format's page lists them.
type Check struct {
	Kind  string
	Title string
	// With holds the parameters, with $VARIABLES not yet expanded.
	With map[string]string
	Line int
}

// ParseLesson reads the lesson in the file name of fsys. Its errors name file and line and say what to write instead
// (CodeLessonBroken).
func ParseLesson(fsys fs.FS, name string) (*Lesson, error) { panic("being built") }

// CheckState is where a check stands.
type CheckState int

// The states of a check.
const (
	CheckUnknown CheckState = iota
	CheckProbing
	CheckHolds
	CheckFails
	CheckBroken // could not be asked, such as an unreachable registry
)

// CheckResult is how a check came out.
type CheckResult struct {
	State CheckState
	// Found says what the world shows, on one line.
	Found string
	Err   error
	At    time.Time
}

// StepState is where a step stands.
type StepState int

// The states of a step.
const (
	StepIdle StepState = iota
	StepBlocked
	StepRunning
	StepDone
	StepFailed
	StepSkipped
)
