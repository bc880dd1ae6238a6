package sandbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sigwalk/sigwalk/workshop/sandbox"
)

// token signs user in as the workshop page does.
func token(t *testing.T, settings sandbox.Settings, user string) string {
	t.Helper()
	answer := postForm(t, settings.OIDCIssuer+"/protocol/openid-connect/token", url.Values{
		"grant_type": {"password"}, "client_id": {settings.OIDCClientID}, "username": {user}, "password": {settings.OIDCPassword},
	})
	var got struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal(answer, &got); err != nil || got.AccessToken == "" {
		t.Fatalf("no token: %s", answer)
	}
	return got.AccessToken
}

func TestEverythingOutlivesTheProcess(t *testing.T) {
	dir := t.TempDir()
	h := up(t, dir)
	settings := h.Settings()
	tr := trustOf(t, settings)
	data := []byte("signed before")
	signed := tr.sign(t, data, token(t, settings, sandbox.PipelineUser))
	entry := settings.Rekor + "/api/v1/log/entries?logIndex=0"
	before := get(t, entry)
	image := pushImage(t, settings)

	for _, end := range []struct {
		how string
		end func()
	}{
		{"left", func() { leave(t, h, dir) }},
		{"killed", func() {
			kill(t, dir)
			for range h.Notices() { // closed when the process has gone
			}
		}},
	} {
		end.end()
		h = up(t, dir)
		if h.Settings() != settings {
			t.Errorf("%s: the settings changed from %+v to %+v", end.how, settings, h.Settings())
		}
		if after := get(t, entry); !sameEntry(t, before, after) {
			t.Errorf("%s: the log's entry changed from %s to %s", end.how, before, after)
		}
		if err := tr.verify(t, data, signed, sandbox.PipelineUser, settings.OIDCIssuer); err != nil {
			t.Errorf("%s: the trust root of before: %v", end.how, err)
		}
		if err := trustOf(t, settings).verify(t, data, signed, sandbox.PipelineUser, settings.OIDCIssuer); err != nil {
			t.Errorf("%s: the trust root of now: %v", end.how, err)
		}
		if got := pulledDigest(t, settings); got != image {
			t.Errorf("%s: the image is %s, was %s", end.how, got, image)
		}
		tr.sign(t, data, token(t, settings, sandbox.StudentUser))
	}
}

// sameEntry compares what may never change of a log entry: everything but the proof, which grows with the log.
func sameEntry(t *testing.T, a, b []byte) bool {
	t.Helper()
	type entry struct {
		Body           string `json:"body"`
		IntegratedTime int64  `json:"integratedTime"`
		LogID          string `json:"logID"`
		LogIndex       int64  `json:"logIndex"`
		Verification   struct {
			SET string `json:"signedEntryTimestamp"`
		} `json:"verification"`
	}
	var left, right map[string]entry
	if err := errors.Join(json.Unmarshal(a, &left), json.Unmarshal(b, &right)); err != nil {
		t.Fatal(err)
	}
	if len(left) != 1 || len(right) != 1 {
		return false
	}
	for uuid, was := range left {
		is, ok := right[uuid]
		// The SET is ECDSA: made anew at every request, and never twice the same.
		was.Verification.SET, is.Verification.SET = "", ""
		return ok && was == is
	}
	return false
}

func TestSandboxEndsWithItsLastSurface(t *testing.T) {
	dir := t.TempDir()
	first := up(t, dir)
	second, err := sandbox.Join(within(t), dir)
	if err != nil {
		t.Fatal(err)
	}
	if got := status(t, dir); got.Surfaces != 2 || got.Stay {
		t.Errorf("%d surfaces, stay %v; want 2, false", got.Surfaces, got.Stay)
	}
	if err := first.Leave(); err != nil {
		t.Fatal(err)
	}
	for ctx := within(t); status(t, dir).Surfaces != 1; pause(ctx) {
		if ctx.Err() != nil {
			t.Fatal("the surface that left is still counted")
		}
	}
	leave(t, second, dir)
	if _, err := sandbox.Join(within(t), dir); !errors.Is(err, sandbox.ErrNotRunning) {
		t.Errorf("got %v, want that no sandbox runs", err)
	}
}

func TestCrashedSurfaceHasLeft(t *testing.T) {
	dir := t.TempDir()
	h := up(t, dir)
	other := command(t, "surface", dir)
	line := other.readLine(t)
	if line != "joined" {
		t.Fatalf("the surface says %q", line)
	}
	if err := h.Leave(); err != nil {
		t.Fatal(err)
	}
	if got := status(t, dir).Surfaces; got < 1 {
		t.Fatalf("%d surfaces", got)
	}
	other.kill(t)
	waitUnowned(within(t), t, dir)
}

func TestSandboxStaysWhenAskedTo(t *testing.T) {
	dir := t.TempDir()
	h := up(t, dir)
	if err := h.Stay(within(t)); err != nil {
		t.Fatal(err)
	}
	if err := h.Leave(); err != nil {
		t.Fatal(err)
	}
	for ctx := within(t); status(t, dir).Surfaces != 0; pause(ctx) {
		if ctx.Err() != nil {
			t.Fatal("the surface that left is still counted")
		}
	}
	if got := status(t, dir); !got.Stay {
		t.Errorf("status %+v, want that it stays", got)
	}
	if err := sandbox.Stop(within(t), dir); err != nil {
		t.Fatal(err)
	}
	if err := sandbox.Stop(within(t), dir); !errors.Is(err, sandbox.ErrNotRunning) {
		t.Errorf("a second stop: %v", err)
	}
}

