package verification

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
)

// everyOne calls work with 0 to n-1, on all processors. It fails only when ctx ends, after which no more calls begin.
func everyOne(ctx context.Context, n int, work func(i int)) error {
	return everyOneBy(ctx, runtime.GOMAXPROCS(0), n, work)
}

// everyOneBy is everyOne for work that waits, with a number of calls at the same time.
func everyOneBy(ctx context.Context, workers, n int, work func(i int)) error {
	var next atomic.Int64
	var g sync.WaitGroup
	for range min(workers, n) {
		g.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n || ctx.Err() != nil {
					return
				}
				work(i)
			}
		})
	}
	g.Wait()
	return ctx.Err()
}
