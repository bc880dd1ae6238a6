package workshop_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/workshop"
	"github.com/sigwalk/sigwalk/workshop/sandbox/sandboxtest"
	"github.com/sigwalk/sigwalk/workshop/undo"
)

// undoer keeps the world of a classroom.
func (c *classroom) undoer(t *testing.T) *undo.Keeper {
	t.Helper()
	settings := sandboxtest.Start(t)
	login := &registry.Credentials{Username: settings.RegistryUser, Password: actions.NewSecret(settings.RegistryPass)}
	return undo.New(undo.Options{
		Registry: registry.New(registry.Options{Login: login}), Host: settings.Registry, Environment: c.env,
		Dirs: []undo.Dir{
			{Path: filepath.Join(c.dir, "workspace")}, {Path: c.homes.TUF, What: "the trust root"}, {Path: c.homes.Docker, What: "the stored logins"},
		},
	})
}

// TestUndo walks a lesson and goes back: the world is as it was before the step that is undone, and so are the steps; what was
// signed can be signed again, and only the log remembers.
func TestUndo(t *testing.T) {
	c := newClassroom(t)
	keeper := c.undoer(t)
	s := c.session(t, signAnImage(t), func(o *workshop.SessionOptions) { o.Undo = keeper })
	consent(t, s)
	if _, err := s.Undoable(t.Context(), 0); actions.CodeOf(err) != actions.CodeUsage {
		t.Errorf("error %v of a step that was never run", err)
	}
	for i := range 6 {
		run(t, s, i, "")
	}
	run(t, s, 4, "")                                  // a second signature
	run(t, s, 5, "cosign tree $IMAGE; echo x > kept") // beside what the step asks for
	watch(t, s)

	plan, err := s.Undoable(t.Context(), 4)
	if err != nil {
		t.Fatal(err)
	}
	repository := strings.TrimPrefix(c.value(t, "IMAGE"), c.value(t, "QUAY")+"/")
	repository, _, _ = strings.Cut(repository, ":")
	for _, want := range []string{"removes the signatures of " + repository + "@sha256:", "removes the file kept"} {
		if !slices.ContainsFunc(plan.Changes, func(change string) bool { return strings.HasPrefix(change, want) }) {
			t.Errorf("%q is not among %q", want, plan.Changes)
		}
	}
	if !slices.Equal(plan.Steps, []int{4, 5}) {
		t.Errorf("the steps %v are undone", plan.Steps)
	}
	if _, err := s.Undo(t.Context(), 4); err != nil {
		t.Fatal(err)
	}
	snapshot := until(t, s, "the world shows that the steps are to be done again", func(now workshop.Snapshot) bool {
		return now.Steps[4].Checks[0].State == workshop.CheckFails && now.Steps[5].State != workshop.StepDone
	})
	for i, want := range []workshop.StepState{workshop.StepDone, workshop.StepDone, workshop.StepDone, workshop.StepDone, workshop.StepIdle} {
		if snapshot.Steps[i].State != want {
			t.Errorf("step %d is %s\n%s", i+1, snapshot.Steps[i].State, describe(snapshot))
		}
	}
	if _, err := os.Stat(filepath.Join(c.dir, "workspace", "kept")); err == nil {
		t.Error("the file is still there")
	}
	if _, err := s.Undoable(t.Context(), 4); err == nil {
		t.Error("it can be undone twice")
	}

	// One signature, not three: nobody has put the others back. The log counts on.
	signed, _ := run(t, s, 4, "")
	if signed.State != workshop.StepDone {
		t.Fatalf("it cannot be signed again\n%s", describe(s.Snapshot()))
	}
	if _, output := run(t, s, 5, "cosign verify --certificate-identity-regexp . --certificate-oidc-issuer-regexp . $IMAGE | jq length"); !strings.HasSuffix(output, "\n1\n") {
		t.Errorf("there are %q signatures", output)
	}

	// Back to the very beginning: no image, no trust root, no login, no variable of the lesson.
	if _, err := s.Undo(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	until(t, s, "nothing is done", func(now workshop.Snapshot) bool {
		return !slices.ContainsFunc(now.Steps, func(step workshop.StepSnapshot) bool { return step.State == workshop.StepDone })
	})
	if _, set := c.env.Get("SIGSTORE_ID_TOKEN"); set {
		t.Error("the token is still there")
	}
	for _, dir := range []string{c.homes.TUF, c.homes.Docker} {
		if left, err := os.ReadDir(dir); err == nil && len(left) > 0 {
			t.Errorf("%s holds %v", dir, left)
		}
	}
}

// TestUndoNowhere says why what is not the sandbox is left alone.
func TestUndoNowhere(t *testing.T) {
	c := newClassroom(t)
	s := c.session(t, signAnImage(t))
	_, err := s.Undo(context.Background(), 0)
	if actions.CodeOf(err) != actions.CodeUsage || !strings.Contains(err.Error(), "in the sandbox alone") {
		t.Errorf("error %v", err)
	}
}
