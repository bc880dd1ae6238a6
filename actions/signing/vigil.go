package signing

import (
	"math/rand/v2"
	"time"
)

// pace is how long an attachment looks and waits. docs/attaching.md has the reasoning.
type pace struct {
	budget   time.Duration // from reading the tag to pushing it: a slower reading is thrown away and made again
	sample   time.Duration // from one reading to the next until a push is answered
	quiet    time.Duration // how long a signature is watched after its push when nobody else is at the tag
	busy     time.Duration // the same when others are
	slow     int           // a signature is watched at least this many times as long as its own reading and push took
	ceiling  time.Duration // how long others may keep the tag busy before that is left to them
	spread   time.Duration // the longest random wait before a push is tried again, where pushes are quick
	tries    int           // pushes after which the signature is given up as lost
	failures int           // answers in a row that were failures
}

var normalPace = pace{
	budget: 50 * time.Millisecond, sample: 25 * time.Millisecond, quiet: 100 * time.Millisecond, busy: time.Second, slow: 2,
	ceiling: 5 * time.Second, spread: time.Second, tries: 60, failures: 8,
}

// vigil decides how long a signature is watched after it was pushed.
type vigil struct {
	pace     pace
	mine     map[string]bool
	restored map[string]bool
	done     attached

	digest   string        // what the tag named at the last look
	pushedAt time.Time     // the end of our last push, or the first look when nothing had to be pushed
	changed  time.Time     // when the tag was last seen to name something new
	watch    time.Duration // how long to look
	spread   time.Duration // over how long the next push is spread
	doubtful bool          // a push may be under way of which nothing was heard
}

func newVigil(p pace, ours []layer) *vigil {
	return &vigil{
		pace: p, mine: newSeen(&manifest{layers: ours}).keys, restored: map[string]bool{},
		watch: p.quiet, spread: p.busy / 4,
	}
}

// observe takes in a look at the tag that ended at a time.
func (v *vigil) observe(now attempt, at time.Time) {
	moved := now.digest != v.digest
	if now.fresh > 0 || moved && v.done.pushes > 0 {
		v.watch = max(v.watch, v.pace.busy) // others are here
	}
	if moved {
		v.digest, v.changed = now.digest, at
	}
	v.done.digest, v.done.total = now.digest, now.total
	if v.pushedAt.IsZero() || now.pushed {
		v.pushedAt = at
	}
	if !now.pushed {
		return
	}
	v.done.pushes++
	v.watch = max(v.watch, min(time.Duration(v.pace.slow)*now.took, v.pace.ceiling))
	for _, l := range now.put {
		if !v.mine[l.key] {
			v.restored[l.key] = true
		}
	}
	v.done.restored = len(v.restored)
}

// doubt takes in that an answer did not come: a push may take effect yet, and overwrite whoever came and went since. So it is
// looked for long, and often enough that nobody comes and goes unseen.
func (v *vigil) doubt() { v.watch, v.doubtful = max(v.watch, v.pace.busy), true }

// over reports whether the signature was there for long enough, and the tag at rest. Who keeps it busy for ever is left
// alone after a while: a signature that was there all along is not lost by waiting less.
func (v *vigil) over(now attempt) bool {
	if now.pushed {
		return false
	}
	there, rest := time.Since(v.pushedAt), time.Since(v.changed)
	return there >= v.watch && (rest >= v.watch/2 || there >= v.pace.ceiling)
}

// next is how long to wait before the next look. Who lost against others looks again at a time of its own, over a longer
// while each time, so that they do not lose against each other for ever.
func (v *vigil) next(now attempt) time.Duration {
	if now.pushed && v.done.pushes > 1 {
		v.spread = min(2*v.spread, max(v.pace.spread, 2*now.took))
		return v.pace.budget + jitter(v.spread)
	}
	wait := v.watch / 2
	if v.watch >= v.pace.busy {
		// Many look at once, and each look costs the registry something: the more, the more signatures there are.
		wait = max(wait, min(10*now.read, v.pace.ceiling/2))
	}
	if v.doubtful {
		wait = max(v.pace.quiet/2, now.read)
	}
	if left := v.watch - time.Since(v.pushedAt); left > 0 && left < wait {
		wait = left
	}
	return wait
}

func jitter(most time.Duration) time.Duration {
	if most <= 0 {
		return 0
	}
	return time.Duration(rand.Int64N(int64(most)))
}
