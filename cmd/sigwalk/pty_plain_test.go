//go:build unix

package main

import (
	"strings"
	"testing"
)

// answers walk the whole lesson line by line: Enter runs a step, n goes on, y agrees to the notice of the log.
const answers = "set\nset mouse maybe\nset mouse on\nset host on\ntrace\n\nn\n\nn\n\nn\n\nn\n\ny\ntrace\ntrace 4\ntrace 99\ntrace save\npage\nn\n\nn\n\nn\n\nn\n\nl\nq\n"

// TestPlain walks the lesson with answers from a pipe, as a script or a screen reader's user might.
func TestPlain(t *testing.T) {
	dir := stateDir(t)
	cmd := program(t, dir, "sigwalk", "--dir", dir, "--plain")
	cmd.Stdin = strings.NewReader(answers)
	out, err := cmd.CombinedOutput()
	text := string(out)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	at := 0
	for _, want := range []string{
		"Sign an image. 9 steps.", "Step 1. Copy the image", "State: to do.", "mouse: the mouse: wheel and clicks. It is off, and can be: off, on.", "place: where you work. It is sandbox,", "mouse is one of: off, on.", "mouse: on.", "host is given at the start, with: sigwalk --allow-host", "There is nothing to trace yet", "copied; the digest is the same at both ends", "The step is done",
		"Step 2. Fetch the trust root", "the root was pinned", "Step 3. Log in to the registry", "in plain text",
		"Step 4. Get an identity token", "SIGSTORE_ID_TOKEN is set", "Step 5. Sign the image", "cannot be removed later",
		"tlog entry created with index: 0", "signed by pipeline-auth@demo.redhat.com",
		"9 stages in ", "Stage 4. Get a certificate from Fulcio: done in ", "/api/v2/signingCert:", "subjectAlternativeName: pipeline-auth@demo.redhat.com",
		"There is no stage 99", "The trace is in ", "There is no browser here. The page is at:", "/repository/l3-students/l3-rhads-demoimage?tab=tags\n", "Step 6. Look at the tree", "index 0  pipeline-auth@demo.redhat.com",
		"Step 7. Verify one identity", "Step 8. See everybody in a table", "logIndex  Subject", "0  pipeline-auth@demo.redhat.com",
		"Step 9. A verification that must fail", "as it should",
		"1. Copy the image: done", "9. A verification that must fail: done",
	} {
		i := strings.Index(text[at:], want)
		if i < 0 {
			t.Fatalf("%q does not come after\n%s\nbut only\n%s", want, text[:at], text[at:])
		}
		at += i
	}
	if strings.Contains(text, "\x1b") {
		t.Error("there are escape sequences in it")
	}
}

// TestPlainEnds lets the input end in the middle of a question: nothing is signed, and what to do instead is said.
func TestPlainEnds(t *testing.T) {
	dir := stateDir(t)
	cmd := program(t, dir, "sigwalk", "--dir", dir, "--plain")
	cmd.Stdin = strings.NewReader("\nn\n\nn\n\nn\n\nn\n\n")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "use: sigwalk run") || strings.Contains(string(out), "tlog entry created") {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestDumb goes line by line on a terminal that says it can do nothing else, and stops a step by Ctrl-C.
func TestDumb(t *testing.T) {
	m := open(t, setting{cols: 80, rows: 100, env: []string{"TERM=dumb"}})
	m.see("sigwalk, plain.", "Step 1. Copy the image", "step 1 of 9>")
	m.send("$ echo it runs; sleep 1000\r")
	m.until("the step runs", func() bool { return strings.Contains(m.wrote(), "\nit runs") })
	m.press("^C")
	m.see("Stopped. Enter runs it again.", "step 1 of 9>")
	m.send("h\r")
	m.see("Hint 1 of 3:")
	pid := m.sandbox()
	m.press("^C")
	if code := m.end(); code != 130 {
		t.Errorf("exit code %d", code)
	}
	gone(t, pid)
	if strings.Contains(m.wrote(), "\x1b") {
		t.Error("a dumb terminal gets escape sequences")
	}
}
