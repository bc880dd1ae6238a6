package signing

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/sigwalk/sigwalk/actions"
)

// pace is how long an attachment looks and waits. docs/attaching.md has the reasoning.
type pace struct {
	budget   time.Duration // from reading the tag to pushing it: a slower reading is thrown away and made again
	quiet    time.Duration // how long a signature is watched after its push when nobody else is at the tag
	busy     time.Duration // the same when others are
	slow     int           // a signature is watched at least this many times as long as its own push took
	ceiling  time.Duration // how long others may keep the tag busy before that is left to them
	spread   time.Duration // the longest random wait before a push is tried again
	tries    int           // pushes after which the signature is given up as lost
	failures int           // answers in a row that were failures
}

var normalPace = pace{
	budget: 150 * time.Millisecond, quiet: 250 * time.Millisecond, busy: time.Second, slow: 4,
	ceiling: 6 * time.Second, spread: time.Second, tries: 60, failures: 5,
}

// attacher adds signatures to one tag without losing others'.
type attacher struct {
	store *store
	lock  func(context.Context) (func(), error)
	pace  pace
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
	known := newSeen(before)
	existed := before != nil
	mine := newSeen(&manifest{layers: ours}).keys
	restored := map[string]bool{}
	var (
		done     attached
		pushedAt time.Time // the end of our last push
		changed  time.Time // when the tag was last seen to name something new
		digest   string
		watch    = a.pace.quiet
		spread   = 2 * a.pace.budget
		failures int
	)
	for {
		now, err := a.attempt(ctx, known, ours, &existed, done.pushes > 0)
		if err != nil {
			failures++
			if ctx.Err() != nil {
				return done, ctx.Err()
			}
			if failures >= a.pace.failures || !transient(err) {
				return done, err
			}
			if err := sleep(ctx, jitter(spread)); err != nil {
				return done, err
			}
			continue
		}
		failures = 0
		at := time.Now()
		if pushedAt.IsZero() && !now.pushed { // all of it was there already
			pushedAt = at
		}
		if now.fresh > 0 || done.pushes > 0 && now.digest != digest {
			watch = max(watch, a.pace.busy)
		}
		if now.digest != digest {
			digest, changed = now.digest, at
		}
		done.total = now.total
		if now.pushed {
			lost := done.pushes > 0
			pushedAt = at
			done.pushes++
			watch = max(watch, time.Duration(a.pace.slow)*now.took)
			for _, l := range now.put {
				if !mine[l.key] {
					restored[l.key] = true
				}
			}
			done.restored = len(restored)
			if lost {
				watch = max(watch, a.pace.busy)
				if done.pushes >= a.pace.tries {
					return done, lostForGood(a.store.tag.Name(), done.pushes)
				}
			}
		} else if at.Sub(pushedAt) >= watch && (at.Sub(changed) >= watch/2 || at.Sub(pushedAt) >= a.pace.ceiling) {
			return done, nil
		}
		wait := watch / 2
		if left := watch - time.Since(pushedAt); left > 0 && left < wait {
			wait = left
		}
		if now.pushed && done.pushes > 1 {
			// Others push too: who lost looks again at a time of its own, over a longer while each time.
			spread = min(2*spread, a.pace.spread)
			wait = a.pace.budget/4 + jitter(spread)
		}
		if err := sleep(ctx, wait); err != nil {
			return done, err
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
		if time.Since(start) > a.pace.budget && round < rounds {
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
	tick := time.NewTicker(a.pace.quiet / 4)
	defer tick.Stop()
	for {
		select {
		case err := <-answer:
			return err
		case <-tick.C:
			// A look that fails is one look less; the push itself says whether the registry is there.
			if current, err := a.store.read(ctx); err == nil && current != nil {
				meet(current.layers)
			}
		}
	}
}

// newly returns layers without those of ours.
func newly(layers, ours []layer) []layer {
	return (&manifest{layers: ours}).missing(layers)
}

// maxSignatures is how many cosign reads: with one more it verifies none (its pkg/oci/remote).
const maxSignatures = 1000

func tooMany(tag string, total int) error {
	return &actions.Error{
		Code: actions.CodeManifestTooLarge,
		What: fmt.Sprintf("%s would hold %d signatures", tag, total),
		Why:  fmt.Sprintf("cosign reads %d at the most and refuses the whole tag when there are more", maxSignatures),
		Next: "nothing was changed; remove signatures that are no longer wanted, or sign under another repository",
	}
}

// tooLarge tells a refusal for the size of the manifest from the others.
func tooLarge(err error, tag string, size int) error {
	const usual = 4 << 20 // the limit of distribution, and the least that the OCI distribution specification asks for
	var refusal *transport.Error
	if !errors.As(err, &refusal) || size <= usual && refusal.StatusCode != http.StatusRequestEntityTooLarge {
		return err
	}
	if refusal.StatusCode < http.StatusBadRequest || refusal.StatusCode >= http.StatusInternalServerError {
		return err
	}
	return &actions.Error{
		Code: actions.CodeManifestTooLarge,
		What: fmt.Sprintf("the registry does not take %s with one more signature", tag),
		Why:  fmt.Sprintf("the manifest would be %d bytes, and many registries take %d at the most", size, usual),
		Next: "nothing at the tag was changed; remove signatures that are no longer wanted, or sign under another repository",
		Err:  err,
	}
}

func lostForGood(tag string, pushes int) error {
	return &actions.Error{
		Code: actions.CodeSignatureLost,
		What: fmt.Sprintf("others overwrote %s faster than the signature could be put back", tag),
		Why:  fmt.Sprintf("it was pushed %d times, and each time a tool that had not read it replaced the tag", pushes),
		Next: "the signature is in the transparency log; sign again when fewer are at this image",
	}
}

// transient reports whether an answer may be another one in a moment.
func transient(err error) bool {
	var known *actions.Error
	var refusal *transport.Error
	switch {
	case errors.As(err, &known), errors.Is(err, errNoSignatures):
		return false
	case errors.As(err, &refusal):
		return refusal.StatusCode >= http.StatusInternalServerError || refusal.StatusCode == http.StatusTooManyRequests
	}
	return false
}

func jitter(most time.Duration) time.Duration {
	if most <= 0 {
		return 0
	}
	return time.Duration(rand.Int64N(int64(most))) //nolint:gosec // it decides who waits, nothing else
}

// nextConfig uploads the configuration of m with more signatures, and describes it.
func (s *store) nextConfig(ctx context.Context, m *manifest, more []layer) (v1.Descriptor, error) {
	plain, err := configOf(m.layers)
	if err != nil {
		return v1.Descriptor{}, err
	}
	var content []byte
	if len(m.layers) == 0 || digestOf(plain) == m.config.Digest.String() {
		content, err = configOf(append(append([]layer{}, m.layers...), more...))
	} else {
		var base []byte
		if base, err = s.content(ctx, m.config.Digest); err == nil {
			content, err = extendConfig(base, m.layers, more)
		}
	}
	if err != nil {
		return v1.Descriptor{}, err
	}
	return s.blob(ctx, content, m.config.MediaType)
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
