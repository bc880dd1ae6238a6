package present_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/sigwalk/sigwalk/tui/lesson"
	"github.com/sigwalk/sigwalk/tui/lesson/lessontest"
	"github.com/sigwalk/sigwalk/tui/present"
	"github.com/sigwalk/sigwalk/workshop"
)

// at is the demo at a step that stands somewhere.
func at(step int, state workshop.StepState) lesson.Presented {
	snapshot := lessontest.Demo().Snapshot()
	snapshot.Steps[step].State = state
	return lesson.Presented{Snapshot: snapshot, Step: step, Command: snapshot.Steps[step].Step.Command}
}

func TestAutoplayGoesOnAndWaits(t *testing.T) {
	asked, running, answer := at(3, workshop.StepRunning), at(3, workshop.StepRunning), at(0, workshop.StepIdle)
	asked.Question = "Are you sure?"
	running.Running = lessontest.Now()
	answer.Snapshot.Steps[0].Step.Rehearsal = &workshop.Rehearsal{Command: "answer 3"}
	last := len(lessontest.Lesson().Steps) - 1
	for name, c := range map[string]struct {
		at   lesson.Presented
		want present.Action
	}{
		"a step to do":      {at(0, workshop.StepIdle), present.TypeIt},
		"a step to read":    {at(last, workshop.StepIdle), present.Read},
		"a step that runs":  {running, present.Wait},
		"a question":        {asked, present.Wait},
		"an answer to give": {answer, present.Wait},
		"a failure":         {at(1, workshop.StepFailed), present.Wait},
		"a blocked step":    {at(3, workshop.StepBlocked), present.Wait},
		"a step done":       {at(0, workshop.StepDone), present.Forward},
		"a step left out":   {at(0, workshop.StepSkipped), present.Forward},
		"the last one":      {at(last, workshop.StepDone), present.Stop},
	} {
		plan := present.Next(c.at)
		if plan.Action != c.want || plan.Why == "" || (plan.Action == present.Wait) != (plan.After == 0) && plan.Action != present.Stop {
			t.Errorf("%s: %+v", name, plan)
		}
		if plan.Moment != present.Next(c.at).Moment {
			t.Errorf("%s: the same moment has two names", name)
		}
	}
	if present.Next(asked).Moment == present.Next(running).Moment {
		t.Error("a question is no moment of its own")
	}
}

func TestPaces(t *testing.T) {
	pace := present.Usual
	for range 20 {
		pace = present.Faster(pace)
	}
	if pace != 16 || present.At(8*time.Second, pace) != time.Second/2 {
		t.Errorf("the fastest is %v", pace)
	}
	for range 20 {
		pace = present.Slower(pace)
	}
	if pace != 0.25 || present.Faster(pace) != 0.5 {
		t.Errorf("the slowest is %v", pace)
	}
	if whole := time.Duration(2000) * present.Key(strings.Repeat("x", 2000)); whole > 10*time.Second {
		t.Errorf("a long command takes %v to type", whole)
	}
}

// What a line prints comes in pieces, and a piece may end in the middle of a secret.
func TestSecretsStayBehindTheCurtain(t *testing.T) {
	const secret = "never-to-be-seen" // the demo's QUAY_PASSWORD
	l := lessontest.Lesson()
	plays := make([]lessontest.Play, len(l.Steps))
	printed, goOn := make(chan struct{}), make(chan struct{})
	plays[0] = func(_ context.Context, st *lessontest.Stage) error {
		st.Print("one\nthe password is " + secret[:7])
		printed <- struct{}{}
		<-goOn
		st.Print(secret[7:] + ", and that is all")
		return nil
	}
	inner := lessontest.New(l, lessontest.Env(), plays)
	session := present.Hide(inner)
	ended := make(chan error)
	go func() { ended <- session.Run(t.Context(), 0, "") }()
	<-printed
	text, next := session.Output(0, 0)
	if text != "one\n" || next != len("one\n") {
		t.Errorf("while it runs: %q, up to %d", text, next)
	}
	close(goOn)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	rest, _ := session.Output(0, next)
	if strings.Contains(rest, "never") || !strings.HasSuffix(rest, ", and that is all") {
		t.Errorf("at the end: %q", rest)
	}
	for _, v := range session.Snapshot().Env {
		if strings.Contains(v.Value, "never") {
			t.Errorf("%s is %s", v.Name, v.Value)
		}
	}
	if got := session.Curtain().Hide("it is " + secret + "."); strings.Contains(got, secret) {
		t.Errorf("the curtain lets through %q", got)
	}
}
