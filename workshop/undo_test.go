package workshop_test

import (
	"context"
	"crypto/rand"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	ggcr "github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/identity/technicaluser"
	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/actions/registry/quay"
	"github.com/sigwalk/sigwalk/workshop"
	"github.com/sigwalk/sigwalk/workshop/environment"
	"github.com/sigwalk/sigwalk/workshop/sandbox/sandboxtest"
	"github.com/sigwalk/sigwalk/workshop/undo"
)

// undoer keeps the world of a classroom.
func (c *classroom) undoer(t *testing.T) *undo.Keeper {
	t.Helper()
	settings := sandboxtest.Start(t)
	login := &registry.Credentials{Username: settings.RegistryUser, Password: actions.NewSecret(settings.RegistryPass)}
	client := registry.New(registry.Options{Login: login})
	quays, err := quay.New(t.Context(), quay.Options{Registry: client, Host: settings.Registry, Token: login.Password})
	if err != nil {
		t.Fatal(err)
	}
	users, err := technicaluser.Open(t.Context(), technicaluser.OpenOptions{
		Issuer: settings.OIDCIssuer, Getenv: environment.Getenv(environment.Sandbox(settings, c.homes)),
	})
	if err != nil {
		t.Fatal(err)
	}
	return undo.New(undo.Options{
		Registry: client, Host: settings.Registry, Environment: c.env, Organizations: organizations{quays}, Users: users.(technicaluser.Removable),
		Store: filepath.Join(c.dir, "undo"), Sandbox: settings.ID, Lasting: []string{"IMAGE", "QUAY"},
		Dirs: []undo.Dir{
			{Path: filepath.Join(c.dir, "workspace")}, {Path: c.homes.TUF, What: "the trust root"}, {Path: c.homes.Docker, What: "the stored logins"},
		},
	})
}

// organizations are the sandbox's.
type organizations struct{ *quay.Client }

func (o organizations) List(ctx context.Context) ([]string, error) { return o.Organizations(ctx) }

func (o organizations) Make(ctx context.Context, name string) error {
	_, err := o.CreateOrganization(ctx, name)
	return err
}

func (o organizations) Remove(ctx context.Context, name string) error {
	return o.RemoveOrganization(ctx, name)
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

// TestUndoWhoAndWhere takes back an organisation with what was pushed there, and a technical user, in another run than the one that
// made them. What is gone of what was there is made again, where that is possible.
func TestUndoWhoAndWhere(t *testing.T) {
	c := newClassroom(t)
	s := c.session(t, signAnImage(t), func(o *workshop.SessionOptions) { o.Undo = c.undoer(t) })
	run(t, s, 0, "")
	name := "made-" + strings.ToLower(rand.Text()[:6])
	made, output := run(t, s, 1, "sigwalk organization "+name+" && sigwalk technical-user --username "+name+" --email "+name+"@demo.redhat.com && "+
		"skopeo copy --src-tls-verify=false --dest-tls-verify=false --dest-creds $QUAY_USER:$QUAY_PASSWORD docker://$SOURCE_IMAGE docker://$QUAY/"+name+"/app:one")
	if made.ExitCode != 0 {
		t.Fatal(output)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	s = c.session(t, signAnImage(t), func(o *workshop.SessionOptions) { o.Undo = c.undoer(t) })
	plan, err := s.Undoable(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"removes the tag " + c.value(t, "QUAY") + "/" + name + "/app:one", "removes the organisation " + name, "removes the user " + name + "@demo.redhat.com"} {
		if !slices.Contains(plan.Changes, want) {
			t.Errorf("%q is not among %q", want, plan.Changes)
		}
	}
	if _, err := s.Undo(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if _, output := run(t, s, 1, "sigwalk organization --dry-run "+name+"; sigwalk technical-user --dry-run --username "+name+" --email "+name+"@demo.redhat.com"); strings.Count(output, "missing") != 4 {
		t.Errorf("they are still there:\n%s", output)
	}

	// One that a step removed is made again, and holds what it held.
	run(t, s, 1, "sigwalk organization "+name+" && skopeo copy --src-tls-verify=false --dest-tls-verify=false --dest-creds $QUAY_USER:$QUAY_PASSWORD docker://$SOURCE_IMAGE docker://$QUAY/"+name+"/app:one")
	run(t, s, 2, `curl -s -S -f -X DELETE -H "Authorization: Bearer $QUAY_PASSWORD" http://$QUAY/api/v1/organization/`+name)
	plan, err = s.Undoable(t.Context(), 2)
	if err != nil || !slices.Contains(plan.Changes, "makes the organisation "+name+" again") {
		t.Errorf("%q, %v", plan.Changes, err)
	}
	if _, err := s.Undo(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	again, err := ggcr.ParseReference(c.value(t, "QUAY") + "/" + name + "/app:one")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := remote.Image(again, remote.WithAuth(sandboxtest.Login(t)), remote.WithContext(t.Context())); err != nil {
		t.Error(err)
	}
}

// TestUndoAcrossLessons goes back to before a step of an earlier lesson: what later lessons did since is undone with it, and is to be
// done again there.
func TestUndoAcrossLessons(t *testing.T) {
	c := newClassroom(t)
	keeper := c.undoer(t)
	lesson := signAnImage(t)
	later := *lesson
	later.Name = "later"
	progress := func(name string) string { return filepath.Join(c.dir, "progress", name+".json") }
	sit := func(l *workshop.Lesson) *workshop.Session {
		return c.session(t, l, func(o *workshop.SessionOptions) { o.Undo, o.ProgressOf = keeper, progress })
	}
	first := sit(lesson)
	run(t, first, 0, "")
	run(t, first, 1, "")
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := sit(&later)
	if ran, output := run(t, second, 2, ""); ran.State != workshop.StepDone {
		t.Fatal(output)
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}

	first = sit(lesson)
	plan, err := first.Undoable(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	want := []undo.Step{{Lesson: "later", ID: later.Steps[2].ID}}
	if !slices.Equal(plan.Steps, []int{1}) || !slices.Equal(plan.Elsewhere, want) || !slices.Contains(plan.Changes, "puts the stored logins back as before") {
		t.Errorf("it would undo %+v", plan)
	}
	if _, err := first.Undo(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	now := sit(&later).Snapshot()
	if now.Steps[2].State == workshop.StepDone || now.Current != 2 {
		t.Errorf("the later lesson stands at step %d, and the one that was undone is %s", now.Current+1, now.Steps[2].State)
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
