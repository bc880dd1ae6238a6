package signing_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/actions/signing"
	"github.com/sigwalk/sigwalk/actions/trust"
	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/workshop/sandbox"
	"github.com/sigwalk/sigwalk/workshop/sandbox/sandboxtest"
)

// watching keeps what an action reported.
type watching struct {
	mu     sync.Mutex
	stages []actions.Stage
	notes  []actions.Note
	asked  []actions.Question
	yes    bool
}

func (w *watching) Event(_ context.Context, e actions.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch e := e.(type) {
	case actions.Stage:
		w.stages = append(w.stages, e)
	case actions.Note:
		w.notes = append(w.notes, e)
	}
}

func (w *watching) Ask(_ context.Context, q actions.Question) (actions.Answer, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = append(w.asked, q)
	return actions.Answer{Yes: w.yes}, nil
}

// ended lists the stages that ended, with how.
func (w *watching) ended() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []string
	for _, s := range w.stages {
		switch s.State {
		case actions.StageDone:
			out = append(out, s.ID)
		case actions.StageFailed:
			out = append(out, s.ID+":failed")
		case actions.StageSkipped:
			out = append(out, s.ID+":skipped")
		case actions.StageStarted:
		}
	}
	return strings.Join(out, " ")
}

// bench is a person at the sandbox, with the trust root initialised and logged in.
type bench struct {
	settings sandbox.Settings
	opts     signing.Options
	seen     *watching
}

func newBench(t *testing.T) *bench {
	t.Helper()
	s := sandboxtest.Start(t)
	homes := sandboxtest.NewHomes(t)
	homes.LogIn(t)
	b := &bench{settings: s, seen: &watching{}}
	b.opts = signing.Options{
		Homes: actions.Homes{TUF: homes.TUF, Docker: homes.Docker, Attached: filepath.Join(t.TempDir(), "attached")},
		Endpoints: actions.Endpoints{
			Fulcio: s.Fulcio, Rekor: s.Rekor, TUFMirror: s.TUFMirror, TUFRoot: s.TUFRoot, TUFRootChecksum: s.TUFRootChecksum,
			Timestamp: s.Timestamp, OIDCIssuer: s.OIDCIssuer, OIDCClientID: s.OIDCClientID,
		},
		Observer: b.seen,
	}
	b.opts.Registry = registry.New(registry.Options{Homes: b.opts.Homes})
	b.opts.Trust = trust.New(trust.Options{Homes: b.opts.Homes, Endpoints: b.opts.Endpoints})
	if _, err := b.opts.Trust.Initialize(t.Context(), trust.InitializeRequest{}); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *bench) sign(t *testing.T, image string) (*signing.Result, error) {
	t.Helper()
	return signing.New(b.opts).SignWithToken(t.Context(), signing.Request{
		Image: image, Token: actions.NewSecret(sandboxtest.Token(t, sandbox.StudentUser)), Consented: true,
	})
}

func (b *bench) list(t *testing.T, image string) *verification.Report {
	t.Helper()
	report, err := verification.New(verification.Options{
		Registry: b.opts.Registry, Trust: b.opts.Trust, Endpoints: b.opts.Endpoints,
	}).List(t.Context(), image)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestSign(t *testing.T) {
	b := newBench(t)
	image, digest := sandboxtest.CopyImage(t, "")
	began := time.Now()
	got, err := b.sign(t, image)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("took %v", time.Since(began))
	for _, s := range b.seen.stages {
		if s.State == actions.StageDone {
			t.Logf("%-12s %8v  %s", s.ID, s.Took.Round(time.Millisecond), s.Detail)
		}
	}
	if got.Digest.DigestStr() != digest || !got.ByTag || got.Subject != "user1@demo.redhat.com" || got.Issuer != b.settings.OIDCIssuer {
		t.Errorf("got %+v", got)
	}
	if got.Total != 1 || got.Restored != 0 || got.Timestamp.IsZero() || time.Since(got.Integrated) > time.Minute || got.LogID == "" {
		t.Errorf("got %+v", got)
	}
	if want := "resolve key identity certificate sct signature timestamp log push"; b.seen.ended() != want {
		t.Errorf("stages %s", b.seen.ended())
	}
	report := b.list(t, image)
	if len(report.Signatures) != 1 || !report.Signatures[0].Verified || *report.Signatures[0].LogIndex != got.LogIndex {
		t.Errorf("verification found %+v", report.Signatures)
	}
}

func TestThirtySignersInOneProcess(t *testing.T) {
	b := newBench(t)
	image, _ := sandboxtest.CopyImage(t, "")
	token := sandboxtest.Token(t, "user1@demo.redhat.com")
	var group sync.WaitGroup
	for range 30 {
		group.Go(func() {
			_, err := signing.New(b.opts).SignWithToken(t.Context(), signing.Request{
				Image: image, Token: actions.NewSecret(token), Consented: true,
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	report := b.list(t, image)
	indices := map[int64]bool{}
	for _, s := range report.Signatures {
		if !s.Verified {
			t.Errorf("not verified: %v", s.Reason)
		}
		indices[*s.LogIndex] = true
	}
	if len(report.Signatures) != 30 || len(indices) != 30 {
		t.Errorf("%d signatures with %d log entries", len(report.Signatures), len(indices))
	}
}

// TestAStateDirectoryThatCannotBeWritten costs the journal and the lock, and not the signature.
func TestAStateDirectoryThatCannotBeWritten(t *testing.T) {
	b := newBench(t)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	b.opts.Homes.Attached = filepath.Join(file, "attached")
	image, _ := sandboxtest.CopyImage(t, "")
	if _, err := b.sign(t, image); err != nil {
		t.Fatal(err)
	}
	if len(b.seen.notes) != 2 || b.seen.notes[0].Level != actions.NoteWarning || !strings.Contains(b.seen.notes[1].Text, "not remembered") {
		t.Errorf("notes %+v", b.seen.notes)
	}
	if n := len(b.list(t, image).Signatures); n != 1 {
		t.Errorf("%d signatures", n)
	}
}

func TestAnnotationsAreSigned(t *testing.T) {
	b := newBench(t)
	image, digest := sandboxtest.CopyImage(t, "")
	reference := strings.TrimSuffix(image, ":latest") + "@" + digest
	got, err := signing.New(b.opts).SignWithToken(t.Context(), signing.Request{
		Image: reference, Token: actions.NewSecret(sandboxtest.Token(t, "admin@demo.redhat.com")), Consented: true,
		Annotations: map[string]string{"stage": "test"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got.ByTag || got.Digest.DigestStr() != digest {
		t.Errorf("got %+v", got)
	}
	verify := func(annotations map[string]string) error {
		report, err := verification.New(verification.Options{
			Registry: b.opts.Registry, Trust: b.opts.Trust, Endpoints: b.opts.Endpoints,
		}).Verify(t.Context(), image, verification.Policy{Subject: "admin@demo.redhat.com", Issuer: b.settings.OIDCIssuer, Annotations: annotations})
		if err != nil {
			t.Fatal(err)
		}
		return report.Verdict()
	}
	if err := verify(map[string]string{"stage": "test"}); err != nil {
		t.Error(err)
	}
	if err := verify(map[string]string{"stage": "production"}); err == nil {
		t.Error("another annotation is accepted")
	}
}
