package undo

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/workshop/environment"
	"github.com/sigwalk/sigwalk/workshop/sandbox/sandboxtest"
)

func TestMain(m *testing.M) { os.Exit(sandboxtest.Main(m)) }

const (
	sandboxPassword = "throw-away-1"
	sandboxLogin    = "cXVheWFkbWluOnRocm93LWF3YXktMQ=="
	anIdentityToken = "eyJhbGciOiJSUzI1NiJ9.eyJlbWFpbCI6ImEifQ.c2lnbmF0dXJlLW9mLWl0"
)

// bench is a world in which no image changes: the sandbox, a directory, and a store.
type bench struct {
	t               *testing.T
	host, work, dir string
	env             *environment.Environment
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{
		t: t, host: sandboxtest.Start(t).Registry, work: filepath.Join(t.TempDir(), "work"), dir: filepath.Join(t.TempDir(), "undo"),
		env: environment.New(environment.Variable{Name: "IMAGE", Value: "first", Source: environment.FromSandbox, Exported: true}),
	}
	if err := os.MkdirAll(b.work, 0o700); err != nil {
		t.Fatal(err)
	}
	return b
}

// keeper is that of a new process.
func (b *bench) keeper(sandbox string) *Keeper {
	settings := sandboxtest.Start(b.t)
	return New(Options{
		Registry: registry.New(registry.Options{Login: &registry.Credentials{
			Username: settings.RegistryUser, Password: actions.NewSecret(settings.RegistryPass),
		}}), Host: b.host, Environment: b.env, Lasting: []string{"IMAGE"},
		Dirs: []Dir{{Path: b.work}}, Store: b.dir, Sandbox: sandbox,
		Known: []actions.Secret{actions.NewSecret(sandboxLogin), actions.NewSecret(sandboxPassword)},
	})
}

