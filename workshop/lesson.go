// Package workshop is what is taught: lessons in Markdown, their steps and checks, and the session of one learner who walks
// through them.
package workshop

import (
	"slices"
	"time"
)

// Lesson is one lesson, read from a Markdown file. It is never changed once it was read.
type Lesson struct {
	Name    string // the file's name without its ending, such as "sign-an-image"
	Title   string
	Summary string
	Minutes int // planned
	// Needs names the environment variables that must have a value before the first step.
	Needs []string
	// After are steps of lessons that come before in the course, whose checks must hold before a command of this one can work.
	After []Earlier
	// SandboxOnly is why the lesson can be done in the sandbox alone, as half a sentence; empty where it can be done anywhere.
	SandboxOnly string
	// Intro is the Markdown that stands before the first step; it may be empty.
	Intro string
	Steps []Step
}

// Earlier is a step of a lesson that comes before.
type Earlier struct {
	Lesson, ID string // as the lesson names them: LESSON/STEP
	Line       int    // where it does
	// Title is the other lesson's, Number the step's, from 1. They and the step are found by ParseCourse: a lesson that was read alone
	// knows of no other, and asks for nothing there.
	Title  string
	Number int
	Step   Step
}

// StepKind tells a step that changes the world from one that observes it.
type StepKind string

// The kinds of steps.
const (
	// Changes marks a step that is done when the world shows it, whoever made it so.
	Changes StepKind = "changes"
	// Observes marks a step that is done when its own command, run here, gave the right typed result.
	Observes StepKind = "observes"
)

// Step is one thing to do.
type Step struct {
	ID    string // unique in the lesson, lower case with dashes
	Title string
	Kind  StepKind
	// Text is the step's own Markdown, without its heading and without the blocks that mean something; Why and Hints are
	// shown on request, Hints one after another; Notes are for the instructor.
	Text  string
	Why   string
	Hints []string
	Notes string
	// Command is what a person would type; it may span lines. Empty for a step that is only read.
	Command string
	// Expected is what the command prints where all goes well, to be compared (CompareOutput) and not to be judged by; empty for
	// nothing that is worth it.
	Expected string
	// Needs names steps of this lesson whose checks must hold before this one can work.
	Needs []string
	// Variables must have a value before this step can work; of "A|B" one of them must.
	Variables []string
	// SandboxOnly is as Lesson.SandboxOnly, for a step.
	SandboxOnly string
	Checks      []Check
	// Rehearsal says who signs in when nobody is there and the command asks for it; nil where it does not ask.
	Rehearsal *Rehearsal
	// View is how the result is best looked at: "", "table", "tree", "trust".
	View string
	Line int // where the step begins in its file
}

// MeantToFail reports whether the command is there to be seen failing.
func (s Step) MeantToFail() bool {
	return slices.ContainsFunc(s.Checks, func(c Check) bool { return c.Kind == kindCommandFails })
}

// Rehearsal is what a person would do when a step is rehearsed: who signs in at the provider's own page, with $VARIABLES not
// yet expanded, or what is typed in place of the command.
type Rehearsal struct {
	User, Password string
	Command        string
	Line           int
}

// Check is one fact that must hold for a step to be done. Which fields count depends on Kind; docs/lesson-format.md lists
// them.
type Check struct {
	Kind  string
	Title string
	// With holds the parameters, with $VARIABLES not yet expanded.
	With map[string]string
	Line int
}

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

// String says the state in one word.
func (s CheckState) String() string {
	switch s {
	case CheckProbing:
		return "probing"
	case CheckHolds:
		return "holds"
	case CheckFails:
		return "fails"
	case CheckBroken:
		return "broken"
	case CheckUnknown:
	}
	return "unknown"
}

// CheckResult is how a check came out.
type CheckResult struct {
	State CheckState
	// Found says what the world shows, on one line.
	Found string
	// Err is why the check could not be asked, or what the world answered when it fails; nil otherwise.
	Err error
	At  time.Time
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

// String says the state in one word.
func (s StepState) String() string {
	switch s {
	case StepBlocked:
		return "blocked"
	case StepRunning:
		return "running"
	case StepDone:
		return "done"
	case StepFailed:
		return "failed"
	case StepSkipped:
		return "skipped"
	case StepIdle:
	}
	return "idle"
}
