// Package undo puts a sandbox back as it was before a step: what its registry names, the files of the lesson, the trust root and
// the logins, the variables. It takes a picture before a step runs for the first time, in memory alone, for it holds secrets.
// What a log has taken in is never undone: nobody can, which is why a log can be believed.
package undo

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/workshop/environment"
)

// Options say what belongs to the sandbox that a keeper looks after.
type Options struct {
	// Registry talks to the registry at Host ("127.0.0.1:18000") with a login that may list, push and delete everything.
	Registry *registry.Client
	Host     string
	Dirs     []Dir
	// Environment holds the variables of the lesson.
	Environment *environment.Environment
}

// Step is one step of a lesson.
type Step struct{ Lesson, ID string }

// Keeper keeps the pictures of one sandbox for as long as the program runs. It is safe for concurrent use.
type Keeper struct {
	opts Options

	mu       sync.Mutex
	pictures []*picture // in the order in which they were taken
}

// picture is the world before a step ran.
type picture struct {
	step Step
	tags map[string]string // "HOST/REPOSITORY:TAG" to digest
	dirs []tree            // as Options.Dirs
	vars []environment.Variable
	err  error // why it could not be taken
}

// mostPictures bounds what is kept; the oldest go first.
const mostPictures = 200

// New returns a keeper without pictures.
func New(opts Options) *Keeper { return &Keeper{opts: opts} }

// Before takes a picture before a step runs, unless there is one: then the step ran before, and what it left is to be undone
// too. Why it could not be taken, Plan says.
func (k *Keeper) Before(ctx context.Context, step Step) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if at, found := k.find(step); found {
		if k.pictures[at].err == nil {
			return
		}
		k.pictures = append(k.pictures[:at], k.pictures[at+1:]...)
	}
	now, err := k.look(ctx)
	now.step, now.err = step, err
	k.pictures = append(k.pictures, now)
	k.pictures = k.pictures[max(0, len(k.pictures)-mostPictures):]
}

// Plan is what an undo does.
type Plan struct {
	// Changes says each thing that is done, in words, such as "removes the file cosign.key". There may be none.
	Changes []string
	// Steps are those that ran since, the one that was asked for first: what they did is undone with it.
	Steps []Step
}

// Plan says what undoing everything since before a step would do. It fails with CodeUsage where there is no picture of that time.
func (k *Keeper) Plan(ctx context.Context, step Step) (Plan, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	plan, _, err := k.plan(ctx, step)
	return plan, err
}

// Undo does what Plan says, and forgets the pictures of the steps that are undone. Where one thing cannot be put back, the others
// are, and the error says which could not; it can then be asked for again.
func (k *Keeper) Undo(ctx context.Context, step Step) (Plan, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	plan, changes, err := k.plan(ctx, step)
	if err != nil {
		return plan, err
	}
	for _, c := range changes {
		if failed := c.do(ctx); failed != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", c.what, failed))
		}
	}
	if err != nil {
		if ctx.Err() != nil {
			return plan, ctx.Err()
		}
		return plan, &actions.Error{
			Code: actions.CodeStateUnwritable, What: "not everything could be undone", Why: err.Error(), Err: err,
			Next: "try again; `sigwalk sandbox reset` begins with an empty sandbox",
		}
	}
	at, _ := k.find(step)
	k.pictures = k.pictures[:at]
	return plan, nil
}

// change is one thing to put back.
type change struct {
	what string
	do   func(context.Context) error
}

func (k *Keeper) plan(ctx context.Context, step Step) (Plan, []change, error) {
	at, found := k.find(step)
	if !found {
		return Plan{}, nil, &actions.Error{
			Code: actions.CodeUsage, What: "there is nothing to undo", Why: "this step was not run since sigwalk was started",
			Next: "run it again as it is; `sigwalk sandbox reset` begins with an empty sandbox",
		}
	}
	before := k.pictures[at]
	if before.err != nil {
		return Plan{}, nil, &actions.Error{
			Code: actions.CodeUsage, What: "this step cannot be undone", Why: "how the sandbox was before could not be kept: " + before.err.Error(), Err: before.err,
			Next: "run it again as it is; `sigwalk sandbox reset` begins with an empty sandbox",
		}
	}
	now, err := k.look(ctx)
	if err != nil {
		return Plan{}, nil, err
	}
	changes := k.tagChanges(before.tags, now.tags)
	for i, dir := range k.opts.Dirs {
		changes = append(changes, dir.changes(before.dirs[i], now.dirs[i])...)
	}
	changes = append(changes, k.variableChanges(before.vars, now.vars)...)
	plan := Plan{}
	for _, c := range changes {
		plan.Changes = append(plan.Changes, c.what)
	}
	for _, p := range k.pictures[at:] {
		plan.Steps = append(plan.Steps, p.step)
	}
	return plan, changes, nil
}

func (k *Keeper) find(step Step) (int, bool) {
	for i, p := range k.pictures {
		if p.step == step {
			return i, true
		}
	}
	return 0, false
}

// look takes a picture. Files that did not change since the last one are not read again.
func (k *Keeper) look(ctx context.Context) (*picture, error) {
	now := &picture{vars: k.opts.Environment.List()}
	var err error
	if now.tags, err = k.tags(ctx); err != nil {
		return now, err
	}
	for i, dir := range k.opts.Dirs {
		var last tree
		for _, p := range k.pictures {
			if p.err == nil {
				last = p.dirs[i]
			}
		}
		files, err := dir.read(last)
		if err != nil {
			return now, err
		}
		now.dirs = append(now.dirs, files)
	}
	return now, nil
}

// variableChanges puts the variables back; their values are nobody's to read.
func (k *Keeper) variableChanges(before, now []environment.Variable) []change {
	env := k.opts.Environment
	then := map[string]environment.Variable{}
	for _, v := range before {
		then[v.Name] = v
	}
	var changes []change
	for _, v := range now {
		if _, was := then[v.Name]; !was {
			changes = append(changes, change{"unsets the variable " + v.Name, func(context.Context) error { env.Unset(v.Name); return nil }})
		}
	}
	for _, was := range before {
		if v, ok := env.Get(was.Name); !ok || v != was {
			changes = append(changes, change{"puts the variable " + was.Name + " back", func(context.Context) error { env.Set(was); return nil }})
		}
	}
	return changes
}
