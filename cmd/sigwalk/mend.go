package main

import (
	"context"
	"errors"

	"github.com/sigwalk/sigwalk/workshop"
)

// courseMended is course for an author: where a course from elsewhere has something wrong in it, that is said, and again whenever
// a file of it is saved, until it is mended. Where nobody looks on it is an error at once.
func (a *app) courseMended(ctx context.Context) (*workshop.Course, error) {
	course, err := a.course()
	var wrong workshop.Problems
	if !errors.As(err, &wrong) || a.flags.workshop == "" || !a.onTerminal() {
		return course, err
	}
	files, err := a.courseFiles()
	if err != nil {
		return nil, err
	}
	ctx, mended := context.WithCancel(ctx)
	defer mended()
	found := make(chan *workshop.Course, 1)
	// Nothing was read of it yet, so that the first edition is told at once.
	err = workshop.Follow(ctx, a.flags.workshop, &workshop.Course{Files: files}, func(e workshop.Edition) {
		if e.Course == nil {
			a.sayWrong(e.Err)
			return
		}
		select {
		case found <- e.Course:
		default: // the one before will do
		}
		mended()
	})
	select {
	case course := <-found:
		a.say("\nThe course is in order.\n")
		return course, nil
	default:
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
