//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestAuthor makes a course, opens it, breaks a file of it and mends it: what is wrong stays on the screen with file, line and
// remedy until it is mended, and the lesson goes on at the step it was at, with what was done.
func TestAuthor(t *testing.T) {
	for _, c := range []struct {
		name   string
		args   []string
		walk   func(m *terminal) // does the first step, and goes to the second
		after  func(m *terminal) // looks where one is
		broken []string
	}{
		{"screen", nil, func(m *terminal) {
			m.see("1 Copy an image", "enter runs the command")
			m.press("enter")
			m.see("ok done: n goes to step 2")
			m.press("n")
			m.see("2 Sign it", "step 2/4")
		}, func(m *terminal) { m.see("step 2/4", "1 done", "2 Sign it, saved") }, []string{"!  lessons/first-steps.md:13: ", "the lesson stays as it was until that is mended"}},
		{"plain", []string{"--plain"}, func(m *terminal) {
			m.see("Step 1. Copy an image", "step 1 of 4>")
			m.send("\r")
			m.see("The step is done.")
			m.send("n\r")
			m.see("Step 2. Sign it", "step 2 of 4>")
		}, func(m *terminal) { m.see("Step 2. Sign it, saved", "step 2 of 4>") }, []string{"The lesson stays as it was", "Wrong: lessons/first-steps.md:13: "}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := stateDir(t)
			course := filepath.Join(dir, "course")
			sigwalk := &terminal{t: t, dir: dir}
			sigwalk.sigwalk("workshop", "new", course)
			m := open(t, setting{cols: 100, rows: 60, dir: dir, args: append([]string{"--workshop", course}, c.args...)})
			c.walk(m)

			lesson := filepath.Join(course, "lessons", "first-steps.md")
			good, err := os.ReadFile(lesson)
			if err != nil {
				t.Fatal(err)
			}
			save(t, lesson, strings.Replace(string(good), "kind: changes", "kind: chages", 1))
			m.see(append(c.broken, `write "changes"`)...)
			// The lesson as it was goes on.
			if c.name == "screen" {
				m.press("p", "n", "h")
				m.see("2 Sign it", "hint 1 of 1", c.broken[0])
			}
			save(t, lesson, strings.Replace(string(good), "## Sign it", "## Sign it, saved", 1))
			c.after(m)
			if c.name == "screen" {
				m.until("nothing is said to be wrong", func() bool { return !m.shows("lessons/first-steps.md") })
				m.press("q")
			} else {
				m.send("q\r")
			}
			if code := m.end(); code != 0 {
				t.Errorf("exit code %d", code)
			}
		})
	}
}

// TestAuthorBeginsWithABrokenCourse opens a course that cannot be read: what is wrong is shown, again after each save, until the
// course opens by itself, on the screen and line by line.
func TestAuthorBeginsWithABrokenCourse(t *testing.T) {
	for name, c := range map[string]struct {
		args   []string
		broken []string
		opened string
		quit   string
	}{
		"screen": {nil, []string{"the course cannot be opened yet", "2 problems at"}, "enter runs the command", "q"},
		"plain":  {[]string{"--plain"}, []string{"cannot be opened yet:", "Ctrl-C quits."}, "step 1 of 4>", "q\r"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, course, lesson, good := brokenCourse(t)
			m := open(t, setting{cols: 100, rows: 60, dir: dir, args: append([]string{"--workshop", course}, c.args...)})
			m.see(append(c.broken, "lessons/first-steps.md:13", `write "changes"`)...)
			save(t, lesson, strings.Replace(good, "kind: observes", "kind: obseves", 1))
			m.see(`write "observes"`)
			save(t, lesson, good)
			m.see(c.opened)
			m.send(c.quit)
			if code := m.end(); code != 0 {
				t.Errorf("exit code %d", code)
			}
		})
	}
}

// TestAuthorLeavesABrokenCourse quits before anything is mended.
func TestAuthorLeavesABrokenCourse(t *testing.T) {
	t.Parallel()
	dir, course, _, _ := brokenCourse(t)
	m := open(t, setting{cols: 80, rows: 24, dir: dir, args: []string{"--workshop", course}})
	m.see("the course cannot be opened yet", "q quits")
	m.press("q")
	if code := m.end(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// brokenCourse makes a course with mistakes in its lesson, and returns the lesson's file and what it should hold.
func brokenCourse(t *testing.T) (dir, course, lesson, good string) {
	t.Helper()
	dir = stateDir(t)
	course = filepath.Join(dir, "course")
	sigwalk := &terminal{t: t, dir: dir}
	sigwalk.sigwalk("workshop", "new", course)
	lesson = filepath.Join(course, "lessons", "first-steps.md")
	text, err := os.ReadFile(lesson)
	if err != nil {
		t.Fatal(err)
	}
	good = string(text)
	save(t, lesson, strings.ReplaceAll(good, "kind: changes", "kind: chages"))
	return dir, course, lesson, good
}

// save writes a file as editors do: beside it, and then in its place.
func save(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path+"~", []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+"~", path); err != nil {
		t.Fatal(err)
	}
}
