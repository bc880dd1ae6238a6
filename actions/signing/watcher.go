package signing

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/sigwalk/sigwalk/actions"
)

// How a watcher paces itself: it waits until the pushing has paused, but not for ever, and reads the tag now and then
// even when nobody told of a push.
const (
	guardPause    = 200 * time.Millisecond
	guardPatience = 800 * time.Millisecond
	guardLook     = time.Second
	guardLookIdle = 5 * time.Second
	guardBusy     = 15 * time.Second // for so long after the last news it looks often
	// guardNeighbour is how close two pushes are that may have been under way at the same time.
	guardNeighbour = 2 * time.Second
)

// watcher guards one tag for as long as there is something to protect.
type watcher struct {
	guard *Guard
	tag   name.Tag
	store *store
	wake  chan struct{}

	mu    sync.Mutex
	queue []Push
	over  bool

	protected  *seen
	until      map[string]time.Time
	payloads   map[string][]byte
	pushed     map[string]bool // digests of our own pushes: they are no news
	before     stored          // the push before the one that is looked at
	news       time.Time
	exists     bool // the tag was there when it was last looked at
	complained bool
}

// stored is what a push stored.
type stored struct {
	layers []layer
	ours   bool
	at     time.Time
}

func newWatcher(g *Guard, tag name.Tag) *watcher {
	return &watcher{
		guard: g, tag: tag, wake: make(chan struct{}, 1), protected: newSeen(nil),
		until: map[string]time.Time{}, payloads: map[string][]byte{}, pushed: map[string]bool{}, news: g.opts.Clock.Now(),
	}
}

// tell passes a push on; it reports false when the watcher has ended.
func (w *watcher) tell(push Push) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over {
		return false
	}
	w.queue = append(w.queue, push)
	select {
	case w.wake <- struct{}{}:
	default: // it is awake
	}
	return true
}

func (w *watcher) take() []Push {
	w.mu.Lock()
	defer w.mu.Unlock()
	queue := w.queue
	w.queue = nil
	return queue
}

// removed reports whether something was removed that this watcher has not yet learned of. The registry tells of it before
// it answers, so what was read afterwards is never taken for an accident.
func (w *watcher) removed() bool {
	if w.guard.removals.Load() > 0 {
		return true
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.ContainsFunc(w.queue, func(p Push) bool { return p.Removed || p.Reference == "" })
}

func (w *watcher) ended() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.over
}

// end ends the watcher unless there are news.
func (w *watcher) end() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.over = len(w.queue) == 0
	return w.over
}

func (w *watcher) run(ctx context.Context) {
	defer func() {
		w.mu.Lock()
		w.over = true
		w.mu.Unlock()
	}()
	var err error
	if w.store, err = newStore(w.tag, w.guard.opts.Remote(ctx)); err != nil {
		return
	}
	for ctx.Err() == nil {
		w.learn(ctx)
		w.settle(ctx)
		again := w.check(ctx)
		if w.guard.looked != nil {
			w.guard.looked(len(w.protected.layers))
		}
		if ctx.Err() != nil || len(w.protected.layers) == 0 && w.end() {
			return
		}
		wait := guardLookIdle
		switch {
		case again:
			wait = guardPause
		case w.guard.opts.Clock.Now().Sub(w.news) < guardBusy:
			wait = guardLook
		}
		w.pause(ctx, wait)
	}
}

// pause waits for news, for d at the most, and reports whether there are any.
func (w *watcher) pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-w.wake:
		return true
	case <-timer.C:
		return false
	}
}

// settle waits until nobody pushed for a moment: who pushes in the middle of others' pushing adds to the losses.
func (w *watcher) settle(ctx context.Context) {
	if w.guard.opts.Clock.Now().Sub(w.news) > guardPause {
		return
	}
	for patience := time.Now().Add(guardPatience); ctx.Err() == nil && time.Now().Before(patience); {
		if !w.pause(ctx, guardPause) {
			return
		}
		w.learn(ctx)
	}
}

// check reads the tag and puts back what it lacks. It reports whether to look again soon.
func (w *watcher) check(ctx context.Context) bool {
	w.expire()
	if len(w.protected.layers) == 0 {
		return false
	}
	for _, l := range w.protected.layers {
		if payload := w.payloads[l.key]; payload != nil {
			if _, err := w.store.blob(ctx, payload, l.desc.MediaType); err != nil {
				w.complain(ctx, err)
				return false
			}
		}
	}
	a := &attacher{store: w.store, pace: normalPace, withdrawn: w.removed, lock: func(ctx context.Context) (func(), error) {
		unlock, err := w.guard.journal.lock(ctx, w.tag)
		if err != nil && ctx.Err() == nil {
			return func() {}, nil // a directory that cannot be written keeps nobody from putting back
		}
		return unlock, err
	}}
	existed := true
	known := newSeen(&manifest{layers: w.protected.layers})
	now, err := a.attempt(ctx, known, nil, &existed, true)
	switch {
	case errors.Is(err, errWithdrawn):
		return true
	case err != nil:
		w.complain(ctx, err)
		return transient(err)
	case !existed:
		if w.exists { // else it was never seen, and may merely be hidden from who asks
			w.forget()
		}
		return false
	}
	w.exists = true
	if !now.pushed {
		return false
	}
	at := w.guard.opts.Clock.Now()
	w.pushed[now.digest] = true
	w.news = at
	for _, l := range known.layers { // what was read on the way and may have been overwritten by this very push
		if _, ok := w.until[l.key]; !ok {
			w.protect([]layer{l}, at)
		}
	}
	w.guard.opts.Observer.Event(ctx, actions.Note{
		Level: actions.NoteInfo,
		Text:  fmt.Sprintf("put back %d %s at %s that another tool had overwritten", len(now.put), nounOf(w.tag, len(now.put)), w.tag.Name()),
	})
	return true
}

// complain says once why nothing can be put back here.
func (w *watcher) complain(ctx context.Context, err error) {
	if ctx.Err() != nil || w.complained {
		return
	}
	w.complained = true
	w.guard.opts.Observer.Event(ctx, actions.Note{
		Level: actions.NoteWarning,
		Text:  fmt.Sprintf("the %s at %s cannot be guarded: %v", nounOf(w.tag, 0), w.tag.Name(), err),
	})
}
