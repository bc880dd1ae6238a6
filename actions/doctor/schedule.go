package doctor

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/sigwalk/sigwalk/actions"
)

// slot is a check while it runs.
type slot struct {
	check   check
	done    chan struct{} // closed when finding is there
	finding Finding
}

// run makes the checks, all at once but for those that wait for others, and returns what they found in their order. It
// returns when the whole time is over, even where a check does not heed its context.
func (e *examination) run(ctx context.Context, checks []check) []Finding {
	ctx, cancel := context.WithTimeout(ctx, e.opts.Limit)
	defer cancel()
	slots := make(map[string]*slot, len(checks))
	order := make([]*slot, 0, len(checks))
	for _, c := range checks {
		s := &slot{check: c, done: make(chan struct{})}
		slots[c.id] = s
		order = append(order, s)
	}
	var telling sync.Mutex
	for _, s := range order {
		go func() {
			s.finding = e.examine(ctx, s.check, slots)
			if e.opts.Told != nil {
				telling.Lock()
				e.opts.Told(s.finding)
				telling.Unlock()
			}
			close(s.done)
		}()
	}
	findings := make([]Finding, 0, len(order))
	for _, s := range order {
		<-s.done
		findings = append(findings, s.finding)
	}
	return findings
}

// examine waits for what c needs and makes it.
func (e *examination) examine(ctx context.Context, c check, slots map[string]*slot) Finding {
	f := Finding{ID: c.id, Group: c.group, Title: c.title, Evidence: []string{}}
	for _, id := range slices.Concat(c.needs, c.after) {
		other, there := slots[id]
		if !there {
			continue // this deployment has no such part
		}
		<-other.done
		needed := slices.Contains(c.needs, id)
		switch state := other.finding.State; {
		case state == Failed:
			f.WaitsFor = append(f.WaitsFor, id)
		case state == Skipped && needed && len(other.finding.WaitsFor) > 0:
			f.WaitsFor = append(f.WaitsFor, other.finding.WaitsFor...)
		case state == Skipped && needed:
			f.WaitsFor = append(f.WaitsFor, id)
		}
	}
	for _, id := range c.follows {
		if other, there := slots[id]; there {
			<-other.done
		}
	}
	if len(f.WaitsFor) > 0 {
		slices.Sort(f.WaitsFor)
		f.WaitsFor = slices.Compact(f.WaitsFor)
		f.State, f.Means = Skipped, "it needs what another check would find"
		return f
	}
	began := time.Now()
	v := e.bounded(ctx, c)
	f.Took = Milliseconds(time.Since(began))
	f.State, f.Code, f.Means, f.Next, f.Commands = v.state, v.code, v.means, v.next, v.commands
	f.WaitsFor = v.waits
	f.Evidence = append(f.Evidence, v.evidence...)
	return f
}

// bounded makes a check within its time.
func (e *examination) bounded(ctx context.Context, c check) verdict {
	if ctx.Err() != nil {
		return outOfTime()
	}
	patience := e.opts.Patience
	if c.group == GroupSign { // it asks one server after the other
		patience = e.opts.Limit
	}
	within, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var v verdict
	_ = actions.RunStage(within, e.opts.Observer, e.opts.Clock, c.id, c.title, func(within context.Context) (string, error) {
		v = e.await(ctx, within, c)
		if v.state == Failed {
			return "", errors.New(v.means)
		}
		return string(v.state), nil
	})
	return v
}

// await runs a check, and gives up on it where it does not heed the end of its time.
func (e *examination) await(ctx, within context.Context, c check) verdict {
	ended := make(chan verdict, 1)
	go func() { ended <- c.run(within) }()
	select {
	case v := <-ended:
		if within.Err() != nil && v.state != OK {
			return e.late(ctx, v)
		}
		return v
	case <-within.Done():
	}
	// Whoever heeds the context comes back at once, and knows more about what did not answer.
	grace := time.NewTimer(time.Second)
	defer grace.Stop()
	select {
	case v := <-ended:
		if v.state == OK {
			return v
		}
		return e.late(ctx, v)
	case <-grace.C:
		return e.late(ctx, verdict{})
	}
}

// late is the verdict on a check that did not end in its time: the fault of whom it waited for, unless the time for all was
// over.
func (e *examination) late(ctx context.Context, v verdict) verdict {
	if errors.Is(ctx.Err(), context.Canceled) {
		return outOfTime()
	}
	if v.state == Failed && v.code != "" && v.code != actions.CodeNotAsked {
		return v
	}
	return failed(actions.CodeNoAnswer, "a server took the request and did not answer in time",
		"look at the server's log and load, and at what stands between (proxy, firewall); --timeout waits longer").
		saw("no answer within %s", e.opts.Patience)
}

func outOfTime() verdict {
	return skipped("the time for all checks was over before this one began", "give more with --timeout")
}
