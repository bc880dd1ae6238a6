// Package stage ties the terminal that the audience sees, the projector, to those of whoever presents: they see where the
// projector is and what stands in its notes, and tell it what to do. The projector owns a directory; followers come and go.
package stage

import "time"

// State is all that a follower knows of the projector, at one moment. It holds no secret: what it says of the lesson stands
// in the lesson, and Screen is what the audience sees.
type State struct {
	PID int `json:"pid"` // of the projector
	// Lesson is the title of the lesson, empty until one is open; Next is that of the lesson behind it, where there is one.
	Lesson string `json:"lesson"`
	Next   string `json:"next,omitempty"`
	Where  string `json:"where,omitempty"` // as workshop.Snapshot.Where
	// Began is when the lesson was opened, Minutes what is planned for it.
	Began   time.Time `json:"began"`
	Minutes int       `json:"minutes"`
	// Steps are those of the lesson, Step the index of the one that is shown.
	Steps []Step `json:"steps"`
	Step  int    `json:"step"`
	// Command is what would run now, which may have been changed.
	Command string `json:"command,omitempty"`
	// Running is when the step that runs began; zero where none does.
	Running time.Time `json:"running"`
	// Question is what somebody is asked on the projector; empty where nobody is. YesNo is true where y or n answers it.
	Question string `json:"question,omitempty"`
	YesNo    bool   `json:"yesNo,omitempty"`
	// Scope is where keys count on the projector now, as keys.Scope.
	Scope string `json:"scope"`
	// Blank is true while the audience sees nothing, Typing while a command is typed out.
	Blank  bool `json:"blank,omitempty"`
	Typing bool `json:"typing,omitempty"`
	// Autoplay is true while the projector goes on by itself, Pace times as fast as usual; Waits says what for.
	Autoplay bool    `json:"autoplay,omitempty"`
	Pace     float64 `json:"pace"`
	Waits    string  `json:"waits,omitempty"`
	// Status is the projector's line of status.
	Status string `json:"status,omitempty"`
	// Screen is what the audience sees, line by line, without colours.
	Screen []string `json:"screen,omitempty"`
}

// Step is a step of the lesson that is presented.
type Step struct {
	Title   string `json:"title"`
	State   string `json:"state"` // as workshop.StepState.String
	Command string `json:"command,omitempty"`
	Notes   string `json:"notes,omitempty"` // Markdown, for whoever presents
}

// Done returns how many steps are done.
func (s State) Done() int {
	done := 0
	for _, step := range s.Steps {
		if step.State == "done" {
			done++
		}
	}
	return done
}

// Planned returns how much of the planned time belongs to the steps before the one that is shown: each has an equal share.
func (s State) Planned() time.Duration {
	if len(s.Steps) == 0 {
		return 0
	}
	return time.Duration(s.Minutes) * time.Minute * time.Duration(s.Step) / time.Duration(len(s.Steps))
}

// Command is what a follower wants of the projector.
type Command struct {
	// Intent is what is wanted, as keys.Intent: what a key of the projector would do, or one of the presenter's own.
	Intent string `json:"intent"`
	// Step is the index of a step, for the intents that want one.
	Step int `json:"step,omitempty"`
}
