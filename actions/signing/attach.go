package signing

import (
	"context"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/sigwalk/sigwalk/actions"
)

// attacher adds signatures to one tag without losing others'.
type attacher struct {
	store   *store
	lock    func(context.Context) (func(), error)
	pace    pace
	fastest time.Duration // the quickest reading so far; zero before the first
}

// attached is what an attachment left behind.
type attached struct {
	total    int // signatures at the tag now
	restored int // of them, others' that had been overwritten and were put back
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
			if err := sleep(ctx, jitter(v.spread)); err != nil {
				return v.done, err
			}
			continue
		}
		v.observe(now, time.Now())
		switch {
		case now.pushed && v.done.pushes >= a.pace.tries:
			return v.done, lostForGood(a.store.tag.Name(), v.done.pushes)
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
	unlock, locked := func() {}, false
	defer func() { unlock() }()
	const rounds = 5
	for round := 0; ; round++ {
		if !look && !locked {
			var err error
			if unlock, err = a.lock(ctx); err != nil {
				return attempt{}, err
			}
			locked = true
		}
		start := time.Now()
		current, err := a.store.read(ctx)
		if err != nil {
			return attempt{}, err
		}
		if took := time.Since(start); a.fastest == 0 || took < a.fastest {
			a.fastest = took
		}
		if current == nil && *existed {
			// Nobody loses a tag by pushing: a person deleted it, and what was in it is to stay away. Unless the
			// registry is behind with its own news, so it is asked once more.
			if err := sleep(ctx, a.pace.quiet); err != nil {
				return attempt{}, err
			}
			start = time.Now()
			if current, err = a.store.read(ctx); err != nil {
				return attempt{}, err
			}
			if current == nil {
				*known = *newSeen(nil)
			}
		}
		*existed = current != nil
		if current == nil {
			current = emptyManifest()
		}
		want := append(append([]layer{}, known.layers...), ours...)
		missing := current.missing(want)
		now := attempt{digest: current.digest, total: len(current.layers), fresh: known.add(newly(current.layers, ours))}
		if len(missing) == 0 {
			return now, nil
		}
		if !locked {
			look = false
			continue
		}
		if total := len(current.layers) + len(missing); total > maxSignatures {
			return attempt{}, tooMany(a.store.tag.Name(), total)
		}
		config, err := a.store.nextConfig(ctx, current, missing)
		if err != nil {
			return attempt{}, err
		}
		if time.Since(start) > max(a.pace.budget, 2*a.fastest) && round < rounds {
			continue // what was read is old by now; the configuration may well fit what is read next
		}
		raw, err := current.with(missing, config)
		if err != nil {
			return attempt{}, err
		}
		err = a.push(ctx, raw, current.mediaType, func(others []layer) { now.fresh += known.add(newly(others, ours)) })
		if err != nil {
			return attempt{}, tooLarge(err, a.store.tag.Name(), len(raw))
		}
		*existed = true
		now.pushed, now.put, now.took = true, missing, time.Since(start)
		now.digest, now.total = digestOf(raw), len(current.layers)+len(missing)
		return now, nil
	}
}

// push pushes, and keeps reading the tag while the answer is outstanding: whoever signs meanwhile and leaves again is
// overwritten by what is under way, and is put back only when somebody saw them.
func (a *attacher) push(ctx context.Context, raw []byte, mediaType types.MediaType, meet func([]layer)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	answer := make(chan error, 1)
	go func() { answer <- a.store.push(ctx, raw, mediaType) }()
	first := a.pace.quiet / 4
	if a.fastest > first {
		first = 0 // a slow registry: the next look is under way together with the push
	}
	look := time.NewTimer(first)
	defer look.Stop()
	for {
		select {
		case err := <-answer:
			return err
		case <-look.C:
			// A look that fails is one look less; the push itself says whether the registry is there.
			if current, err := a.store.read(ctx); err == nil && current != nil {
				meet(current.layers)
			}
			look.Reset(a.pace.quiet / 4)
		}
	}
}

// newly returns layers without those of ours.
func newly(layers, ours []layer) []layer {
	return (&manifest{layers: ours}).missing(layers)
}

func (s *Signer) attach(ctx context.Context, p *prepared, ours layer, payload []byte) (attached, error) {
	tag, j := p.store.tag, journal{s.opts.Homes.Attached}
	a := &attacher{store: p.store, pace: normalPace, lock: func(ctx context.Context) (func(), error) {
		unlock, err := j.lock(ctx, tag)
		if err != nil && ctx.Err() == nil {
			s.note(ctx, actions.NoteWarning, "others that share this state directory are not waited for: "+err.Error())
			return func() {}, nil
		}
		return unlock, err
	}}
	done, err := a.attach(ctx, p.before, []layer{ours})
	if err != nil {
		return done, err
	}
	if err := j.add(tag, ours, payload, s.opts.Clock.Now()); err != nil {
		s.note(ctx, actions.NoteWarning, "the signature is attached, but it is not remembered for the case that another tool overwrites it: "+err.Error())
	}
	return done, nil
}
