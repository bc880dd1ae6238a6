package images

import (
	"context"
	"fmt"
	"io"
	"sync"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/workshop/shell/builtin"
)

// teller prints what a tool prints while a copy runs, and passes everything on to whoever watches the line.
type teller struct {
	call *builtin.Call
	// blob is told of every blob that is at the destination, manifest when the manifest is about to be written.
	begin, manifest func()
	blob            func(actions.Progress)

	mu   sync.Mutex
	told map[string]bool
}

// Event implements actions.Observer.
func (t *teller) Event(ctx context.Context, event actions.Event) {
	t.mu.Lock()
	switch e := event.(type) {
	case actions.Stage:
		switch {
		case e.State != actions.StageStarted:
		case e.ID == "blobs" && t.begin != nil:
			t.begin()
		case e.ID == "manifest" && t.manifest != nil:
			t.manifest()
		}
	case actions.Progress:
		if e.Done == e.Total && !t.told[e.ID] && t.blob != nil {
			if t.told == nil {
				t.told = make(map[string]bool)
			}
			t.told[e.ID] = true
			t.blob(e)
		}
	case actions.Note:
		if e.Level == actions.NoteWarning {
			_, _ = fmt.Fprintf(t.call.Stderr, "WARNING: %s\n", e.Text)
		}
	}
	t.mu.Unlock()
	t.call.Observer.Event(ctx, event)
}

// Ask implements actions.Observer.
func (t *teller) Ask(ctx context.Context, q actions.Question) (actions.Answer, error) {
	return t.call.Observer.Ask(ctx, q)
}

// likeSkopeo tells a copy as skopeo does: the layers as they arrive, the configurations after them.
func likeSkopeo(call *builtin.Call, out io.Writer) *teller {
	var configs []actions.Progress
	say := func(kind string, digits int, p actions.Progress) {
		how := "done   |"
		if p.Skipped {
			how = "skipped: already exists"
		}
		_, _ = fmt.Fprintf(out, "Copying %s %s %s\n", kind, short(p.ID, digits), how)
	}
	return &teller{
		call:  call,
		begin: func() { _, _ = fmt.Fprintln(out, "Getting image source signatures") },
		blob: func(p actions.Progress) {
			if isConfig(p) {
				configs = append(configs, p)
				return
			}
			say("blob", 12, p)
		},
		manifest: func() {
			for _, p := range configs {
				say("config", 10, p)
			}
			_, _ = fmt.Fprintln(out, "Writing manifest to image destination")
		},
	}
}

// likeCrane tells a copy as crane does, on standard error.
func likeCrane(call *builtin.Call) *teller {
	return &teller{call: call, blob: func(p actions.Progress) {
		how := "pushed"
		if p.Skipped {
			how = "existing"
		}
		_, _ = fmt.Fprintf(call.Stderr, "%s blob: %s\n", how, p.ID)
	}}
}
