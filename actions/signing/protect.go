package signing

import (
	"context"
	"time"
)

// learn takes in what was pushed: all that sigwalk pushed is to stay, and so is what a foreign tool pushed just before,
// which sigwalk may not have read in time.
func (w *watcher) learn(ctx context.Context) {
	for _, push := range w.take() {
		switch {
		case push.Removed:
			w.forget()
			continue
		case push.Digest != "" && w.pushed[push.Digest]:
			w.before = stored{layers: w.before.layers, ours: true, at: push.At}
			continue
		case push.Reference == "": // something else was removed; check looks whether the tag is still there
			continue
		}
		w.news = w.guard.opts.Clock.Now()
		m, err := w.manifest(ctx, push)
		if err != nil || m == nil {
			continue // gone or out of reach; the next look tells more
		}
		now := stored{layers: m.layers, ours: fromSigwalk(push.UserAgent), at: push.At}
		near := now.at.Sub(w.before.at).Abs() < guardNeighbour
		switch {
		case now.ours:
			w.protect(now.layers, push.At)
			if !w.before.ours && near {
				w.protect(w.before.layers, push.At)
			}
		case w.before.ours && near && now.at.Sub(w.before.at) < guardPause:
			w.protect(now.layers, push.At)
		}
		w.before = now
	}
}

func (w *watcher) manifest(ctx context.Context, push Push) (*manifest, error) {
	if push.Digest == "" {
		return w.store.read(ctx)
	}
	return w.store.readDigest(ctx, push.Digest)
}

// protect makes sure that layers stay, for as long as an accident is likely.
func (w *watcher) protect(layers []layer, at time.Time) {
	w.protected.add(layers)
	until := at.Add(w.guard.opts.Protect)
	for _, l := range layers {
		if w.until[l.key].Before(until) {
			w.until[l.key] = until
		}
	}
}

// forget drops everything: a person deleted the tag.
func (w *watcher) forget() {
	w.protected, w.before = newSeen(nil), stored{}
	clear(w.until)
	clear(w.payloads)
	_ = w.guard.journal.forget(w.tag) // what cannot be removed is put back at most once more
}

// expire drops what has been safe for long enough, and takes in what the journal has.
func (w *watcher) expire() {
	now := w.guard.opts.Clock.Now()
	if layers, payloads, err := w.guard.journal.list(w.tag, now.Add(-w.guard.opts.Protect)); err == nil {
		for _, d := range layers {
			if !w.protected.keys[d.key] {
				w.news = now
			}
			w.protect([]layer{d.layer}, d.at)
		}
		for key, payload := range payloads {
			w.payloads[key] = payload
		}
	}
	kept := newSeen(nil)
	for _, l := range w.protected.layers {
		if now.Before(w.until[l.key]) {
			kept.add([]layer{l})
		}
	}
	w.protected = kept
}
