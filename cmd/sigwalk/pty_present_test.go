//go:build unix

package main

import (
	"context"
	"strings"
	"testing"

	"github.com/sigwalk/sigwalk/workshop/sandbox"
)

// TestPresent is a talk, with the projector and the terminals of whoever presents: they follow, go on, type out, blank, jump, let
// it go on by itself, answer a question, and come and go.
func TestPresent(t *testing.T) {
	p := open(t, setting{args: []string{"--present"}})
	p.see("1 Copy the image", "enter runs the command")
	f := open(t, setting{dir: p.dir, args: []string{"present", "--follow"}})
	f.see("LIVE  Sign an image", "NOW   1 Copy the image", "NEXT  2 Fetch the trust root", "notes", "step 1/9")

	f.press("t")
	p.see("1 Copy the image", "ok done: n goes to step 2")
	if !strings.Contains(p.wrote(), "enter runs the line") {
		t.Error("nothing was typed on the projector")
	}
	f.see("NOW   1 Copy the image", "ok done")

	f.press("z")
	f.see("BLANK")
	p.until("nothing on the projector", func() bool { return strings.TrimSpace(p.text()) == "" })
	f.press("z")
	f.see("LIVE")
	p.see("1 Copy the image")

	f.press("l")
	f.see("steps: enter jumps")
	f.press("down", "enter")
	p.see("2 Fetch the trust root")
	f.see("NOW   2 Fetch the trust root", "cosign initialize")
	f.press("enter")
	p.see("the root was pinned", "ok done")
	f.see("NOW   2 Fetch the trust root", "ok done")

	// One that comes late sees it, too, and what the audience sees.
	late := open(t, setting{dir: p.dir, cols: 140, rows: 40, args: []string{"present", "--follow"}})
	late.see("LIVE", "NOW   2 Fetch the trust root", "the audience sees", "the root was pinned")
	second := open(t, setting{dir: p.dir, args: []string{"--present"}})
	second.see("there is a projector for", "sigwalk present --follow")
	if code := second.end(); code == 0 {
		t.Error("a second projector ends as if it had been one")
	}

	// No secret comes onto the projector, even when asked for.
	p.press("$")
	p.see("enter runs the line")
	p.send("printf 'it is %s.\\n' $QUAY_PASSWORD; printf $QUAY_USER:$QUAY_PASSWORD | base64\r")
	p.see("it is ••••••.")
	p.until("the end of the line", func() bool { return !p.shows("esc stops it") })
	p.press("s")
	p.see("a shell shows secrets")

	late.press("n", "n")
	p.see("4 Get an identity token")
	f.see("NOW   4 Get an identity token")
	f.press("b", "enter")
	p.see("3 Log in to the registry", "the registry has checked the credentials", "ok done")
	// It goes on by itself until somebody is asked.
	f.press("+", "+", "+", "+")
	f.see("pace 8x")
	f.press("a")
	f.see("autoplay waits", "Are you sure")
	p.see("Question", "cannot be removed later")
	f.press("y")
	f.see("NOW   6 Look at the tree")
	p.see("6 Look at the tree")
	f.press("a")
	f.see("pace 8x - projector:")
	f.press("l")
	f.see("steps: enter jumps")
	f.press("home", "enter")
	p.see("1 Copy the image")
	f.see("NOW   1 Copy the image")

	// Either lives on without the other.
	_ = late.cmd.Process.Kill()
	<-late.over
	f.press("n")
	p.see("2 Fetch the trust root")
	f.press("q")
	if code := f.end(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	p.see("the presenter's terminal has gone")
	f = open(t, setting{dir: p.dir, args: []string{"present", "--follow"}})
	f.see("LIVE", "NOW   2 Fetch the trust root")
	noSecrets(t, p, f, late)
	p.press("q")
	if code := p.end(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	f.see("LOST", "the projector is lost")
	p = open(t, setting{dir: p.dir, args: []string{"--present"}})
	f.see("LIVE  Sign an image", "step 6/9")
	f.press("z")
	p.until("nothing on the projector", func() bool { return strings.TrimSpace(p.text()) == "" })
	p.press("n") // brings it back, and does nothing else
	p.see("Sign an image")
	f.press("q")
	f.end()
	p.press("q")
	p.end()
	wantRestored(p)
}

// noSecrets looks for the sandbox's passwords, and for tokens, in all that terminals were sent.
func noSecrets(t *testing.T, terminals ...*terminal) {
	t.Helper()
	for _, secret := range secretsOf(t, terminals[0].dir) {
		for _, m := range terminals {
			if strings.Contains(m.wrote(), secret) {
				t.Errorf("a terminal was sent the secret %q", secret)
			}
		}
	}
}

// secretsOf are the passwords of the sandbox that runs, and how a token begins.
func secretsOf(t *testing.T, dir string) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	status, err := sandbox.StatusOf(ctx, dir)
	if err != nil {
		t.Fatal(err)
	}
	secrets := []string{status.Settings.RegistryPass, status.Settings.OIDCPassword, "eyJ"}
	for _, secret := range secrets {
		if secret == "" {
			t.Fatal("a password is empty")
		}
	}
	return secrets
}
