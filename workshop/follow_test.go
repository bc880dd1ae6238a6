package workshop_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sigwalk/sigwalk/assets"
	"github.com/sigwalk/sigwalk/workshop"
)

// limit bounds a wait for what must come.
const limit = time.Minute

// folder is a copy of the template on the disk, as `sigwalk workshop new` makes it.
func folder(t *testing.T) (dir, lesson string, course *workshop.Course) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "course")
	if err := os.CopyFS(dir, assets.Template()); err != nil {
		t.Fatal(err)
	}
	course, err := workshop.ParseCourse(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	return dir, filepath.Join(dir, "lessons", "first-steps.md"), course
}

// save writes a file as editors do: beside it, and then in its place.
func save(t *testing.T, path string, change func(string) string) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+"~", []byte(change(string(content))), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+"~", path); err != nil {
		t.Fatal(err)
	}
}

func replace(before, after string) func(string) string {
	return func(text string) string { return strings.Replace(text, before, after, 1) }
}

// TestFollow saves files of a course: each edition is told once, what is wrong with it, and that it was mended.
func TestFollow(t *testing.T) {
	dir, lesson, course := folder(t)
	save(t, lesson, replace("# Copy an image", "# Copy the image")) // after the course was read, and before it is followed
	ctx, stop := context.WithCancel(t.Context())
	editions, ended := make(chan workshop.Edition, 16), make(chan error, 1)
	go func() {
		ended <- workshop.Follow(ctx, dir, course, func(e workshop.Edition) { editions <- e })
	}()
	next := func() workshop.Edition {
		t.Helper()
		select {
		case e := <-editions:
			return e
		case err := <-ended:
			t.Fatalf("it ended: %v", err)
		case <-time.After(limit):
			t.Fatal("nothing was told")
		}
		return workshop.Edition{}
	}
	if e := next(); e.Err != nil || e.Course.Lessons[0].Steps[0].Title != "Copy the image" {
		t.Errorf("told %+v of what was saved before", e)
	}
	save(t, lesson, replace("kind: changes", "kind: chages"))
	var wrong workshop.Problems
	if e := next(); e.Course != nil || !errors.As(e.Err, &wrong) || wrong[0].File != "lessons/first-steps.md" || wrong[0].Line == 0 || wrong[0].Instead == "" {
		t.Errorf("told %+v of a broken lesson", e)
	}
	save(t, lesson, replace("kind: chages", "kind: changes"))
	if e := next(); e.Err != nil || e.Course == nil {
		t.Errorf("told %+v of a mended lesson", e)
	}
	// A folder that is replaced as a whole is followed too, and so is a file that is new.
	scripts := filepath.Join(dir, "scripts")
	if err := errors.Join(os.Rename(scripts, scripts+"~"), os.CopyFS(scripts, os.DirFS(scripts+"~"))); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(scripts, "more.sh"), []byte("echo more\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	save(t, lesson, replace("Copy the image", "The folder is new"))
	for next().Course.Lessons[0].Steps[0].Title != "The folder is new" {
	}
	save(t, filepath.Join(scripts, "more.sh"), replace("more", "more and more"))
	next()
	stop()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(limit):
		t.Fatal("it does not end")
	}
}

// TestFollowNowhere says what cannot be watched.
func TestFollowNowhere(t *testing.T) {
	_, _, course := folder(t)
	err := workshop.Follow(t.Context(), filepath.Join(t.TempDir(), "gone"), course, func(workshop.Edition) {})
	if err == nil || !strings.Contains(err.Error(), "cannot be watched") {
		t.Errorf("error %v", err)
	}
}

// TestReopen changes a lesson under a learner: what was done stays, by the step's ID, with its results, and the shell with
// what was set in it.
func TestReopen(t *testing.T) {
	c := newClassroom(t)
	const text = `
## First {#first}

'''yaml step
kind: observes
'''

'''sh run
greet() { echo "hello $1"; }
echo one; false
'''

'''yaml check
- kind: command-fails
  exit-code: 1
'''

## Second {#second}

'''yaml step
kind: changes
'''

'''sh run
greet two
export WORD=said
'''

'''yaml check
- kind: variable-set
  name: WORD
'''
`
	s := c.session(t, lessonOf(t, text))
	for i := range 2 {
		run(t, s, i, "")
	}
	s.Select(0)
	if _, err := s.Reopen(lessonOf(t, text), "first"); err == nil {
		t.Error("a session that is open was opened again")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	between := "\n## Between {#between}\n\nOnly to read.\n\n## Second"
	changed := strings.Replace(strings.Replace(text, "\n## Second", between, 1), "exit-code: 1", "exit-code: 2", 1)
	again, err := s.Reopen(lessonOf(t, changed), "first")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = again.Close() })
	snapshot := again.Snapshot()
	if snapshot.Current != 0 || len(snapshot.Steps) != 3 {
		t.Fatalf("at step %d of %d", snapshot.Current, len(snapshot.Steps))
	}
	first, between2, second := snapshot.Steps[0], snapshot.Steps[1], snapshot.Steps[2]
	if first.State != workshop.StepDone || first.ExitCode != 1 || first.Holds() {
		t.Errorf("the first step is %s, exit code %d, holds %v, though its check is another", first.State, first.ExitCode, first.Holds())
	}
	if between2.State != workshop.StepIdle || second.State != workshop.StepDone || !second.Holds() || second.Elsewhere {
		t.Errorf("then %s and %s\n%s", between2.State, second.State, describe(snapshot))
	}
	if output, _ := again.Output(2, second.OutputStart); output != "hello two\n" {
		t.Errorf("the output is %q", output)
	}
	if _, output := run(t, again, 0, "greet again"); output != "hello again\n" {
		t.Errorf("the shell has forgotten: %q", output)
	}
}
