//go:build unix

package main

import (
	"bufio"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// TestRecoverByKeys brings back signatures that a tag lost, some and then the rest, from the command and from the table of an image.
func TestRecoverByKeys(t *testing.T) {
	dir := stateDir(t)
	sigwalk := func(args ...string) string {
		t.Helper()
		cmd := program(t, dir, append([]string{"sigwalk", "--dir", dir}, args...)...)
		var refusal strings.Builder
		cmd.Stderr = &refusal
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("sigwalk %s: %v\n%s\n%s", strings.Join(args, " "), err, out, refusal.String())
		}
		return strings.TrimSpace(string(out))
	}
	keepSandbox(t, dir)
	variable := func(name string) string {
		t.Helper()
		return sigwalk("exec", `printf %s "$`+name+`"`)
	}
	sigwalk("run", "sign-an-image")
	sigwalk("exec", "export OIDC_USER=user1@demo.redhat.com; source ./get-access-token.sh; cosign sign --yes $IMAGE && cosign sign --yes $IMAGE")
	image := variable("IMAGE")
	ref, err := name.ParseReference(image)
	if err != nil {
		t.Fatal(err)
	}
	login := remote.WithAuth(&authn.Basic{Username: variable("QUAY_USER"), Password: variable("QUAY_PASSWORD")})
	if err := lose(ref, 1, login); err != nil {
		t.Fatal(err)
	}

	m := open(t, setting{dir: dir, command: []string{"sigwalk", "--dir", dir, "recover", image}})
	m.see("Recover  ", "the tag holds 1", "pipeline-auth@demo.redhat.com", "ok there", "[x]", "lost, to be brought back", "enter brings back 2 of 2")
	m.press("down", " ") // the one with log index 1 stays lost
	m.see("[ ]", "lost, left out", "enter brings back 1 of 2")
	m.press("enter")
	m.see("Question", "1 signature is attached at ", "y yes")
	m.press("n")
	m.see("enter brings back 1 of 2")
	m.press("enter")
	m.see("Question")
	m.press("y")
	m.see("1 brought back; the tag holds 2 now", "ok brought back", "lost, left out")
	m.press("q")
	if code := m.end(); code != 0 {
		t.Errorf("exit code %d", code)
	}

	m = open(t, setting{dir: dir, cols: 140, rows: 40, command: []string{"sigwalk", "--dir", dir, "browse", image}})
	m.see("2 signatures: 2 ok")
	m.press("R")
	m.see("the tag holds 2", "enter brings back 1 of 1", "user1@demo.redhat.com", "vouched by")
	m.press("enter")
	m.see("Question")
	m.press("y")
	m.see("1 brought back; the tag holds 3 now")
	m.press("esc")
	m.see("3 signatures: 3 ok", "t shows the tree") // both were read again
	m.press("R")
	m.see("the tag holds 3", "nothing to bring back")
	m.press("q")
	m.end()

	m = open(t, setting{dir: dir, command: []string{"sigwalk", "--dir", dir, "recover", "--plain", image}})
	m.see("nothing to bring back; nothing was changed")
	if code := m.end(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// keepSandbox runs a sandbox that outlives each of the commands of a test; it ends with the test.
func keepSandbox(t *testing.T, dir string) {
	t.Helper()
	cmd := program(t, dir, "sigwalk", "--dir", dir, "sandbox", "up")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		t.Fatalf("sigwalk sandbox up printed %q (%v)", line, err)
	}
}
