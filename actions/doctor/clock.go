package doctor

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/sigwalk/sigwalk/actions"
)

// tolerance is how far two clocks may be apart. Fulcio and most identity providers forgive a minute.
const tolerance = time.Minute

// clocks compares our clock with that of every server that told its own.
func (e *examination) clocks(context.Context) verdict {
	e.facts.mu.Lock()
	dates := maps.Clone(e.facts.dates)
	e.facts.mu.Unlock()
	if len(dates) == 0 {
		return skipped("no server told its time", "look at the checks of the connections")
	}
	var off []string // servers whose clock differs from ours
	var offsets []time.Duration
	for _, id := range slices.Sorted(maps.Keys(dates)) {
		ahead := dates[id].ours.Sub(dates[id].theirs)
		offsets = append(offsets, ahead)
		if ahead.Abs() > tolerance {
			off = append(off, id)
		}
	}
	if len(off) == 0 {
		slices.SortFunc(offsets, func(a, b time.Duration) int { return int(a.Abs() - b.Abs()) })
		return passed(fmt.Sprintf("%d servers, at most %s apart", len(dates), span(offsets[len(offsets)-1])))
	}
	slices.Sort(offsets)
	middle := offsets[len(offsets)/2]
	mine := middle.Abs() > tolerance && (len(dates) > 1 || len(off) == len(dates))
	var v verdict
	if mine {
		v = failed(actions.CodeClock, "tokens and certificates live for minutes, and by this machine's clock they have expired or not begun",
			"set this machine's clock by the network").try("timedatectl set-ntp true")
	} else {
		v = failed(actions.CodeClock, "what this server dates, others take for expired or not yet valid", "have whoever runs that server set its clock by the network")
	}
	for _, id := range off {
		ahead := dates[id].ours.Sub(dates[id].theirs)
		word := "behind"
		if ahead > 0 {
			word = "ahead of"
		}
		if mine {
			v = v.saw("this machine's clock is %s %s that of %s", span(ahead), word, e.service(id).who)
			continue
		}
		word = "ahead of"
		if ahead > 0 {
			word = "behind"
		}
		v = v.saw("the clock of %s is %s %s this machine's, and the others agree with this machine's", e.service(id).who, span(ahead), word)
	}
	return v
}
