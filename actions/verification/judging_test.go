package verification

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
)

// TestAProcessorIsLeftForAnswers: while answers are awaited, verdicts leave one processor alone, and take all when none is.
func TestAProcessorIsLeftForAnswers(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	var awaited, busy, most atomic.Int64
	j := newJudging(func() int { return int(awaited.Load()) })
	awaited.Store(1)
	verdict := func() {
		now := busy.Add(1)
		defer busy.Add(-1)
		for seen := most.Load(); now > seen && !most.CompareAndSwap(seen, now); seen = most.Load() {
		}
		for range 100 {
			runtime.Gosched()
		}
	}
	var g sync.WaitGroup
	for range 200 {
		g.Go(func() { j.work(verdict) })
	}
	g.Wait()
	if most.Load() > 3 {
		t.Errorf("%d verdicts at once on 4 processors while an answer is awaited", most.Load())
	}

	// Three have begun and wait for a fourth, which may begin when one of another three ends and nothing is awaited any more.
	var begun sync.WaitGroup
	begun.Add(4)
	for range 4 {
		g.Go(func() {
			j.work(func() {
				begun.Done()
				begun.Wait()
			})
		})
	}
	awaited.Store(0)
	j.work(func() {})
	g.Wait()
}
