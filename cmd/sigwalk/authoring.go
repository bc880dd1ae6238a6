package main

import (
	"context"
	"errors"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/assets"
	"github.com/sigwalk/sigwalk/workshop"
	"github.com/sigwalk/sigwalk/workshop/environment"
	"github.com/sigwalk/sigwalk/workshop/sandbox"
)

func (a *app) workshopCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "workshop",
		Short: "List the lessons; write a course of your own: new, lint, test; allow one to use this machine",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.listCommand(), a.newCommand(), a.lintCommand(), a.testCommand(), a.allowCommand(), a.forbidCommand())
	return cmd
}

// listed is one lesson of `sigwalk workshop list`.
type listed struct {
	Name    string `json:"lesson"`
	Title   string `json:"title"`
	Summary string `json:"summary"`
	Minutes int    `json:"minutes"`
	Steps   int    `json:"steps"`
	Done    int    `json:"done"`
	Skipped int    `json:"skipped"`
	// SandboxOnly is why the lesson can be done in the sandbox alone.
	SandboxOnly string `json:"sandboxOnly,omitempty"`
}

func (a *app) listCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the lessons of the course, and how far you have come",
		Args:  noArguments,
		RunE: func(*cobra.Command, []string) error {
			course, err := a.course()
			if err != nil {
				return err
			}
			dir, err := a.dirName()
			if err != nil {
				return err
			}
			progress, err := a.progressDir(dir)
			if err != nil {
				return err
			}
			standings, _ := course.Standings(func(lesson *workshop.Lesson) string { return progressFile(progress, lesson) })
			rows := make([]listed, len(standings))
			for i, s := range standings {
				rows[i] = listed{s.Lesson.Name, s.Lesson.Title, s.Lesson.Summary, s.Lesson.Minutes, len(s.Lesson.Steps), s.Done, s.Skipped, s.Lesson.SandboxOnly}
			}
			if a.flags.output == "json" {
				a.printJSON(rows)
				return nil
			}
			a.say("%s\n", course.Title)
			for i, r := range rows {
				title := r.Title
				if r.SandboxOnly != "" {
					title += " (sandbox only)"
				}
				a.say("%2d  %-20s %d/%-3d %3d min  %s\n", i+1, r.Name, r.Done, r.Steps, r.Minutes, title)
			}
			return nil
		},
	}
	return printing(cmd, "text", "json")
}

func (a *app) newCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "new FOLDER",
		Short: "Make a small course that works, to begin with",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			folder := args[0]
			// CopyFS would write beside what is there; nothing of anybody's is touched.
			if err := os.Mkdir(folder, 0o750); err != nil {
				return &actions.Error{
					Code: actions.CodeUsage, What: "cannot make the folder " + folder, Why: reasonOf(err), Err: err,
					Next: "name a folder that is not there, in one that is",
				}
			}
			if err := os.CopyFS(folder, assets.Template()); err != nil {
				return unwritable(folder, err)
			}
			a.say("made %s. Try it:\n  sigwalk --workshop %s\n  sigwalk workshop lint %s\n  sigwalk workshop test %s\n", folder, folder, folder, folder)
			return nil
		},
	}
}

// at makes FOLDER, where it is given, the course in place of --workshop.
func (a *app) at(args []string) {
	if len(args) == 1 {
		a.flags.workshop, a.flags.folder = args[0], true
	}
}

func (a *app) lintCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "lint [FOLDER]",
		Short: "Find what is wrong with a course, with file, line and remedy",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			a.at(args)
			course, err := a.course()
			var found workshop.Problems
			switch {
			case errors.As(err, &found):
			case err != nil:
				return err
			default:
				found = workshop.Lint(course, deploymentVariables())
			}
			if a.flags.output == "json" {
				a.printJSON(append(workshop.Problems{}, found...))
			} else {
				for _, problem := range found {
					a.say("%s\n", problem)
				}
				if len(found) == 0 {
					a.say("nothing is wrong with %s\n", course.Title)
				}
			}
			if len(found) > 0 {
				return exit(1)
			}
			return nil
		},
	}
	return printing(cmd, "text", "json")
}

// deploymentVariables are the names that a deployment, the sandbox or one of the person's own, gives a value.
func deploymentVariables() []string {
	names := slices.Concat(known(), lessonVariables, []string{"HOME", "PWD"})
	for _, v := range environment.Sandbox(sandbox.Settings{}, actions.Homes{}) {
		names = append(names, v.Name)
	}
	return names
}

func (a *app) testCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "test [FOLDER]",
		Short: "Run a course in a fresh sandbox: each check must not hold before its step, and hold after it",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			a.at(args)
			return a.testCourse(cmd.Context())
		},
	}
	return printing(cmd, "text", "json")
}

// testCourse rehearses the course in a state directory that is gone afterwards.
func (a *app) testCourse(ctx context.Context) (err error) {
	course, err := a.course()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "sigwalk-test-")
	if err != nil {
		return unwritable(os.TempDir(), err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if usual, err := a.dirName(); err == nil {
		a.flags.host = a.flags.host || a.permitted(usual)
	}
	a.flags.dir, a.flags.local = dir, true
	p, err := a.openFresh(ctx, course)
	if err != nil {
		return err
	}
	defer func() {
		p.close()
		_ = sandbox.Stop(context.WithoutCancel(ctx), dir) // it may have ended by itself
	}()
	result := rehearsal{}
	for _, lesson := range course.Lessons {
		done, err := a.rehearseWith(ctx, p, lesson, true, result.Failed > 0, strictly)
		if err != nil {
			return err
		}
		result.add(done)
	}
	return a.concludeRehearsal(ctx, result)
}

// openFresh starts a sandbox as the course wants it.
func (a *app) openFresh(ctx context.Context, course *workshop.Course) (*place, error) {
	return a.openWith(ctx, opening{where: a.dir, look: true, join: func(dir string) (*sandbox.Handle, error) {
		executable, err := a.executable()
		if err != nil {
			return nil, err
		}
		launch := sandbox.Launch{Dir: dir, Executable: executable, Stderr: a.err}
		if course.Bare {
			launch.Args = []string{"--bare"}
		}
		return sandbox.JoinOrLaunch(ctx, launch)
	}})
}

// strictly does a step whose checks must not hold before.
func strictly(ctx context.Context, session *workshop.Session, step int, row *rehearsedStep) {
	before := session.Look(ctx, step)
	runStep(ctx, session, step, row)
	if len(row.Differs) > 0 && row.State == "passed" {
		row.State = "failed"
		row.Reason = "the output is another than the step's expected block says"
		row.Next = "write what it prints, with <words> for what changes and three dots for lines that do not matter"
	}
	held := len(before) > 0
	for _, check := range before {
		held = held && check.State == workshop.CheckHolds
	}
	if held && row.State == "passed" {
		row.State = "failed"
		row.Reason = "every check held before the step was done, so that they prove nothing"
		row.Next = "check what the step changes, or let it observe"
	}
}
