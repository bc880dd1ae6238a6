package workshop

// resume takes over the progress that was kept for this lesson. What it says of the world counts until the world was asked.
func (s *Session) resume() {
	s.progress = &progressStore{path: s.opts.ProgressFile}
	file, notice := s.progress.load()
	if notice != "" {
		s.notices = append(s.notices, notice)
	}
	kept := file.Lessons[s.opts.Lesson.Name]
	for i, step := range s.opts.Lesson.Steps {
		saved := kept.Steps[step.ID]
		state := s.steps[i]
		state.ranHere, state.skipped = saved.RanHere, saved.Skipped
		state.observed = saved.Done && step.Kind != Changes
		for c := range state.checks {
			// A lesson that was changed since may ask other things: only what was asked then is known.
			if c < len(saved.Checks) && saved.Checks[c].Kind == step.Checks[c].Kind {
				state.checks[c].held = saved.Checks[c].Held
				state.checks[c].Found = saved.Checks[c].Found
				state.checks[c].At = saved.Checks[c].At
			}
		}
	}
	s.current = s.firstOpen()
	for i, step := range s.opts.Lesson.Steps {
		if step.ID == s.opts.Step || s.opts.Step == "" && step.ID == kept.Current && !s.done(i) {
			s.current = i
		}
	}
}

// firstOpen returns the first step that is neither done nor skipped, or the last.
func (s *Session) firstOpen() int {
	for i := range s.steps {
		if !s.done(i) && !s.steps[i].skipped {
			return i
		}
	}
	return len(s.steps) - 1
}

// keepAfter keeps what a line left: the progress, and what Ran keeps. A notice says where the progress cannot be.
func (s *Session) keepAfter() {
	_ = s.save()
	if s.opts.Ran != nil {
		s.opts.Ran()
	}
}

// save writes the progress. A failure is said once, as a notice, and does not stop the lesson.
func (s *Session) save() error {
	s.mu.Lock()
	progress := lessonProgress{
		Saved: s.opts.Clock.Now().UTC(), Steps: map[string]stepProgress{},
		Current: s.opts.Lesson.Steps[s.current].ID,
	}
	for i, state := range s.steps {
		step := stepProgress{Done: s.done(i), RanHere: state.ranHere, Skipped: state.skipped}
		for c, check := range state.checks {
			step.Checks = append(step.Checks, checkProgress{
				Kind: s.opts.Lesson.Steps[i].Checks[c].Kind, Held: check.held, Found: check.Found, At: check.At.UTC(),
			})
		}
		progress.Steps[s.opts.Lesson.Steps[i].ID] = step
	}
	s.mu.Unlock()
	err := s.progress.save(s.opts.Lesson.Name, progress)
	if err != nil {
		s.mu.Lock()
		s.note("%v", err)
		s.mu.Unlock()
	}
	return err
}
