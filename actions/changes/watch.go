package changes

import (
	"context"
	"time"

	"github.com/sigwalk/sigwalk/actions"
)

// Watch looks again and again, with a wait between, until ctx ends, whose error it then returns. It tells the first look with a
// diff in which everything came, and then each that is different from the one before. A look that fails is told to failed,
// and the next one is compared with the last that did not; the first must not fail.
func Watch(ctx context.Context, wait time.Duration, look func(context.Context) (Look, error), tell func(Look, Diff), failed func(error)) error {
	last, err := look(ctx)
	if err != nil {
		return err
	}
	tell(last, Compare(Look{Image: last.Image, Digest: last.Digest}, last))
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
		}
		now, err := look(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			failed(err)
		default:
			if d := Compare(last, now); !d.None() {
				tell(now, d)
			}
			last = now
		}
		timer.Reset(wait)
	}
}

// LeastWait is the shortest wait between two looks: a registry is not there to be asked all the time.
const LeastWait = time.Second

// CheckWait refuses a wait that is too short, with CodeUsage.
func CheckWait(wait time.Duration) error {
	if wait < LeastWait {
		return &actions.Error{Code: actions.CodeUsage, What: "--interval " + wait.String() + " is too short", Next: "wait at least " + LeastWait.String() + " between two looks"}
	}
	return nil
}