func TestStopTellsTheSurfaces(t *testing.T) {
	dir := t.TempDir()
	h := up(t, dir)
	if err := sandbox.Stop(within(t), dir); err != nil {
		t.Fatal(err)
	}
	select {
	case text, open := <-h.Notices():
		if open {
			t.Errorf("a notice %q, want the end", text)
		}
	case <-within(t).Done():
		t.Error("the surface does not know that the sandbox ended")
	}
}

func TestResetMakesANewSandbox(t *testing.T) {
	dir := t.TempDir()
	h := up(t, dir)
	was := h.Settings()
	if err := sandbox.Reset(within(t), dir); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(filepath.Join(dir, "sandbox"))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if entry.Name() != "lock" && entry.Name() != "launch" {
			t.Errorf("%s is left", entry.Name())
		}
	}
	if is := up(t, dir).Settings(); is.TUFRootChecksum == was.TUFRootChecksum || is.OIDCPassword == was.OIDCPassword {
		t.Errorf("the new sandbox has the old one's root or password: %+v", is)
	}
	if err := sandbox.Reset(within(t), filepath.Join(dir, "nothing")); err != nil {
		t.Errorf("reset where nothing is: %v", err)
	}
}

func TestSurfacesThatLaunchAtOnceShareOneSandbox(t *testing.T) {
	dir := t.TempDir()
	const n = 6
	handles := make(chan *sandbox.Handle, n)
	for range n {
		go func() {
			h, err := sandbox.JoinOrLaunch(within(t), launchOf(t, dir))
			if err != nil {
				t.Error(err)
			}
			handles <- h
		}()
	}
	var last *sandbox.Handle
	var first sandbox.Settings
	for i := range n {
		h := <-handles
		if h == nil {
			continue
		}
		if i == 0 {
			first = h.Settings()
		}
		if h.Settings() != first {
			t.Errorf("two sandboxes: %+v and %+v", first, h.Settings())
		}
		if i < n-1 {
			if err := h.Leave(); err != nil {
				t.Error(err)
			}
		}
		last = h
	}
	if last != nil {
		leave(t, last, dir)
	}
}

func TestSandboxBegunInALongPathCanBeJoined(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("long", 30))
	t.Setenv("TMPDIR", t.TempDir()) // where the socket goes then
	h := up(t, dir)
	recorded, err := os.ReadFile(filepath.Join(dir, "sandbox", "control.path"))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.HasPrefix(recorded, []byte(dir)) {
		t.Errorf("the socket is at %s", recorded)
	}
	leave(t, h, dir)
	if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) != 0 {
		t.Errorf("left in the temporary directory: %v %v", left, err)
	}
}

func TestBareSandboxLacksWhatACourseMakes(t *testing.T) {
	dir := t.TempDir()
	s, err := sandbox.Start(within(t), sandbox.Options{Dir: dir, Bare: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if !s.Status().Bare || s.Settings().OIDCUser != sandbox.StudentUser {
		t.Errorf("status %+v", s.Status())
	}
	if err := tryPush(t, s.Settings()); err == nil || !strings.Contains(err.Error(), "UNAUTHORIZED") {
		t.Errorf("a push to the organisation that is not there: %v", err)
	}
	answer := postForm(t, s.Settings().OIDCIssuer+"/protocol/openid-connect/token", url.Values{
		"grant_type": {"password"}, "client_id": {sandbox.ClientID}, "username": {sandbox.PipelineUser},
		"password": {s.Settings().OIDCPassword},
	})
	if !bytes.Contains(answer, []byte("invalid_grant")) {
		t.Errorf("the technical user got %s", answer)
	}
}

func TestOwnerHearsOfPushesAndTellsSurfaces(t *testing.T) {
	dir := t.TempDir()
	pushes := make(chan sandbox.Push, 100)
	s, err := sandbox.Start(within(t), sandbox.Options{Dir: dir, Stay: true, OnPush: func(p sandbox.Push) { pushes <- p }})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	h, err := sandbox.Join(within(t), dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := tryPush(t, s.Settings()); err != nil {
		t.Fatal(err)
	}
	if got := <-pushes; got.Repository != sandbox.Organization+"/l3-rhads-demoimage" || got.Reference != "latest" {
		t.Errorf("told of %+v", got)
	}
	for _, text := range []string{"one", "two\nlines"} {
		s.Notify(text)
		if got := <-h.Notices(); got != text {
			t.Errorf("the surface reads %q, was told %q", got, text)
		}
	}
	if err := h.Leave(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-s.Done():
		t.Error("a sandbox that stays ended with its surface")
	default:
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	<-s.Done()
	if _, err := sandbox.Join(context.WithoutCancel(t.Context()), dir); !errors.Is(err, sandbox.ErrNotRunning) {
		t.Errorf("got %v", err)
	}
}
