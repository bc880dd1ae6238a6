//go:build unix

package main

import (
	"regexp"
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

// TestPlainConversation types every command that is there beside those that walk, right and wrong, and holds what each says.
func TestPlainConversation(t *testing.T) {
	dir := stateDir(t)
	talk := []struct {
		says  string   // by the person, lines with their ends
		hears []string // in this order
	}{
		{"v\nt\nT\no\n", []string{"Nothing was verified yet", "No tree was looked at yet", "No trust root was fetched yet", "The step was not run yet"}},
		{"history\n! 1\n", []string{"Nothing was run yet", "There is no line 1"}},
		{"7\nk\n", []string{"Step 7. Verify one identity", "State: blocked by step 5", "State: blocked by step 5", "Check: ", "Enter goes to step 5"}},
		{"\n", []string{"Step 7 is blocked: step 5, Sign the image", "This is the step to do first:", "Step 5. Sign the image"}},
		{"\n\n", []string{"Step 5 is blocked", "Step 1. Copy the image", "The step is done"}},
		{"99\ng 0\ng x\n", []string{"There is no step 99. They go from 1 to 9", "There is no step 0", "There is no step x"}},
		{"k\no\n", []string{"State: done.", "ok", "copied; the digest is the same at both ends", "The step is done"}},
		{"y\nY\n", []string{"The command is in ", "copied.txt", "\nsource ./copy-image-to-quay.sh\necho $IMAGE\necho $QUAY\n"}},
		{"$\n$ echo a line\n$echo another\nhistory\n! 2\n", []string{
			"The line stands behind the dollar sign", "\na line\n", "\nanother\n", "1. source ./copy-image-to-quay.sh", "2. echo a line", "3. echo another", "$ echo a line", "\na line\n",
		}},
		{"$ cosign ver\t\n$ cosign tri\t\n$ nothing-like-it\t\n", []string{"things begin like that", "  verify\n", "verify-attestation", "One thing begins like that", "$ cosign triangulate", "Nothing that is known here begins like that"}},
		{"c\n-\n\necho changed\ny\n", []string{"Enter keeps a line", "Line 1 of 3 is:", "source ./copy-image-to-quay.sh", "Line 3 of 3 is:", "This is run:", "  echo $IMAGE", "  echo changed", "\nchanged\n"}},
		{"c\n-\n-\n-\nc\n\n\n\nn\n", []string{"Nothing is left of it", "This is run:", "Run it? y or n> n"}},
		{"e IMAGE\ne QUAY_PASSWORD\ne NONE\n", []string{
			"IMAGE: 127.0.0.1:", "(from sandbox)", "export IMAGE='127.0.0.1:", "QUAY_PASSWORD: secret, set (from sandbox)", "is not printed", "There is no variable NONE",
		}},
		{"/\n/ trust ROOT\n2\n", []string{"Words stand behind the slash", "1. Command T: says what is in the trust root", "2. Step 2. Fetch the trust root: to do", "\nStep 2. Fetch the trust root\n"}},
		{"/ nothing is called so\n/ mouse\n2\n/ lessons\n\n/ lessons\n77\n", []string{"Nothing here is called like that", "Setting mouse", "mouse is ", "Command L", "a number, or Enter for none> ", "There is no 77 in this list"}},
		{"\nT\nh\nw\n", []string{"from        http://", "the root was pinned", "certificate authorities (who may issue", "CN=fulcio", "transparency logs (who", "timestamp authorities (who", "Hint 1 of 3", "decides what you will believe"}},
		{"n\n\nn\n\ne SIGSTORE_ID_TOKEN\n", []string{"Step 3.", "in plain text", "Step 4. Get an identity token", "The step is done", "SIGSTORE_ID_TOKEN: secret, set, expires in 1"}},
		{"n\n\ny\nn\n\nt\nn\n\nv\nv 1\nv 9\n", []string{
			"Step 5. Sign the image", "tlog entry created with index: 0", "Step 6. Look at the tree", "The step is done", "Level 1: ", "Level 3: ", "Step 7. Verify one identity", "The step is done",
			"1. Log index 0, pipeline-auth@demo.redhat.com: verified. It is", "verdict: verified; ", "ok          claims", "There is no signature 9",
		}},
		{"u\nn\nE\nD\n", []string{"This puts the sandbox back", "Put the sandbox back? y or n> n", "What was run is in ", "Looking at the deployment"}},
		{"? v\n? zzz\nzzz\n?\nq\n", []string{"v: lists the signatures of the last verification", "There is no command \"zzz\" here. A question mark alone", "There is no command \"zzz\" here. A question mark lists them", "Enter: alone, runs the command", "q: quits."}},
	}
	var input strings.Builder
	for _, part := range talk {
		input.WriteString(part.says)
	}
	cmd := program(t, dir, "sigwalk", "--dir", dir, "--plain")
	cmd.Stdin = strings.NewReader(input.String())
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	text := string(out)
	for _, part := range talk {
		for _, want := range part.hears {
			i := strings.Index(text, want)
			if i < 0 {
				t.Fatalf("after %q %q does not come in\n%s", part.says, want, text)
			}
			text = text[i+len(want)-1:] // a line end may be the beginning of what comes next
		}
	}
	for line := range strings.Lines(string(out)) {
		// cosign draws its own tree.
		if strings.ContainsAny(line, "\x1b│─├└") && !strings.ContainsAny(line, "🔐🍒") {
			t.Errorf("it draws: %q", line)
		}
	}
	if strings.Contains(string(out), sandboxPassword(t, dir)) || regexp.MustCompile(`eyJ[\w-]+\.[\w-]+\.[\w-]+`).Match(out) {
		t.Error("a secret is said")
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
