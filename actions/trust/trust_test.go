package trust_test

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/trust"
)

type watching struct {
	mu    sync.Mutex
	notes []actions.Note
}

func (w *watching) Event(_ context.Context, e actions.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if n, ok := e.(actions.Note); ok {
		w.notes = append(w.notes, n)
	}
}

func (w *watching) Ask(context.Context, actions.Question) (actions.Answer, error) {
	return actions.Answer{}, actions.ErrNobodyToAsk
}

// person has a TUF_ROOT and a clock that can be set.
type person struct {
	home string
	seen *watching
	now  time.Time
	*trust.Client
}

func newPerson(t *testing.T) *person {
	t.Helper()
	p := &person{home: filepath.Join(t.TempDir(), "tuf"), seen: &watching{}, now: time.Now()}
	p.Client = p.client()
	return p
}

func (p *person) client() *trust.Client {
	return trust.New(trust.Options{
		Homes: actions.Homes{TUF: p.home}, Observer: p.seen, Clock: func() time.Time { return p.now },
		Transport: &http.Transport{},
	})
}

// files lists what is in the home, with sizes: the picture of a cache.
func (p *person) files(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(p.home, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == ".sigwalk.lock" {
			return err
		}
		data, err := os.ReadFile(path)
		b.WriteString(path + "\n" + string(data) + "\n")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func assertCode(t *testing.T, err error, want actions.Code, holds ...string) {
	t.Helper()
	var e *actions.Error
	if !errors.As(err, &e) || e.Code != want {
		t.Fatalf("got %v (%v), want %v", err, actions.CodeOf(err), want)
	}
	if e.Next == "" {
		t.Errorf("%v does not say what next", e)
	}
	for _, h := range holds {
		if !strings.Contains(e.Error(), h) {
			t.Errorf("%q does not name %q", e.Error(), h)
		}
	}
}

var far = time.Now().AddDate(0, 6, 0).UTC().Truncate(time.Second)

func TestInitialize(t *testing.T) {
	r := newRepository(t)
	r.publish(t, newDeployment(t, true), 1, far)
	p := newPerson(t)
	if _, err := p.Status(t.Context()); actions.CodeOf(err) != actions.CodeNoTrustRoot {
		t.Errorf("before: %v", err)
	}
	if _, err := p.Material(t.Context()); actions.CodeOf(err) != actions.CodeNoTrustRoot {
		t.Errorf("before: %v", err)
	}
	status, err := p.Initialize(t.Context(), trust.InitializeRequest{Mirror: r.server.URL, Checksum: r.checksum(t)})
	if err != nil {
		t.Fatal(err)
	}
	if status.Local != p.home || status.Remote != r.server.URL || status.Checksum != r.checksum(t) || !status.Pinned {
		t.Errorf("status %+v", status)
	}
	if got := strings.Join(status.Targets, " "); got != "ctfe.pub fulcio_v1.crt.pem rekor.pub trusted_root.json" {
		t.Errorf("targets %s", got)
	}
	if len(status.Roles) != 4 || status.Roles["timestamp.json"].Version != 1 || !status.Expires().Equal(far) {
		t.Errorf("roles %+v, expires %v", status.Roles, status.Expires())
	}
	if len(p.seen.notes) != 0 {
		t.Errorf("a pinned root needs no warning: %+v", p.seen.notes)
	}
	trusted, err := p.Material(t.Context())
	if err != nil || len(trusted.FulcioCertificateAuthorities()) != 1 || len(trusted.RekorLogs()) != 1 {
		t.Errorf("material %v", err)
	}
}

func TestWithoutAPinThePersonIsTold(t *testing.T) {
	r := newRepository(t)
	r.publish(t, newDeployment(t, true), 1, far)
	p := newPerson(t)
	status, err := p.Initialize(t.Context(), trust.InitializeRequest{Mirror: r.server.URL, Root: r.server.URL + "/root.json"})
	if err != nil {
		t.Fatal(err)
	}
	if status.Pinned || status.Checksum != r.checksum(t) {
		t.Errorf("status %+v", status)
	}
	if len(p.seen.notes) != 1 || p.seen.notes[0].Level != actions.NoteWarning || !strings.Contains(p.seen.notes[0].Text, r.checksum(t)) {
		t.Errorf("notes %+v", p.seen.notes)
	}
}

// TestWhatFailsChangesNothing: a cache that works stays as it is, and works, whatever comes of the next initialisation.
func TestWhatFailsChangesNothing(t *testing.T) {
	good, other := newRepository(t), newRepository(t)
	good.publish(t, newDeployment(t, true), 1, far)
	other.publish(t, newDeployment(t, true), 1, far)
	expired := newRepository(t)
	expired.publish(t, newDeployment(t, true), 1, time.Now().Add(-time.Minute))
	incomplete := newRepository(t)
	incomplete.publish(t, newDeployment(t, true), 1, far)
	incomplete.front = func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasPrefix(r.URL.Path, "/targets/") {
			http.NotFound(w, r)
			return true
		}
		return false
	}
	page, failing, down := newRepository(t), newRepository(t), newRepository(t)
	page.front = func(w http.ResponseWriter, _ *http.Request) bool {
		_, _ = w.Write([]byte("<html>log in</html>"))
		return true
	}
	failing.front = func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(http.StatusInternalServerError)
		return true
	}
	down.server.Close()
	garbage := filepath.Join(t.TempDir(), "garbage.json")
	if err := os.WriteFile(garbage, []byte("garbage"), 0o600); err != nil {
		t.Fatal(err)
	}
	zeros := strings.Repeat("0", 64)

	p := newPerson(t)
	if _, err := p.Initialize(t.Context(), trust.InitializeRequest{Mirror: good.server.URL}); err != nil {
		t.Fatal(err)
	}
	before := p.files(t)
	for _, c := range []struct {
		what string
		req  trust.InitializeRequest
		code actions.Code
		why  []string
	}{
		{"wrong checksum", trust.InitializeRequest{Mirror: good.server.URL, Checksum: zeros}, actions.CodeRootChecksum, []string{zeros, good.checksum(t)}},
		{"wrong SHA-512", trust.InitializeRequest{Mirror: good.server.URL, Checksum: "sha512:" + zeros + zeros}, actions.CodeRootChecksum, []string{zeros, "SHA512"}},
		{"unknown algorithm", trust.InitializeRequest{Mirror: good.server.URL, Checksum: "md5:" + zeros}, actions.CodeUsage, []string{"md5"}},
		{"no mirror", trust.InitializeRequest{}, actions.CodeUsage, nil},
		{"mirror is no URL", trust.InitializeRequest{Mirror: "somewhere"}, actions.CodeUsage, []string{"somewhere"}},
		{"mirror down", trust.InitializeRequest{Mirror: down.server.URL}, actions.CodeUnreachable, []string{down.server.URL}},
		{"mirror down after the root", trust.InitializeRequest{Mirror: down.server.URL, Root: good.server.URL + "/root.json"}, actions.CodeUnreachable, []string{down.server.URL}},
		{"mirror fails", trust.InitializeRequest{Mirror: failing.server.URL}, actions.CodeServer, []string{"500"}},
		{"no TUF at all", trust.InitializeRequest{Mirror: page.server.URL}, actions.CodeTrustRoot, []string{page.server.URL}},
		{"no such root", trust.InitializeRequest{Mirror: good.server.URL, Root: good.server.URL + "/nothing.json"}, actions.CodeTrustRoot, []string{"404"}},
		{"no such file", trust.InitializeRequest{Mirror: good.server.URL, Root: garbage + ".not"}, actions.CodeTrustRoot, []string{garbage}},
		{"root is garbage", trust.InitializeRequest{Mirror: good.server.URL, Root: garbage}, actions.CodeTrustRoot, []string{garbage}},
		{"expired", trust.InitializeRequest{Mirror: expired.server.URL}, actions.CodeTrustRoot, []string{"expired"}},
		{"another's root", trust.InitializeRequest{Mirror: good.server.URL, Root: other.server.URL + "/root.json"}, actions.CodeTrustRoot, []string{"not signed by the keys"}},
		{"targets missing", trust.InitializeRequest{Mirror: incomplete.server.URL}, actions.CodeTrustRoot, []string{"404"}},
	} {
		t.Run(c.what, func(t *testing.T) {
			_, err := p.Initialize(t.Context(), c.req)
			assertCode(t, err, c.code, c.why...)
			if after := p.files(t); after != before {
				t.Error("the cache changed")
			}
		})
	}
	good.server.Close()
	if _, err := p.client().Material(t.Context()); err != nil {
		t.Errorf("the cache does not work any more: %v", err)
	}
}

