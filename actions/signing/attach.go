package signing

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// attacher adds signatures to one tag without losing others'.
type attacher struct {
	store *store
	lock  func(context.Context) (func(), error)
	pace  pace
	// withdrawn reports, after a reading, that what is known need not stay any more; nil where nothing tells.
	withdrawn func() bool
}

var errWithdrawn = errors.New("what was to be put back was deleted")

// attached is what an attachment left behind.
type attached struct {
	digest   string // what the tag names now
	total    int    // signatures at the tag now
	restored int    // of them, others' that had been overwritten and were put back
	pushes   int
}

// seen remembers every signature that was ever at the tag while it was watched, in order.
type seen struct {
	layers []layer
	keys   map[string]bool
}

func (s *seen) add(layers []layer) (fresh int) {
	for _, l := range layers {
		if !s.keys[l.key] {
			s.keys[l.key] = true
			s.layers = append(s.layers, l)
			fresh++
		}
	}
	return fresh
}

func newSeen(m *manifest) *seen {
	s := &seen{keys: map[string]bool{}}
	if m != nil {
		s.add(m.layers)
	}
	return s
}

// attempt is one look at the tag, with a push when something was missing.
type attempt struct {
	digest string // what the tag names now
	total  int
	pushed bool
	put    []layer       // what the push added
	took   time.Duration // from the start of the reading to the end of the push
	read   time.Duration // the last reading alone
	fresh  int           // signatures that were not known before
}

// attach makes the tag hold ours beside everything that was or is there, and stays until it will stay. before is what the
// tag held when the work began, nil for nothing.
func (a *attacher) attach(ctx context.Context, before *manifest, ours []layer) (attached, error) {
	known, existed := newSeen(before), before != nil
	v := newVigil(a.pace, ours)
	for failures := 0; ; {
		now, err := a.attempt(ctx, known, ours, &existed, v.done.pushes > 0)
		switch {
		case err == nil:
			failures = 0
		case ctx.Err() != nil:
			return v.done, ctx.Err()
		default:
			if failures++; failures >= a.pace.failures || !transient(err) {
				return v.done, err
			}
			v.doubt()
			if err := sleep(ctx, jitter(v.spread)); err != nil {
				return v.done, err
			}
			continue
		}
		v.observe(now, time.Now())
		switch {
		case now.pushed && v.done.pushes >= a.pace.tries:
			return v.done, lostForGood(a.store.tag, v.done.pushes)
		case v.over(now):
			return v.done, nil
		}
		if err := sleep(ctx, v.next(now)); err != nil {
			return v.done, err
		}
	}
}

// attempt reads the tag and pushes what it lacks, if anything, alone among those who share the lock. With look it only
// takes the lock when something is missing: most looks find everything in its place.
func (a *attacher) attempt(ctx context.Context, known *seen, ours []layer, existed *bool, look bool) (attempt, error) {
	var now attempt
	unlock := func() {}
	defer func() { unlock() }()
	for locked, stale := !look, false; ; {
		if locked && !stale {
			release, err := a.lock(ctx)
			if err != nil {
				return now, err
			}
			unlock = release
		}
		start := time.Now()
		current, err := a.look(ctx, known, existed)
		if err != nil {
			return now, err
		}
		now.read = time.Since(start)
		missing := current.missing(append(append([]layer{}, known.layers...), ours...))
		meet := func(others []layer) { now.fresh += known.add(newly(others, ours)) }
		meet(current.layers)
		now.digest, now.total = current.digest, len(current.layers)
		if len(missing) == 0 {
			return now, nil
		}
		if !locked {
			locked = true
			continue
		}
		if a.withdrawn != nil && a.withdrawn() {
			return now, errWithdrawn
		}
		if err := a.store.full(len(current.layers) + len(missing)); err != nil {
			return now, err
		}
		w := write{base: current, more: missing, until: start.Add(max(a.pace.budget, 2*now.read))}
		if stale { // it is no better the second time
			w.until = time.Time{}
		}
		raw, err := a.write(ctx, w, meet)
		switch {
		case errors.Is(err, errStale):
			stale = true
			continue
		case err != nil:
			return now, err
		}
		*existed = true
		now.pushed, now.put, now.took = true, missing, time.Since(start)
		now.digest, now.total = digestOf(raw), len(current.layers)+len(missing)
		return now, nil
	}
}

// look reads the tag. Nobody loses one by pushing: a person deleted a tag that is gone, and what was in it is to stay
// away. Unless the registry is behind with its own news, so it is asked once more.
func (a *attacher) look(ctx context.Context, known *seen, existed *bool) (*manifest, error) {
	current, err := a.store.read(ctx)
	if err == nil && current == nil && *existed {
		if err := sleep(ctx, a.pace.busy/4); err != nil {
			return nil, err
		}
		if current, err = a.store.read(ctx); err == nil && current == nil {
			*known = *newSeen(nil)
		}
	}
	if err != nil {
		return nil, err
	}
	*existed = current != nil
	if current == nil {
		current = a.store.empty()
	}
	return current, nil
}

// write is a push in the making: what was read, what it lacked, and until when that is fresh; for ever when zero.
type write struct {
	base  *manifest
	more  []layer
	until time.Time
}

var errStale = errors.New("what was read is old by now")

// write uploads the configuration and pushes, and keeps reading the tag meanwhile: whoever signs in that time and leaves
// again is overwritten by what is under way, and is put back only when somebody saw them. It fails with errStale when the
// configuration took so long that reading again is better; it fits what is read then as often as not.
func (a *attacher) write(ctx context.Context, w write, meet func([]layer)) (raw []byte, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	answer := make(chan error, 1)
	go func() {
		var err error
		raw, err = a.store.extend(ctx, w)
		answer <- err
	}()
	tick := time.NewTimer(a.pace.sample)
	defer tick.Stop()
	for {
		select {
		case err := <-answer:
			return raw, err
		case <-tick.C:
			// A look that fails is one look less; the push itself says whether the registry is there.
			start := time.Now()
			if current, err := a.store.read(ctx); err == nil && current != nil {
				meet(current.layers)
			}
			tick.Reset(max(a.pace.sample, time.Since(start)))
		}
	}
}

// newly returns layers without those of ours.
func newly(layers, ours []layer) []layer {
	return (&manifest{layers: ours}).missing(layers)
}

func (s *Signer) attach(ctx context.Context, p *prepared, ours layer, payload []byte) (attached, error) {
	done, err := s.attacher(p.store).attach(ctx, p.before, []layer{ours})
	if err != nil {
		return done, err
	}
	if err := (journal{s.opts.Homes.Attached}).add(p.store.tag, ours, payload, s.opts.Clock.Now()); err != nil {
		s.warn(ctx, fmt.Sprintf("the %s is attached, but it is not remembered for the case that another tool overwrites it: %v",
			nounOf(p.store.tag, 1), err))
	}
	return done, nil
}

// attacher returns one that takes the lock of those who share the state directory, as far as there is one.
func (s *Signer) attacher(store *store) *attacher {
	j, warned := journal{s.opts.Homes.Attached}, false
	return &attacher{store: store, pace: normalPace, lock: func(ctx context.Context) (func(), error) {
		unlock, err := j.lock(ctx, store.tag)
		if err == nil || ctx.Err() != nil {
			return unlock, err
		}
		if !warned {
			warned = true
			s.warn(ctx, "others that share this state directory are not waited for: "+err.Error())
		}
		return func() {}, nil
	}}
}
