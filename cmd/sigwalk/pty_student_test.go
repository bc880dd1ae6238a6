//go:build unix

package main

import (
	"fmt"
	"testing"
)

// TestStudent makes three mistakes, reads the hints to the end, and takes a signature back.
func TestStudent(t *testing.T) {
	m := open(t, setting{cols: 100, rows: 40})
	m.see("1 Copy the image", "enter runs the command")

	// A step that waits for others leads to the one that is missing, and says for which.
	for step := 2; step <= 7; step++ {
		m.press("n")
		m.see(fmt.Sprintf("step %d/9", step))
	}
	m.see("7 Verify one identity", "# blocked")
	m.press("enter")
	m.see("1 Copy the image", "step 7 needs this step first: enter runs it")

	// A command that was changed and mistyped says what is wrong with it; the step's own still runs.
	change(m, "sorce ./copy-image-to-quay.sh")
	m.see("sorce", "x failed")
	m.press("h")
	m.see("Hint 1 of 3")
	m.press("h")
	m.see("hint 2 of 3")
	m.press("h")
	m.see("Hint 3 of 3", "hint 3 of 3")
	change(m, "source ./copy-image-to-quay.sh")
	m.see("copied; the digest is the same at both ends", "ok done: n goes to step 2")

	for _, step := range []struct{ title, result string }{
		{"2 Fetch the trust root", "ok done: n goes to step 3"},
		{"3 Log in to the registry", "ok done: n goes to step 4"},
		{"4 Get an identity token", "ok done: n goes to step 5"},
		{"5 Sign the image", "ok done: n goes to step 6"},
	} {
		m.press("n")
		m.see(step.title)
		m.press("enter")
		if step.title == "5 Sign the image" {
			m.see("cannot be removed later")
			m.press("y")
		}
		m.see(step.title, step.result)
	}

	// A verification with the wrong identity fails, and says who has signed.
	m.press("n")
	m.see("step 6/9")
	m.press("n")
	m.see("7 Verify one identity", "enter runs the command")
	change(m, "cosign verify --certificate-identity nobody@example.com --certificate-oidc-issuer-regexp . $IMAGE")
	m.see("x failed", "nobody@example.com", "pipeline-auth@demo.redhat.com")
	change(m, "cosign verify --certificate-identity pipeline-auth@demo.redhat.com --certificate-oidc-issuer-regexp . $IMAGE")
	m.see("1 signature: 1 ok, 0 failed", "ok done: n goes to step 8")

	// The signature is taken back, after a question that lists what goes, and stays away.
	m.press("p")
	m.see("step 6/9")
	m.press("p")
	m.see("5 Sign the image", "ok done")
	m.press("u")
	m.see("removes the signatures of", "l3-students/l3-rhads-demoimage@sha256:", "The transparency log keeps every entry", "7 Verify one identity")
	m.press("y")
	m.see("the sandbox is as it was before; 2 steps are to be done again", ". to do", "4 done")
	m.press("enter")
	m.see("ok done: n goes to step 6", "log index   1")
	m.press("n")
	m.see("step 6/9")
	m.press("n")
	m.see("step 7/9", ". to do")
	m.press("enter")
	m.see("1 signature: 1 ok, 0 failed", "ok done: n goes to step 8")
	m.press("q")
	m.end()
}