func TestInitializeAgain(t *testing.T) {
	first, second := newRepository(t), newRepository(t)
	first.publish(t, newDeployment(t, true), 1, far)
	second.publish(t, newDeployment(t, false), 1, far)
	p := newPerson(t)
	for _, r := range []*repository{first, second, first} {
		status, err := p.Initialize(t.Context(), trust.InitializeRequest{Mirror: r.server.URL})
		if err != nil {
			t.Fatal(err)
		}
		if status.Remote != r.server.URL || status.Checksum != r.checksum(t) {
			t.Errorf("status %+v", status)
		}
		if _, err := p.Material(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(filepath.Join(p.home, "tuf.db")); err == nil {
		t.Error("the older layout of another mirror is still there")
	}
	entries, err := os.ReadDir(p.home)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".new-") {
			t.Errorf("left behind: %s", e.Name())
		}
	}
}

func TestNowhereToStore(t *testing.T) {
	r := newRepository(t)
	r.publish(t, newDeployment(t, true), 1, far)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	p := newPerson(t)
	p.home = filepath.Join(file, "tuf")
	_, err := p.client().Initialize(t.Context(), trust.InitializeRequest{Mirror: r.server.URL})
	assertCode(t, err, actions.CodeStateUnwritable, p.home)
}

func TestCancelled(t *testing.T) {
	r := newRepository(t)
	ctx, cancel := context.WithCancel(t.Context())
	r.front = func(_ http.ResponseWriter, req *http.Request) bool {
		cancel()
		<-req.Context().Done()
		return true
	}
	_, err := newPerson(t).Initialize(ctx, trust.InitializeRequest{Mirror: r.server.URL})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
