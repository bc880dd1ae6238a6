package main

import (
	"context"
	"errors"

	"github.com/sigwalk/sigwalk/tui"
	"github.com/sigwalk/sigwalk/workshop"
)

// courseMended is course for an author: where a course from elsewhere has something wrong in it, that is shown, and again whenever
// a file of it is saved, until it is mended. Where nobody looks on it is an error at once. It returns nil when the person quits before.
func (a *app) courseMended(ctx context.Context) (*workshop.Course, error) {
	course, err := a.course()
	var wrong workshop.Problems
	if !errors.As(err, &wrong) || a.flags.workshop == "" || !a.onTerminal() {
		return course, err
	}
	broken := err
	files, err := a.courseFiles()
	if err != nil {
		return nil, err
	}
	// Nothing was read of it yet, so that the first edition is told at once.
	follow := func(ctx context.Context, told func(workshop.Edition)) error {
		return workshop.Follow(ctx, a.flags.workshop, &workshop.Course{Files: files}, told)
	}
	if a.lineByLine() {
		return a.mendByLine(ctx, follow)
	}
	return a.mendOnScreen(ctx, broken, follow)
}

// follow tells of each edition of a course until ctx ends.
type follow func(ctx context.Context, told func(workshop.Edition)) error

// mendOnScreen shows what is wrong on the whole screen.
func (a *app) mendOnScreen(ctx context.Context, broken error, follow follow) (*workshop.Course, error) {
	dir, err := a.dir()
	if err != nil {
		return nil, err
	}
	terminal, err := a.terminal(dir)
	if err != nil {
		return nil, err
	}
	ctx, done := context.WithCancel(ctx)
	editions, ended := make(chan workshop.Edition), make(chan struct{})
	go func() {
		defer close(ended)
		tell := func(e workshop.Edition) {
			select {
			case editions <- e:
			case <-ctx.Done():
			}
		}
		if err := follow(ctx, tell); err != nil {
			tell(workshop.Edition{Err: err})
		}
	}()
	defer func() {
		done()
		<-ended
	}()
	return tui.Mend(ctx, tui.MendOptions{Terminal: terminal, Folder: a.flags.workshop, Broken: broken, Editions: editions})
}

// mendByLine prints what is wrong, each time anew.
func (a *app) mendByLine(ctx context.Context, follow follow) (*workshop.Course, error) {
	ctx, mended := context.WithCancel(ctx)
	defer mended()
	var found *workshop.Course
	err := follow(ctx, func(e workshop.Edition) {
		switch {
		case found != nil: // that one will do
		case e.Course == nil:
			a.sayWrong(e.Err)
		default:
			found = e.Course
			mended()
		}
	})
	if found != nil {
		a.say("\nThe course is in order.\n")
		return found, nil
	}
	return nil, firstOf(err, ctx.Err())
}

// sayWrong lists what is wrong with a course.
func (a *app) sayWrong(err error) {
	a.say("\nThe course at %s cannot be opened yet:\n", a.flags.workshop)
	var wrong workshop.Problems
	if errors.As(err, &wrong) {
		for _, problem := range wrong {
			a.say("  %s\n", problem)
		}
	} else if err != nil {
		a.say("  %s\n", err)
	}
	a.say("Save a file of it, and it is looked at again; it opens when nothing is wrong. Ctrl-C quits.\n")
}
