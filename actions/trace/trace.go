// Package trace keeps what an action did: its stages with their times, what each produced, and every network call. A trace
// holds no header, no query and no body, and so no secret.
package trace

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/sigwalk/sigwalk/actions"
)

// Trace is what an action did. Its JSON is for people and programs: times are RFC 3339 in UTC, durations milliseconds.
type Trace struct {
	// Version is that of this form, 1.
	Version int
	Began   time.Time
	Took    time.Duration
	Stages  []Stage
	// Calls are those that belong to no stage.
	Calls []Call
	Notes []string
}

// Stage is a part of the action, in the order in which they began.
type Stage struct {
	ID, Title string
	// State is "started" for one that has not ended, else "done", "failed" or "skipped".
	State string
	// Detail is how it ended, in a line.
	Detail string
	Began  time.Time
	Took   time.Duration
	Made   []actions.Fact
	Calls  []Call
}

// Call is a network call.
type Call struct{ actions.Call }

// Recorder is an observer that keeps a trace and passes everything on. It is safe for concurrent use.
type Recorder struct {
	next  actions.Observer
	clock actions.Clock

	mu    sync.Mutex
	trace Trace
	open  map[string]int // where the stages stand that have not ended
	early map[string][]Call
}

// NewRecorder returns a recorder that passes everything on to next; nil for nobody.
func NewRecorder(next actions.Observer, clock actions.Clock) *Recorder {
	if next == nil {
		next = actions.Discard
	}
	return &Recorder{next: next, clock: clock, trace: Trace{Version: 1, Began: clock.Now()}, open: map[string]int{}, early: map[string][]Call{}}
}

// Event implements actions.Observer.
func (r *Recorder) Event(ctx context.Context, event actions.Event) {
	r.mu.Lock()
	switch e := event.(type) {
	case actions.Stage:
		r.stage(e)
	case actions.Made:
		if at, ok := r.open[e.Stage]; ok {
			r.trace.Stages[at].Made = append(r.trace.Stages[at].Made, e.Facts...)
		}
	case actions.Call:
		id := actions.StageOf(ctx)
		at, ok := r.open[id]
		switch {
		case ok:
			r.trace.Stages[at].Calls = append(r.trace.Stages[at].Calls, Call{e})
		case id != "": // it is for a stage that is still to come
			r.early[id] = append(r.early[id], Call{e})
		default:
			r.trace.Calls = append(r.trace.Calls, Call{e})
		}
	case actions.Note:
		r.trace.Notes = append(r.trace.Notes, e.Text)
	}
	r.mu.Unlock()
	r.next.Event(ctx, event)
}

func (r *Recorder) stage(e actions.Stage) {
	at, known := r.open[e.ID]
	if e.State == actions.StageStarted || !known {
		at = len(r.trace.Stages)
		r.open[e.ID] = at
		r.trace.Stages = append(r.trace.Stages, Stage{ID: e.ID, Title: e.Title, Began: e.At, Calls: r.early[e.ID]})
		delete(r.early, e.ID)
	}
	s := &r.trace.Stages[at]
	s.State, s.Detail, s.Took = nameOf(e.State), e.Detail, e.Took
	if e.State != actions.StageStarted {
		delete(r.open, e.ID)
	}
}

func nameOf(state actions.StageState) string {
	switch state {
	case actions.StageDone:
		return "done"
	case actions.StageFailed:
		return "failed"
	case actions.StageSkipped:
		return "skipped"
	case actions.StageStarted:
	}
	return "started"
}

// Ask implements actions.Observer. Questions and answers are not kept.
func (r *Recorder) Ask(ctx context.Context, question actions.Question) (actions.Answer, error) {
	return r.next.Ask(ctx, question)
}

// Trace returns what was recorded so far. What is recorded later does not change it.
func (r *Recorder) Trace() Trace {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.trace
	t.Took = r.clock.Now().Sub(t.Began)
	t.Stages = slices.Clone(t.Stages)
	for i := range t.Stages {
		t.Stages[i].Made, t.Stages[i].Calls = slices.Clone(t.Stages[i].Made), inOrder(t.Stages[i].Calls)
	}
	t.Calls, t.Notes = slices.Clone(t.Calls), slices.Clone(t.Notes)
	for _, calls := range r.early {
		t.Calls = append(t.Calls, calls...)
	}
	t.Calls = inOrder(t.Calls)
	return t
}

// inOrder sorts calls by when they began: they are told when they ended.
func inOrder(calls []Call) []Call {
	calls = slices.Clone(calls)
	slices.SortStableFunc(calls, func(a, b Call) int { return a.At.Compare(b.At) })
	return calls
}

// milliseconds rounds to microseconds, which is all that a network is good for.
func milliseconds(d time.Duration) float64 { return math.Round(float64(d)/1e3) / 1e3 }

// MarshalJSON implements json.Marshaler.
func (t Trace) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Version int       `json:"version"`
		Began   time.Time `json:"began"`
		Took    float64   `json:"tookMs"`
		Stages  []Stage   `json:"stages"`
		Calls   []Call    `json:"calls"`
		Notes   []string  `json:"notes"`
	}{t.Version, t.Began.UTC(), milliseconds(t.Took), orEmpty(t.Stages), orEmpty(t.Calls), orEmpty(t.Notes)})
}

// MarshalJSON implements json.Marshaler.
func (s Stage) MarshalJSON() ([]byte, error) {
	type fact struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	made := make([]fact, len(s.Made))
	for i, f := range s.Made {
		made[i] = fact(f)
	}
	return json.Marshal(struct {
		ID     string    `json:"id"`
		Title  string    `json:"title"`
		State  string    `json:"state"`
		Detail string    `json:"detail"`
		Began  time.Time `json:"began"`
		Took   float64   `json:"tookMs"`
		Made   []fact    `json:"made"`
		Calls  []Call    `json:"calls"`
	}{s.ID, s.Title, s.State, s.Detail, s.Began.UTC(), milliseconds(s.Took), made, orEmpty(s.Calls)})
}

// MarshalJSON implements json.Marshaler. Status is 0 and error says why where there was no answer; sent and received are
// bytes, null where they are not known.
func (c Call) MarshalJSON() ([]byte, error) {
	known := func(n int64) *int64 {
		if n < 0 {
			return nil
		}
		return &n
	}
	return json.Marshal(struct {
		Method   string    `json:"method"`
		Host     string    `json:"host"`
		Path     string    `json:"path"`
		Status   int       `json:"status"`
		Began    time.Time `json:"began"`
		Took     float64   `json:"tookMs"`
		Sent     *int64    `json:"sent"`
		Received *int64    `json:"received"`
		Error    string    `json:"error,omitempty"`
	}{c.Method, c.Host, c.Path, c.Status, c.At.UTC(), milliseconds(c.Took), known(c.Sent), known(c.Received), c.Err})
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
