package main

import (
	"context"
	"fmt"

	"github.com/sigwalk/sigwalk/workshop"
)

// follow looks after the folder of a course from elsewhere, so that a file counts as soon as it is saved. The built-in course
// never changes.
func (g *guide) follow(ctx context.Context) {
	dir := g.app.flags.workshop
	if dir == "" {
		return
	}
	ctx, g.unfollow = context.WithCancel(context.WithoutCancel(ctx))
	g.following.Go(func() {
		if err := workshop.Follow(ctx, dir, g.course.Load(), g.edition); err != nil {
			g.notice(err.Error())
		}
	})
}

// edition passes an edition on in place of one that nobody has taken yet. It never blocks.
func (g *guide) edition(e workshop.Edition) {
	if e.Course != nil {
		g.course.Store(e.Course)
	}
	select {
	case <-g.editions:
	default:
	}
	g.editions <- e
}

// reopen implements tui.Options.Reopen: the shell, its variables and what was run stay.
func (g *guide) reopen(ctx context.Context, before *workshop.Session, step string) (*workshop.Session, error) {
	was := before.Snapshot().Lesson
	lesson, err := g.course.Load().Lesson(was.Name)
	if err != nil {
		g.notice(fmt.Sprintf("the lesson %q is no longer in the course", was.Title))
		return g.open(ctx, "", nil)
	}
	g.mu.Lock()
	p := g.place
	g.mu.Unlock()
	if _, err := workshop.LayOut(p.home, p.files); err != nil {
		return nil, err
	}
	return before.Reopen(lesson, step)
}
