package workshop_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/sigwalk/sigwalk/actions/trace"
	"github.com/sigwalk/sigwalk/workshop"
)

// TestTraceOfAStep keeps what a real signature did, until the step runs again; what comes after the run is not in it.
func TestTraceOfAStep(t *testing.T) {
	c := newClassroom(t)
	lesson := signAnImage(t)
	s := c.session(t, lesson)
	consent(t, s)
	at := slices.IndexFunc(lesson.Steps, func(step workshop.Step) bool { return step.ID == "sign" })
	if _, _, ok := s.Trace(at); ok || s.Snapshot().Steps[at].Traced {
		t.Error("a step that was not run has a trace")
	}
	for i := range at + 1 {
		run(t, s, i, "")
	}
	got, running, ok := s.Trace(at)
	if !ok || running || !s.Snapshot().Steps[at].Traced {
		t.Fatalf("ok %v, running %v", ok, running)
	}
	fulcio := slices.IndexFunc(got.Stages, func(s trace.Stage) bool { return s.ID == "certificate" })
	if fulcio < 0 || len(got.Stages[fulcio].Made) == 0 || len(got.Stages[fulcio].Calls) != 1 || got.Stages[fulcio].Calls[0].Path != "/api/v2/signingCert" {
		t.Errorf("the stages are %+v", got.Stages)
	}
	if later, _, _ := s.Trace(at); !reflect.DeepEqual(later, got) {
		t.Errorf("the trace goes on behind its end: %+v", later)
	}
	text, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"SIGSTORE_ID_TOKEN", "OIDC_PASSWORD", "QUAY_PASSWORD"} {
		if strings.Contains(string(text), c.value(t, name)) {
			t.Errorf("the trace holds %s", name)
		}
	}
	run(t, s, at, "echo nothing is called")
	if got, _, _ := s.Trace(at); len(got.Stages) != 0 || len(got.Calls) != 0 {
		t.Errorf("another line has the trace %+v", got)
	}
	if _, _, ok := s.Trace(len(lesson.Steps)); ok {
		t.Error("there is a trace of no step")
	}
}
