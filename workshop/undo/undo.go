// Package undo puts a sandbox back as it was before a step: what its registry names, its organisations and users, the files of the
// lesson, the trust root and the logins, the variables. It takes a picture before a step runs for the first time, and keeps it on
// disk, so that a restart takes nothing away. No secret is written there: what has one in it is kept in memory alone.
// What a log has taken in is never undone: nobody can, which is why a log can be believed.
package undo

import (
	"context"
	"errors"
	"fmt"
	"slices"
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
	// Organizations are the registry's, and Users those who can sign in; nil leaves them as they are.
	Organizations Organizations
	Users         Users
	Dirs          []Dir
	// Environment holds the variables of the lesson. Lasting names those that outlive the program; none of them is a secret.
	Environment *environment.Environment
	Lasting     []string

	// Store is the directory in which pictures are kept for later runs; empty keeps them in memory alone. Sandbox tells the
	// sandbox from every other: pictures of another one are removed.
	Store   string
	Sandbox string
	// Known are the sandbox's own secrets, in each form in which a file may hold them, the longest first. They are the same at
	// each start, and are not stored.
	Known []actions.Secret
}

// Step is one step of a lesson.
type Step struct{ Lesson, ID string }

// Keeper keeps the pictures of one sandbox. It is safe for concurrent use.
type Keeper struct {
	opts  Options
	mask  mask
	store store

	mu       sync.Mutex
	pictures []*picture // in the order in which they were taken
	notices  []string
	swept    bool // the store, once in a run
}

// picture is the world before a step ran.
type picture struct {
	name          string // in the store; it sorts by the time
	stored        bool
	step          Step
	tags          map[string]string // "HOST/REPOSITORY:TAG" to digest
	organizations []string
	users         []string // their addresses
	dirs          []tree   // as Options.Dirs
	vars          []variable
	err           error // why it could not be taken
}

// mostPictures bounds what is kept; the oldest go first.
const mostPictures = 200

// New returns a keeper of the pictures that are in the store.
func New(opts Options) *Keeper {
	m := mask{known: opts.Known, env: opts.Environment}
	return &Keeper{opts: opts, mask: m, store: store{dir: opts.Store, sandbox: opts.Sandbox, mask: m}}
}

// Before takes a picture before a step runs, unless there is one: then the step ran before, and what it left is to be undone
// too. Why it could not be taken, Plan says.
func (k *Keeper) Before(ctx context.Context, step Step) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.load()
	if at, found := k.find(step); found {
		if k.pictures[at].err == nil {
			return
		}
		k.pictures = append(k.pictures[:at], k.pictures[at+1:]...)
	}
	now, err := k.look(ctx)
	now.step, now.err = step, err
	last := ""
	if n := len(k.pictures); n > 0 {
		last = k.pictures[n-1].name
	}
	now.name = newName(last)
	k.pictures = append(k.pictures, now)
	k.keep(ctx, now)
}

// Plan is what an undo does.
type Plan struct {
	// Changes says each thing that is done, in words, such as "removes the file cosign.key". There may be none.
	Changes []string
	// Left says what is not as it was and cannot be put back, and why, such as "the variable SIGSTORE_ID_TOKEN, ...".
	Left []string
	// Steps are those that ran since, the one that was asked for first: what they did is undone with it.
	Steps []Step
}

// Plan says what undoing everything since before a step would do. It fails with CodeUsage where there is no picture of that time.
func (k *Keeper) Plan(ctx context.Context, step Step) (Plan, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.load()
	plan, _, err := k.plan(ctx, step)
	return plan, err
}

// Undo does what Plan says, and forgets the pictures of the steps that are undone. Where one thing cannot be put back, the others
// are, and the error says which could not; it can then be asked for again.
func (k *Keeper) Undo(ctx context.Context, step Step) (Plan, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.load()
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
	k.forget(ctx, at)
	return plan, nil
}

// Notices returns what a person should know of the pictures on disk: those that were put aside, and that none can be kept.
func (k *Keeper) Notices() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.load()
	return slices.Clone(k.notices)
}

// note has something told, once.
func (k *Keeper) note(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(k.notices, text) {
		k.notices = append(k.notices, text)
	}
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
			Code: actions.CodeUsage, What: "there is nothing to undo", Why: "this step was not run in this sandbox, or was undone since",
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
	plan := Plan{}
	changes := k.madeAgain(before.organizations, now.organizations)
	changes = append(changes, k.tagChanges(before.tags, now.tags)...)
	changes = append(changes, k.removed(before, now)...)
	plan.Left = k.missing(before.users, now.users)
	for i, dir := range k.opts.Dirs {
		if i >= len(before.dirs) { // of an earlier version, which looked after fewer
			break
		}
		some, left := dir.changes(before.dirs[i], now.dirs[i], k.store.content)
		changes, plan.Left = append(changes, some...), append(plan.Left, left...)
	}
	some, left := k.variableChanges(before.vars, now.vars)
	changes, plan.Left = append(changes, some...), append(plan.Left, left...)
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
	now := &picture{}
	for _, v := range k.opts.Environment.List() {
		now.vars = append(now.vars, variable{Variable: v})
	}
	var err error
	if now.tags, err = k.tags(ctx); err != nil {
		return now, err
	}
	if now.organizations, now.users, err = k.names(ctx); err != nil {
		return now, err
	}
	for i, dir := range k.opts.Dirs {
		var last tree
		for _, p := range k.pictures {
			if p.err == nil && i < len(p.dirs) {
				last = p.dirs[i]
			}
		}
		files, err := dir.read(last, k.mask)
		if err != nil {
			return now, err
		}
		now.dirs = append(now.dirs, files)
	}
	return now, nil
}
