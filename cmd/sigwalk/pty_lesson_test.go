//go:build unix

package main

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// TestLessonByKeys walks the whole lesson with nothing but keys, on terminals of both kinds, and reads the table from the
// screen.
func TestLessonByKeys(t *testing.T) {
	for _, answers := range []bool{true, false} {
		t.Run(fmt.Sprintf("answers=%v", answers), func(t *testing.T) {
			t.Parallel()
			m := open(t, setting{answers: answers})
			m.see("1 Copy the image", ". to do", "enter runs the command")
			walk(m)

			m.press("v")
			m.see("Signatures  l3-rhads-demoimage@sha256:", "1 signature: 1 ok, 0 failed")
			table := regexp.MustCompile(`(?m)logIndex +Subject +Issuer +UTC +Verdict *\n› +(\d+) +(\S+) +…(\S+) +\S+ \S+ +ok`)
			row := table.FindStringSubmatch(m.text())
			issuer := "trusted-artifact-signer"
			if len(row) != 4 || row[1] != "0" || row[2] != "pipeline-auth@demo.redhat.com" || !strings.HasSuffix(issuer, row[3]) {
				t.Errorf("the table reads %q of\n%s", row, m.text())
			}
			m.press("esc")
			m.see("8 See everybody in a table")
			m.press("n", "enter")
			m.see("9 done", "exit  12, as this step wants it", "every step is done")

			traced(m)

			pid := m.sandbox()
			m.press("q")
			if code := m.end(); code != 0 {
				t.Errorf("exit code %d", code)
			}
			gone(t, pid)
		})
	}
}

// traced looks at what the signature did, stage by stage, and saves it.
func traced(m *terminal) {
	m.t.Helper()
	m.press("p", "p", "p", "p")
	m.see("5 Sign the image")
	m.press("N")
	m.see("Trace  5 Sign the image", "certificate from Fulcio", "its network calls", "/manifests/latest")
	m.press("down", "down", "down", "enter")
	m.see("what it made", "subjectAlternativeName", "pipeline-auth@demo.redhat.com", "extension issuer")
	m.press("E")
	m.see("the trace is in ", "trace.json")
	m.press("esc")
	m.see("Find the digest of the image")
	m.press("esc")
	m.see("5 Sign the image", "9 done")
	m.press("B") // there is no browser here: the address stands alone
	m.see("/repository/l3-students/l3-rhads-demoimage?tab=tags")
	m.press("enter")
	m.see("5 Sign the image", "9 done")
}

// walk does the steps of the lesson up to the table.
func walk(m *terminal) {
	m.t.Helper()
	for i, step := range []struct{ title, result string }{
		{"1 Copy the image", "copied; the digest is the same at both ends"},
		{"2 Fetch the trust root", "the root was pinned"},
		{"3 Log in to the registry", "logged in; the registry has checked the credentials"},
		{"4 Get an identity token", "SIGSTORE_ID_TOKEN is set and exported"},
		{"5 Sign the image", "signed by pipeline-auth@demo.redhat.com"},
		{"6 Look at the tree", "index 0  pipeline-auth@demo.redhat.com"},
		{"7 Verify one identity", "1 signature: 1 ok, 0 failed"},
		{"8 See everybody in a table", "1 signature: 1 ok, 0 failed"},
	} {
		if i > 0 {
			m.press("n")
		}
		m.see(step.title)
		m.press("enter")
		if strings.Contains(step.title, "Sign the image") {
			m.see("Question", "cannot be removed later")
			m.press("y")
		}
		m.see(step.title, step.result, "ok done: n goes to step", fmt.Sprintf("%d done", i+1))
	}
}
