package workshop

import "context"

// Settled looks at the world and reports whether nothing is left to do in a lesson: each step changes the world and the world
// shows it already, or cannot be done here, and lacking says why: for want of a variable, or because it is for the sandbox alone. It is for a lesson that was
// never opened; one of which a step could not be asked about is not settled.
func (s *Session) Settled(ctx context.Context) (settled bool, lacking string) {
	if why := s.opts.Lesson.NotHere(s.opts.Where); why != "" {
		return true, why
	}
	for _, name := range s.opts.Lesson.Needs {
		if !s.isSet(name) {
			return true, name + " is not set"
		}
	}
	for i, step := range s.opts.Lesson.Steps {
		if why := s.notHere(i); why != "" {
			lacking = why
			continue
		}
		if lacks := s.lacks(i); lacks != "" {
			lacking = lacks
			continue
		}
		if step.Kind != Changes {
			return false, ""
		}
		for _, check := range s.Look(ctx, i) {
			if check.State != CheckHolds {
				return false, ""
			}
		}
	}
	return true, lacking
}
