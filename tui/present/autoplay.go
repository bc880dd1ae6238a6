package present

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sigwalk/sigwalk/tui/lesson"
	"github.com/sigwalk/sigwalk/workshop"
)

// Action is what autoplay does next.
type Action int

// The actions.
const (
	Wait    Action = iota // for somebody or something else
	Read                  // the step that has no command was read
	TypeIt                // the command is typed out and run
	Forward               // the next step
	Stop                  // there is nothing left to do
)

// Plan is what autoplay does next, and when.
type Plan struct {
	Action Action
	// After is how long the audience has until then, at the usual pace.
	After time.Duration
	// Why says in a few words what it waits for, or why it stops.
	Why string
	// Moment tells one plan from another: the same moment of a lesson has the same plan.
	Moment string
}

const (
	shortLook = 4 * time.Second
	longLook  = 45 * time.Second
	// perWord is how long a word takes that is read aloud, at 150 a minute.
	perWord = 400 * time.Millisecond
)

// Next plans what comes at this moment of a lesson. Questions, failures and answers that a person has to give are waited for.
func Next(p lesson.Presented) Plan {
	step := p.Snapshot.Steps[p.Step]
	name := ""
	if p.Snapshot.Lesson != nil {
		name = p.Snapshot.Lesson.Name
	}
	plan := func(action Action, after time.Duration, why string) Plan {
		return Plan{action, after, why, fmt.Sprint(name, "/", p.Step, "/", step.State, "/", step.Runs, "/", action, why)}
	}
	switch {
	case p.Question != "":
		return plan(Wait, 0, "a question waits")
	case !p.Running.IsZero():
		return plan(Wait, 0, "the step runs")
	}
	switch step.State {
	case workshop.StepDone, workshop.StepSkipped:
		if p.Step == len(p.Snapshot.Steps)-1 {
			return plan(Stop, 0, "this was the last step")
		}
		return plan(Forward, shortLook, "the result is looked at")
	case workshop.StepBlocked:
		return plan(Wait, 0, "the step is blocked")
	case workshop.StepFailed:
		return plan(Wait, 0, "the step has failed")
	case workshop.StepRunning:
		return plan(Wait, 0, "the step runs")
	case workshop.StepIdle:
	}
	switch {
	case step.Step.Rehearsal != nil && step.Step.Rehearsal.Command != "":
		return plan(Wait, 0, "the audience answers")
	case step.Step.Command == "":
		return plan(Read, reading(step.Step.Text), "the text is read")
	}
	return plan(TypeIt, reading(step.Step.Text), "the text is read")
}

// reading is how long an audience needs for a text.
func reading(text string) time.Duration {
	return max(shortLook, min(longLook, perWord*time.Duration(len(strings.Fields(text)))))
}

// paces are how many times as fast as usual it can go.
var paces = []float64{0.25, 0.5, 0.75, 1, 1.5, 2, 4, 8, 16}

// Usual is the pace to begin with.
const Usual = 1.0

// Faster and Slower return the next pace, or the same at the end.
func Faster(pace float64) float64 { return shift(pace, 1) }

// Slower returns the pace before, or the same at the end.
func Slower(pace float64) float64 { return shift(pace, -1) }

func shift(pace float64, by int) float64 {
	at := slices.Index(paces, pace)
	if at < 0 {
		return Usual
	}
	return paces[max(0, min(len(paces)-1, at+by))]
}

// At is how long d takes at a pace.
func At(d time.Duration, pace float64) time.Duration { return time.Duration(float64(d) / pace) }

const (
	perKey = 45 * time.Millisecond
	// longestTyping is what even a long command takes: nobody wants to watch more.
	longestTyping = 8 * time.Second
)

// Key is how long passes between the characters of a command that is typed out, at the usual pace.
func Key(command string) time.Duration {
	return min(perKey, longestTyping/time.Duration(max(1, len(command))))
}
