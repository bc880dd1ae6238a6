package verification

import (
	"runtime"
	"sync"
)

// judging bounds how many verdicts are worked out at the same time, whichever images they are about. Hundreds at once would
// keep the answers waiting that have come from the registry, and with them the next requests: while an answer is awaited, one
// processor is left for that.
type judging struct {
	awaited func() int // how many answers are awaited; safe for concurrent use

	mu   sync.Mutex
	free sync.Cond
	busy int
}

func newJudging(awaited func() int) *judging {
	j := &judging{awaited: awaited}
	j.free.L = &j.mu
	return j
}

// judges is how many verdicts there may be now. A verdict that ends looks again.
func (j *judging) judges() int {
	all := runtime.GOMAXPROCS(0)
	if j.awaited() > 0 {
		return max(1, all-1)
	}
	return all
}

// work does what takes a processor for a while.
func (j *judging) work(verdict func()) {
	j.mu.Lock()
	for j.busy >= j.judges() {
		j.free.Wait()
	}
	j.busy++
	j.mu.Unlock()
	defer func() {
		j.mu.Lock()
		j.busy--
		j.mu.Unlock()
		j.free.Broadcast()
	}()
	verdict()
}
