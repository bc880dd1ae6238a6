package plain

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/sigwalk/sigwalk/actions/trace"
	tracescreen "github.com/sigwalk/sigwalk/tui/trace"
	"github.com/sigwalk/sigwalk/tui/widget"
)

// trace says what the last run of the step did: all of it, one stage, or nothing but where it was saved.
func (w *walker) trace(what string) {
	t, _, ok := w.session.Trace(w.step)
	what = strings.TrimSpace(what)
	switch {
	case !ok:
		w.say("There is nothing to trace yet. Enter runs the step.")
	case what == "":
		w.stages(t)
	case strings.EqualFold(what, "save"):
		w.saveTrace(t)
	default:
		n, err := strconv.Atoi(what)
		if err != nil || n < 1 || n > len(t.Stages) {
			w.say("There is no stage %s. The word trace alone lists them.", widget.Clean(what))
			return
		}
		w.stage(t.Stages[n-1])
	}
}

func (w *walker) stages(t trace.Trace) {
	w.say("%d stages in %s.", len(t.Stages), tracescreen.Duration(t.Took))
	for i, s := range t.Stages {
		w.say("Stage %d. %s: %s.", i+1, widget.Clean(s.Title), ended(s))
		w.calls(s.Calls)
	}
	if len(t.Calls) > 0 {
		w.say("Network calls of no stage:")
		w.calls(t.Calls)
	}
	if len(t.Stages) > 0 {
		w.say("trace and a number says what that stage made, such as: trace 1")
	}
}

func ended(s trace.Stage) string {
	text := s.State
	if s.State != "started" {
		text += " in " + tracescreen.Duration(s.Took)
	}
	if s.Detail != "" {
		text += ", " + widget.Clean(s.Detail)
	}
	return text
}

func (w *walker) calls(calls []trace.Call) {
	for _, c := range calls {
		w.say("  %s", widget.Clean(tracescreen.Sentence(c)))
	}
}

func (w *walker) stage(s trace.Stage) {
	w.say("%s: %s.", widget.Clean(s.Title), ended(s))
	if len(s.Made) == 0 {
		w.say("It made nothing that can be shown.")
	}
	for _, f := range s.Made {
		// Unbroken, for it may be copied.
		_, _ = fmt.Fprintf(w.out, "  %s: %s\n", widget.Clean(f.Name), widget.Clean(f.Value))
	}
	w.calls(s.Calls)
}

func (w *walker) saveTrace(t trace.Trace) {
	if w.opts.Dir == "" {
		w.say("There is no directory here to write to.")
		return
	}
	name, err := trace.SaveNext(w.opts.Dir, t)
	if err != nil {
		w.failure(err)
		return
	}
	w.say("The trace is in %s.", widget.Clean(filepath.Join(w.opts.Dir, name)))
}
