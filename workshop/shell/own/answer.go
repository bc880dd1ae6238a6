package own

import (
	"context"
	"strings"

	"github.com/sigwalk/sigwalk/workshop/shell/builtin"
)

// Answered is what a learner answered to the question of a step.
type Answered struct{ Text string }

// Answer is the command answer of the workshop shell, with which a learner answers the question of a step. Whether it is
// right, the step's check finds out from the world.
type Answer struct{}

// Name implements builtin.Builtin.
func (Answer) Name() string { return "answer" }

// Summary implements builtin.Builtin.
func (Answer) Summary() string { return "answer the question of a step" }

// Run implements builtin.Builtin.
func (Answer) Run(_ context.Context, call *builtin.Call) error {
	text := strings.TrimSpace(strings.Join(call.Args, " "))
	if text == "" {
		return builtin.Usage("answer: write the answer behind it, such as: answer 3")
	}
	call.Keep(&Answered{text})
	return nil
}
