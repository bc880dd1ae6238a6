package rekor_test

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/sigstore/rekor/pkg/generated/client/entries"
	"github.com/sigstore/rekor/pkg/generated/models"
	"github.com/sigstore/sigstore-go/pkg/sign"

	"github.com/sigwalk/sigwalk/workshop/sandbox/internal/trial"
	"github.com/sigwalk/sigwalk/workshop/sandbox/rekor"
)

func TestMain(m *testing.M) {
	trial.MainChild()
	os.Exit(m.Run())
}

func TestSurvivesStopAndKill(t *testing.T) {
	dir := t.TempDir()
	subject := hexDigest([]byte("an image"))
	var before *seen
	signed := 0
	for round, end := range []func(*trial.Child) error{(*trial.Child).Stop, (*trial.Child).Kill, (*trial.Child).Kill, (*trial.Child).Stop} {
		child, err := trial.StartChild(dir)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = child.Kill() })
		v := look(t, child.Endpoints)
		if before != nil {
			v.same(*before, subject)
		}
		if round == 0 {
			if _, err := child.Sign(t.Context(), statement(subject)); err != nil {
				t.Fatal(err)
			}
			signed++
		}
		for range 3 {
			data := fmt.Appendf(nil, "artifact %d", signed)
			bundle, err := child.Sign(t.Context(), &sign.PlainData{Data: data})
			if err != nil {
				t.Fatal(err)
			}
			if got := bundle.VerificationMaterial.TlogEntries[0].LogIndex; got != int64(signed) {
				t.Fatalf("signature %d has the log index %d", signed, got)
			}
			signed++
			if found := v.findAtLeast(1, models.SearchIndex{Hash: "sha256:" + hexDigest(data)}); len(found) != 1 {
				t.Errorf("found by hash: %v", found)
			}
		}
		now := v.all(signed, subject)
		before = &now
		if err := end(child); err != nil {
			t.Fatal(err)
		}
		said, err := child.Said()
		if err != nil {
			t.Fatal(err)
		}
		if said != "" {
			t.Errorf("the servers wrote to the process's standard error: %s", said)
		}
	}
}

// A kill right after the answer, when Rekor may not have written to its index yet, loses no key that the log has.
func TestIndexCatchesUp(t *testing.T) {
	dir := t.TempDir()
	for round := range 3 {
		child, err := trial.StartChild(dir)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = child.Kill() })
		data := fmt.Appendf(nil, "artifact %d", round)
		_, err = child.Sign(t.Context(), &sign.PlainData{Data: data})
		if err := errors.Join(err, child.Kill()); err != nil {
			t.Fatal(err)
		}
		again, err := trial.StartChild(dir)
		if err != nil {
			t.Fatal(err)
		}
		v := look(t, again.Endpoints)
		if found := v.find(models.SearchIndex{Hash: "sha256:" + hexDigest(data)}); len(found) != 1 {
			t.Errorf("round %d: found by hash: %v", round, found)
		}
		if found := v.find(models.SearchIndex{Email: trial.Email}); len(found) != round+1 {
			t.Errorf("round %d: found by e-mail: %v", round, found)
		}
		if err := again.Kill(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestIndexFileLostOrTorn(t *testing.T) {
	dir := t.TempDir()
	s := start(t, dir)
	data := []byte("artifact")
	if _, err := s.Endpoints().Sign(t.Context(), &sign.PlainData{Data: data}); err != nil {
		t.Fatal(err)
	}
	query := models.SearchIndex{Hash: "sha256:" + hexDigest(data)}
	want := look(t, s.Endpoints()).findAtLeast(1, query)
	path := dir + "/rekor/index.jsonl"
	for name, damage := range map[string]func() error{
		"lost": func() error { return os.Remove(path) },
		"torn": func() error { return os.Truncate(path, 10) },
		"garbage": func() error {
			return os.WriteFile(path, []byte("{}\nnothing\n{\"key\":\"x\",\"entry\":\"y\"}\n"), 0o600)
		},
	} {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if err := damage(); err != nil {
			t.Fatal(err)
		}
		s = start(t, dir)
		if got := look(t, s.Endpoints()).find(query); !slices.Equal(got, want) {
			t.Errorf("%s: found %v, want %v", name, got, want)
		}
	}
}

func TestSameEntryTwice(t *testing.T) {
	dir := t.TempDir()
	s := start(t, dir)
	if _, err := s.Endpoints().Sign(t.Context(), &sign.PlainData{Data: []byte("x")}); err != nil {
		t.Fatal(err)
	}
	id, entry := look(t, s.Endpoints()).entry(0)
	for range 2 {
		body, ok := entry.Body.(string)
		if !ok {
			t.Fatalf("the body is a %T", entry.Body)
		}
		proposal := proposed(t, body)
		_, err := look(t, s.Endpoints()).client.Entries.CreateLogEntry(entries.NewCreateLogEntryParams().WithProposedEntry(proposal))
		var conflict *entries.CreateLogEntryConflict
		if !errors.As(err, &conflict) || !strings.HasSuffix(string(conflict.Location), id) {
			t.Errorf("logging the entry again: %v, want a conflict that leads to %s", err, id)
		}
		if size := look(t, s.Endpoints()).checkpoint().Size; size != 1 {
			t.Errorf("the log has %d entries, want 1", size)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = start(t, dir)
	}
}

func TestOneInAProcess(t *testing.T) {
	s := start(t, t.TempDir())
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := rekor.Start(t.Context(), rekor.Config{Dir: t.TempDir(), Listener: l, Ledger: s.Ledger}); !errors.Is(err, rekor.ErrRunning) {
		t.Errorf("a second Rekor: %v, want ErrRunning", err)
	}
	look(t, s.Endpoints()).checkpoint()
}

func TestRefusesNonsense(t *testing.T) {
	s := start(t, t.TempDir())
	for name, body := range map[string]string{
		"no kind":      "{}",
		"unknown kind": `{"kind":"poem","apiVersion":"0.0.1","spec":{}}`,
		"empty spec":   `{"kind":"hashedrekord","apiVersion":"0.0.1","spec":{}}`,
	} {
		resp, err := http.Post(s.Rekor.URL()+"/api/v1/log/entries", "application/json", bytes.NewBufferString(body))
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode < 400 || resp.StatusCode >= 500 {
			t.Errorf("%s: %s", name, resp.Status)
		}
	}
	if size := look(t, s.Endpoints()).checkpoint().Size; size != 0 {
		t.Errorf("the log has %d entries", size)
	}
}

// Whatever clients do and whatever the environment says, the servers write to their log file and nowhere else.
func TestWritesToItsLogOnly(t *testing.T) {
	dir := t.TempDir()
	child, err := trial.StartChild(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = child.Kill() })
	for _, base := range []string{child.Rekor, child.CTLog, child.Timestamp, child.Fulcio} {
		for _, path := range []string{"", "/", "/api/v1/log/entries", "/api/v2/signingCert", "/ct/v1/add-pre-chain"} {
			resp, err := http.Post(base+path, "application/json", bytes.NewBufferString(`{"kind":"hashedrekord"`))
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
		}
	}
	if _, err := child.Sign(t.Context(), statement(hexDigest(nil))); err != nil {
		t.Fatal(err)
	}
	if err := child.Stop(); err != nil {
		t.Fatal(err)
	}
	if said, err := child.Said(); err != nil || said != "" {
		t.Errorf("on the standard error (%v): %s", err, said)
	}
	logged, err := os.ReadFile(dir + "/log")
	if err != nil || len(logged) == 0 {
		t.Errorf("nothing is in the log file (%v)", err)
	}
}
