package workshop

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/assets"
)

func oneStep(id string) lessonProgress {
	return lessonProgress{Current: id, Steps: map[string]stepProgress{id: {Done: true}}}
}

func TestProgressThatCannotBeUsedIsKeptAside(t *testing.T) {
	for name, content := range map[string]string{
		"truncated":     `{"version":1,"lessons":{"l":{"saved":"2026-`,
		"junk":          "\x00\x00\x00\x00",
		"empty":         "",
		"newer":         `{"version":2,"lessons":{},"classes":[]}`,
		"older":         `{"version":0}`,
		"not ours":      `[]`,
		"unknown field": `{"version":1,"lessons":{},"more":1}`,
		"huge":          `{"version":1}` + strings.Repeat(" ", maxProgressBytes),
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "p", "progress.json")
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			store := &progressStore{path: path}
			file, notice := store.load()
			if len(file.Lessons) != 0 || !strings.Contains(notice, path) {
				t.Errorf("lessons %v, notice %q", file.Lessons, notice)
			}
			kept, _ := filepath.Glob(path + ".kept-*")
			if len(kept) != 1 {
				t.Fatalf("kept aside: %v", kept)
			}
			if got, _ := os.ReadFile(kept[0]); string(got) != content {
				t.Error("what was kept is not what was there")
			}
			if err := store.save("l", oneStep("a")); err != nil {
				t.Fatal(err)
			}
			if file, notice := (&progressStore{path: path}).load(); notice != "" || !file.Lessons["l"].Steps["a"].Done {
				t.Errorf("afterwards %v, %q", file, notice)
			}
		})
	}
}

func TestProgressOfLessonsAndStepsBesideOursStays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "progress.json")
	var saving sync.WaitGroup
	for i := range 8 {
		saving.Go(func() {
			store := &progressStore{path: path} // each is a process of its own
			for range 5 {
				if err := store.save(fmt.Sprint("lesson ", i), oneStep("a")); err != nil {
					t.Error(err)
				}
			}
			if err := store.save(fmt.Sprint("lesson ", i), oneStep("b")); err != nil {
				t.Error(err)
			}
		})
	}
	saving.Wait()
	file, notice := (&progressStore{path: path}).load()
	if notice != "" || len(file.Lessons) != 8 {
		t.Fatalf("%d lessons, %q", len(file.Lessons), notice)
	}
	for name, lesson := range file.Lessons {
		if lesson.Current != "b" || !lesson.Steps["a"].Done || !lesson.Steps["b"].Done {
			t.Errorf("%s: %v", name, lesson)
		}
	}
	left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".progress*"))
	if len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestProgressThatCannotBeSaved(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	err := (&progressStore{path: filepath.Join(file, "progress.json")}).save("l", oneStep("a"))
	if actions.CodeOf(err) != actions.CodeStateUnwritable || !strings.Contains(err.Error(), file) {
		t.Errorf("error %v", err)
	}
}

func TestLayOutKeepsWhatTheLearnerChangedAndReplacesTheRest(t *testing.T) {
	dir := t.TempDir()
	layout, err := LayOut(dir, assets.FS())
	if err != nil {
		t.Fatal(err)
	}
	script := filepath.Join(layout.Dir, "get-access-token.sh")
	original := filepath.Join(dir, "laid-out", "get-access-token.sh")
	ours, err := os.ReadFile(script)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ script, original, want string }{
		"changed by the learner":       {"mine", string(ours), "mine"},
		"changed before an upgrade":    {"mine", "old", "mine"},
		"of an older version":          {"old", "old", string(ours)},
		"of an interrupted upgrade":    {string(ours), "old", string(ours)},
		"there before it was laid out": {"mine", "", "mine"},
	} {
		t.Run(name, func(t *testing.T) {
			for path, content := range map[string]string{script: test.script, original: test.original} {
				if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := LayOut(dir, assets.FS()); err != nil {
				t.Fatal(err)
			}
			if got, _ := os.ReadFile(script); string(got) != test.want {
				t.Errorf("the script is %.20q", got)
			}
			if test.want != "mine" {
				if got, _ := os.ReadFile(original); string(got) != string(ours) {
					t.Errorf("the original is %.20q", got)
				}
			}
		})
	}
}
