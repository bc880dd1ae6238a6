//go:build unix

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// longCourse writes a course of one lesson with many short steps, which nothing but the progress remembers.
func longCourse(t *testing.T, steps int) string {
	t.Helper()
	dir := t.TempDir()
	var lesson strings.Builder
	lesson.WriteString("---\ntitle: Many steps\nsummary: One after the other.\nminutes: 1\n---\n\nShort ones.\n")
	for i := range steps {
		fmt.Fprintf(&lesson, "\n## Step {#s%d}\n\n```yaml step\nkind: observes\n```\n\nIt leaves a file.\n\n```sh run\necho %d > file-%d; (exit 3)\n```\n\n"+
			"```yaml check\n- kind: command-fails\n  title: it fails\n  exit-code: 3\n```\n\n```hint\nRun it.\n```\n", i, i, i)
	}
	for name, text := range map[string]string{"course.yaml": "title: Long\nsummary: Much of it.\nlessons: [many]\n", "lessons/many.md": lesson.String()} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestKilledAtAnyMoment kills the program over and over, at moments that nobody chose, while it runs and saves: what it called done
// is done, what a line has set is there, nothing had to be put aside, and the first step can still be undone.
func TestKilledAtAnyMoment(t *testing.T) {
	const steps, rounds = 60, 8
	dir, course := stateDir(t), longCourse(t, steps)
	seed := rand.Uint64()
	t.Logf("the seed is %d", seed)
	chance := rand.New(rand.NewPCG(seed, 0))
	done := map[string]bool{}
	for range rounds {
		cmd := program(t, dir, "sigwalk", "--dir", dir, "--workshop", course, "--plain")
		cmd.Stdin = strings.NewReader("$ export OIDC_USER=somebody-else\n" + strings.Repeat("\nn\n", steps))
		for _, step := range called(t, cmd, 1+chance.IntN(5), time.Duration(chance.IntN(30))*time.Millisecond) {
			done[step] = true
		}
		kept := keptSteps(t, dir)
		for step := range done {
			if !kept[step] {
				t.Fatalf("step %s was called done, and %v are", step, kept)
			}
		}
	}
	cmd := program(t, dir, "sigwalk", "--dir", dir, "--workshop", course, "--plain")
	cmd.Stdin = strings.NewReader("e OIDC_USER\n1\nu\ny\nq\n")
	out, err := cmd.CombinedOutput()
	for _, want := range []string{"OIDC_USER: somebody-else (from lesson)", "removes the file file-0", "the sandbox is as it was before"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("%q is not in it", want)
		}
	}
	if err != nil || strings.Contains(string(out), "Note:") || t.Failed() {
		t.Errorf("%v\n%s", err, out)
	}
	for _, pattern := range []string{"courses/*/progress/*.kept*", "courses/*/progress/undo*.kept*", "courses/*/progress/undo/*.kept", "courses/*/workspace/file-*"} {
		if left, err := filepath.Glob(filepath.Join(dir, pattern)); err != nil || len(left) > 0 {
			t.Errorf("left are %v, %v", left, err)
		}
	}
}

// keptSteps are the steps that the progress says are done.
func keptSteps(t *testing.T, dir string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "courses", "*", "progress", "many.json"))
	if err != nil || len(files) != 1 {
		t.Fatalf("the progress is in %v, %v", files, err)
	}
	var progress struct {
		Lessons map[string]struct {
			Steps map[string]struct{ Done bool }
		}
	}
	text, err := os.ReadFile(files[0])
	if err == nil {
		err = json.Unmarshal(text, &progress)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	done := map[string]bool{}
	for id, step := range progress.Lessons["many"].Steps {
		done[id] = step.Done
	}
	return done
}

// called runs a program until it has called some steps done, and a while longer, kills it, and returns those that it called done.
func called(t *testing.T, cmd *exec.Cmd, enough int, longer time.Duration) (done []string) {
	t.Helper()
	var wrong bytes.Buffer
	cmd.Stderr = &wrong
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	killing := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	defer killing.Stop()
	step := 0
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		_, _ = fmt.Sscanf(lines.Text(), "Step %d. ", &step)
		if strings.HasPrefix(lines.Text(), "The step is done") {
			done = append(done, fmt.Sprintf("s%d", step-1))
		}
		if strings.HasPrefix(lines.Text(), "The step is done") && len(done) == enough {
			killing.Reset(longer) // at no moment in particular
		}
	}
	_ = cmd.Wait()
	if len(done) < enough {
		t.Fatalf("it ended after %d steps of %d\n%s", len(done), enough, wrong.String())
	}
	return done
}