func (b *bench) write(name, text string) {
	b.t.Helper()
	if err := os.WriteFile(filepath.Join(b.work, name), []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) read(name string) string {
	b.t.Helper()
	text, err := os.ReadFile(filepath.Join(b.work, name))
	if errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	if err != nil {
		b.t.Fatal(err)
	}
	return string(text)
}

// stored are the names of the pictures on disk, as they are.
func (b *bench) stored() []string {
	b.t.Helper()
	names, err := filepath.Glob(filepath.Join(b.dir, "*.json"))
	if err != nil {
		b.t.Fatal(err)
	}
	return names
}

func (b *bench) undo(k *Keeper, step string) Plan {
	b.t.Helper()
	plan, err := k.Undo(b.t.Context(), Step{"lesson", step})
	if err != nil {
		b.t.Fatal(err)
	}
	return plan
}

// TestRestart takes pictures in one process and undoes in another, which has lost its variables.
func TestRestart(t *testing.T) {
	b := newBench(t)
	b.write("kept", "one")
	b.write("login.json", `{"auths":{"host":{"auth":"`+sandboxLogin+`"}},"was":"`+sandboxPassword+`"}`)
	b.write("removed", "deep")
	b.keeper("s").Before(t.Context(), Step{"lesson", "a"})
	b.write("kept", "two")
	b.write("made", "new")
	b.keeper("s").Before(t.Context(), Step{"lesson", "b"})
	if err := errors.Join(os.Remove(filepath.Join(b.work, "removed")), os.Remove(filepath.Join(b.work, "login.json"))); err != nil {
		t.Fatal(err)
	}
	b.env.Set(environment.Variable{Name: "IMAGE", Value: "second", Source: environment.FromLesson, Exported: true})
	b.env.Set(environment.Variable{Name: "ADDED", Value: "x", Source: environment.FromLine})
	b.env.Set(environment.Variable{Name: "GIVEN", Value: "x", Source: "flag --given"})

	late := b.keeper("s")
	if again := b.keeper("s"); func() bool { again.Before(t.Context(), Step{"lesson", "a"}); return len(b.stored()) != 2 }() {
		t.Errorf("a second picture of a step was taken: %v", b.stored())
	}
	plan := b.undo(late, "a")
	want := []string{"removes the file made", "puts the file kept back", "puts the file login.json back", "puts the file removed back", "unsets the variable ADDED", "puts the variable IMAGE back"}
	if !slices.Equal(plan.Changes, want) || len(plan.Left) != 0 || len(plan.Steps) != 2 {
		t.Errorf("the plan is %q", plan)
	}
	for name, text := range map[string]string{
		"kept": "one", "made": "", "removed": "deep", "login.json": `{"auths":{"host":{"auth":"` + sandboxLogin + `"}},"was":"` + sandboxPassword + `"}`,
	} {
		if got := b.read(name); got != text {
			t.Errorf("%s holds %q", name, got)
		}
	}
	if v, _ := b.env.Get("IMAGE"); v.Value != "first" || !v.Exported {
		t.Errorf("IMAGE is %+v", v)
	}
	if _, is := b.env.Get("GIVEN"); !is {
		t.Error("what the person gave for this run was taken away")
	}
	// What was undone is gone from the disk, and from the other process that knew of it.
	left, err := os.ReadDir(filepath.Join(b.dir, contentDir))
	if err != nil || len(left) > 0 || len(b.stored()) > 0 {
		t.Errorf("left are %v and %v, %v", b.stored(), left, err)
	}
	if _, err := late.Plan(t.Context(), Step{"lesson", "b"}); actions.CodeOf(err) != actions.CodeUsage {
		t.Errorf("error %v", err)
	}
}

// TestNoSecretIsStored writes every kind of secret to files and variables: none is in the store, the process that saw them puts them
// back, and a later one says what it cannot.
func TestNoSecretIsStored(t *testing.T) {
	b := newBench(t)
	secrets := []string{anIdentityToken, "s3cret-of-mine", "MARK_elsewhere", "MARK_open_key", sandboxPassword, sandboxLogin}
	b.env.Set(environment.Variable{Name: "MY_PASSWORD", Value: "s3cret-of-mine", Source: environment.FromLine})
	b.env.Set(environment.Variable{Name: "SIGSTORE_ID_TOKEN", Value: anIdentityToken, Source: environment.FromLine})
	files := map[string]string{
		"token.txt": "my " + anIdentityToken + "\n", "notes": "it is s3cret-of-mine.", "harmless": "text", "empty": "",
		"config.json": `{"auths":{"quay.io":{"auth":"MARK_elsewhere"}}}`, "login.json": `{"auths":{"x":{"auth":"` + sandboxLogin + `"}}}`,
		"open.key": "-----BEGIN EC PRIVATE KEY-----\nMARK_open_key\n-----END EC PRIVATE KEY-----\n",
	}
	for name, text := range files {
		b.write(name, text)
	}
	now := b.keeper("s")
	now.Before(t.Context(), Step{"lesson", "a"})
	held := 0
	if err := filepath.WalkDir(filepath.Dir(b.dir), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		held += strings.Count(string(text), "text")
		for _, secret := range secrets {
			if strings.Contains(string(text), secret) {
				t.Errorf("%s holds %s", path, secret)
			}
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if held == 0 {
		t.Error("what is no secret is not stored either")
	}

	spoil := func() {
		for name := range files {
			b.write(name, "spoilt")
		}
		b.env.Unset("SIGSTORE_ID_TOKEN")
	}
	spoil()
	plan, err := b.keeper("s").Plan(t.Context(), Step{"lesson", "a"})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"the file work/token.txt,", "the file work/notes,", "the file work/config.json,", "the file work/open.key,", "the variable SIGSTORE_ID_TOKEN,"} {
		if !slices.ContainsFunc(plan.Left, func(text string) bool { return strings.HasPrefix(text, want) }) {
			t.Errorf("%q is not among %q", want, plan.Left)
		}
	}
	if len(plan.Left) != 5 || !slices.Equal(plan.Changes, []string{"puts the file empty back", "puts the file harmless back", "puts the file login.json back"}) {
		t.Errorf("the plan is %q", plan)
	}
	if plan := b.undo(now, "a"); len(plan.Left) != 0 {
		t.Errorf("left by the process that saw them: %q", plan.Left)
	}
	for name, text := range files {
		if got := b.read(name); got != text {
			t.Errorf("%s holds %q", name, got)
		}
	}
	if v, _ := b.env.Get("SIGSTORE_ID_TOKEN"); v.Value != anIdentityToken {
		t.Error("the token did not come back")
	}
}

// TestStoresThatCannotBeUsed keeps them aside and says so, drops what another sandbox left, and goes on.
func TestStoresThatCannotBeUsed(t *testing.T) {
	for name, c := range map[string]struct {
		spoil   func(text []byte) []byte
		said    string
		aside   string // a pattern of what is kept, beside the store
		sandbox string
		undoes  bool
	}{
		"as it is":         {spoil: func(text []byte) []byte { return text }, undoes: true},
		"truncated":        {spoil: func(text []byte) []byte { return text[:len(text)/2] }, said: "it is damaged", aside: "undo/*.kept"},
		"empty":            {spoil: func([]byte) []byte { return nil }, said: "it is damaged", aside: "undo/*.kept"},
		"junk":             {spoil: func([]byte) []byte { return []byte("\x00\xff{{") }, said: "it is damaged", aside: "undo/*.kept"},
		"another's JSON":   {spoil: func([]byte) []byte { return []byte(`{"version":1,"hello":"world"}`) }, said: "it is damaged", aside: "undo/*.kept"},
		"a newer version":  {spoil: version(t, 99), said: "a newer sigwalk wrote it", aside: "undo.kept-*/*.json"},
		"an older version": {spoil: version(t, 0), said: "it is damaged", aside: "undo/*.kept"},
		"another sandbox":  {spoil: func(text []byte) []byte { return text }, sandbox: "reset"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.write("file", "one")
			b.keeper("s").Before(t.Context(), Step{"lesson", "a"})
			path := b.stored()[0]
			text, err := os.ReadFile(path)
			if err == nil {
				err = os.WriteFile(path, c.spoil(text), 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
			if c.sandbox == "" {
				c.sandbox = "s"
			}
			b.write("file", "two")
			k := b.keeper(c.sandbox)
			notices := strings.Join(k.Notices(), "\n")
			if !strings.Contains(notices, c.said) || (c.said == "") != (notices == "") {
				t.Errorf("it says %q", notices)
			}
			if _, err := k.Plan(t.Context(), Step{"lesson", "a"}); (err == nil) != c.undoes {
				t.Errorf("error %v", err)
			}
			if c.aside != "" {
				if kept, err := filepath.Glob(filepath.Join(filepath.Dir(b.dir), c.aside)); err != nil || len(kept) != 1 {
					t.Errorf("kept are %v, %v", kept, err)
				}
			}
			k.Before(t.Context(), Step{"lesson", "b"})
			b.write("file", "three")
			b.undo(b.keeper(c.sandbox), "b")
			if got := b.read("file"); got != "two" {
				t.Errorf("the file holds %q", got)
			}
		})
	}
}

func version(t *testing.T, n int) func([]byte) []byte {
	t.Helper()
	return func(text []byte) []byte {
		var fields map[string]any
		if err := json.Unmarshal(text, &fields); err != nil {
			t.Fatal(err)
		}
		fields["version"] = n
		out, err := json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
}

// TestUnwritableStore says that pictures do not outlive the program, and undoes in it.
func TestUnwritableStore(t *testing.T) {
	b := newBench(t)
	if err := os.WriteFile(b.dir, []byte("in the way"), 0o600); err != nil {
		t.Fatal(err)
	}
	b.write("file", "one")
	k := b.keeper("s")
	k.Before(t.Context(), Step{"lesson", "a"})
	if notices := strings.Join(k.Notices(), "\n"); !strings.Contains(notices, "and not after") {
		t.Errorf("it says %q", notices)
	}
	b.write("file", "two")
	b.undo(k, "a")
	if got := b.read("file"); got != "one" {
		t.Errorf("the file holds %q", got)
	}
}

// TestContentThatIsGone says so of one file, and puts the others back.
func TestContentThatIsGone(t *testing.T) {
	b := newBench(t)
	b.write("gone", "one")
	b.write("torn", "one, longer")
	b.write("there", "one, as it was")
	b.keeper("s").Before(t.Context(), Step{"lesson", "a"})
	if err := errors.Join(
		os.Remove(filepath.Join(b.dir, contentDir, sumOf([]byte("one")))),
		os.WriteFile(filepath.Join(b.dir, contentDir, sumOf([]byte("one, longer"))), []byte("one, lon"), 0o600),
	); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"gone", "torn", "there"} {
		b.write(name, "two")
	}
	_, err := b.keeper("s").Undo(t.Context(), Step{"lesson", "a"})
	if actions.CodeOf(err) != actions.CodeStateUnwritable || !strings.Contains(err.Error(), "puts the file gone back") || !strings.Contains(err.Error(), "puts the file torn back") {
		t.Errorf("error %v", err)
	}
	if b.read("there") != "one, as it was" || b.read("gone") != "two" || b.read("torn") != "two" {
		t.Errorf("the files hold %q, %q, %q", b.read("there"), b.read("gone"), b.read("torn"))
	}
}

// TestBounds lets go of the oldest pictures, and of what only they held.
func TestBounds(t *testing.T) {
	b := newBench(t)
	k := b.keeper("s")
	for i := range mostPictures + 3 {
		b.write("file", strings.Repeat("x", i))
		k.Before(t.Context(), Step{"lesson", strings.Repeat("s", i+1)})
	}
	contents, err := os.ReadDir(filepath.Join(b.dir, contentDir))
	if err != nil || len(contents) != mostPictures || len(b.stored()) != mostPictures {
		t.Errorf("%d pictures are stored and %d contents, %v", len(b.stored()), len(contents), err)
	}
	if _, err := k.Plan(t.Context(), Step{"lesson", "sss"}); actions.CodeOf(err) != actions.CodeUsage {
		t.Errorf("error %v of one that went", err)
	}
	if plan := b.undo(b.keeper("s"), "ssss"); len(plan.Steps) != mostPictures || b.read("file") != "xxx" {
		t.Errorf("%d steps, and the file holds %q", len(plan.Steps), b.read("file"))
	}

	large := &picture{step: Step{"lesson", "large"}, dirs: []tree{{"a": {sum: "a", size: mostStored}}}}
	k.pictures = []*picture{{dirs: []tree{{"b": {sum: "b", size: 1}}}}, {dirs: []tree{{"a": {sum: "a", size: mostStored}}}}, large}
	if dropped := k.bound(large); len(dropped) != 1 || len(k.pictures) != 2 {
		t.Errorf("%d pictures went, %d stay", len(dropped), len(k.pictures))
	}
}
