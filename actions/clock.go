package actions

import "time"

// Clock tells the time. Actions never call time.Now for a decision, so that tests can move the clock.
type Clock func() time.Time

// Now returns the time of the clock, or of the system when the clock is nil.
func (c Clock) Now() time.Time {
	if c == nil {
		return time.Now()
	}
	return c()
}
