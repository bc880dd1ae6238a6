package trace_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/trace"
)

// ticking is a clock that is a second later every time.
func ticking() actions.Clock {
	var mu sync.Mutex
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	return func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(time.Second)
		return now
	}
}

func stageOf(t *testing.T, tr trace.Trace, id string) trace.Stage {
	t.Helper()
	for _, s := range tr.Stages {
		if s.ID == id {
			return s
		}
	}
	t.Fatalf("there is no stage %s in %+v", id, tr)
	return trace.Stage{}
}

func paths(calls []trace.Call) string {
	var all []string
	for _, c := range calls {
		all = append(all, c.Path)
	}
	return strings.Join(all, " ")
}

// TestCallsAreOfTheirStage: also those of a stage that is still to come, and of one within another.
func TestCallsAreOfTheirStage(t *testing.T) {
	clock := ticking()
	r := trace.NewRecorder(nil, clock)
	call := func(ctx context.Context, path string) {
		r.Event(ctx, actions.Call{Method: "GET", Host: "h", Path: path, Status: 200, At: clock.Now(), Sent: -1, Received: 7})
	}
	ctx := t.Context()
	call(ctx, "/before")
	run := func(ctx context.Context, id string, work func(context.Context) (string, error)) error {
		return actions.RunStage(ctx, r, clock, id, "Title of "+id, work)
	}
	refused := errors.New("refused")
	for range 2 { // the second of each ID is another stage
		_ = run(ctx, "first", func(ctx context.Context) (string, error) {
			call(ctx, "/first")
			call(actions.WithStage(ctx, "push"), "/early")
			return "done well", run(ctx, "within", func(ctx context.Context) (string, error) {
				call(ctx, "/within")
				r.Event(ctx, actions.Made{Stage: actions.StageOf(ctx), Facts: []actions.Fact{{Name: "a", Value: "1"}}})
				return "", nil
			})
		})
		err := run(ctx, "push", func(ctx context.Context) (string, error) {
			call(ctx, "/push")
			return "", refused
		})
		if !errors.Is(err, refused) {
			t.Error(err)
		}
	}
	call(actions.WithStage(ctx, "never"), "/never")
	r.Event(ctx, actions.Stage{ID: "left", State: actions.StageSkipped, Detail: "not asked for", At: clock.Now()})
	r.Event(ctx, actions.Note{Level: actions.NoteWarning, Text: "mind"})
	tr := r.Trace()
	if len(tr.Stages) != 7 || paths(tr.Calls) != "/before /never" || len(tr.Notes) != 1 {
		t.Fatalf("%+v", tr)
	}
	for id, want := range map[string]string{"first": "/first", "within": "/within", "push": "/early /push", "left": ""} {
		if got := paths(stageOf(t, tr, id).Calls); got != want {
			t.Errorf("%s: %s, want %s", id, got, want)
		}
	}
	if s := stageOf(t, tr, "within"); len(s.Made) != 1 || s.State != "done" || s.Took <= 0 {
		t.Errorf("%+v", s)
	}
	if s := stageOf(t, tr, "push"); s.State != "failed" || s.Detail != "refused" {
		t.Errorf("%+v", s)
	}
	if s := stageOf(t, tr, "left"); s.State != "skipped" {
		t.Errorf("%+v", s)
	}
	text, err := json.Marshal(tr)
	if err != nil {
		t.Fatal(err)
	}
	for _, piece := range []string{`"sent":null`, `"received":7`, `"made":[{"name":"a","value":"1"}]`, `"notes":["mind"]`, `"calls":[]`, `"tookMs":`} {
		if !strings.Contains(string(text), piece) {
			t.Errorf("no %s in %s", piece, text)
		}
	}
}

// TestWhatComesLaterChangesNoTrace: and many may report at once.
func TestWhatComesLaterChangesNoTrace(t *testing.T) {
	r := trace.NewRecorder(nil, nil)
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for range 50 {
				_ = actions.RunStage(t.Context(), r, nil, fmt.Sprint("stage ", i), "S", func(ctx context.Context) (string, error) {
					r.Event(ctx, actions.Call{Path: "/x"})
					return "", nil
				})
			}
		})
	}
	_ = r.Trace()
	group.Wait()
	tr := r.Trace()
	calls := len(tr.Calls)
	for _, s := range tr.Stages {
		calls += len(s.Calls)
	}
	if len(tr.Stages) != 400 || calls != 400 {
		t.Errorf("%d stages, %d calls", len(tr.Stages), calls)
	}
	if _, err := r.Ask(t.Context(), actions.Question{}); !errors.Is(err, actions.ErrNobodyToAsk) {
		t.Error(err)
	}
	r.Event(t.Context(), actions.Call{Path: "/later"})
	if len(tr.Calls) != 0 {
		t.Errorf("%+v", tr.Calls)
	}
}
