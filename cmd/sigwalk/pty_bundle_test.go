//go:build unix

package main

import (
	"path/filepath"
	"testing"
)

// TestBrowseABundle looks at bundles in files: held against an artifact, against their own word, and against the wrong one.
func TestBrowseABundle(t *testing.T) {
	dir := stateDir(t)
	files := t.TempDir()
	if _, err := bundlesIn(files); err != nil {
		t.Fatal(err)
	}
	at := func(name string) string { return filepath.Join(files, name) }
	browse := func(args ...string) *terminal {
		t.Helper()
		return open(t, setting{dir: dir, cols: 140, rows: 40, command: append([]string{"sigwalk", "--dir", dir, "browse", "--trusted-root", at("root.json")}, args...)})
	}

	m := browse(at("message.json"))
	m.see("1 signature: 1 ok", "Signed by alice@example.com", "no artifact was given", "the key signed exactly this payload")
	m.press("t")
	m.see("a bundle in a file stands alone")
	m.press("5")
	m.see("in a file of its own", "sigwalk verify --bundle", "--artifact FILE")
	m.press("q")
	if code := m.end(); code != 0 {
		t.Errorf("exit code %d", code)
	}

	m = browse(at("statement.json"), "--artifact", at("artifact.txt"))
	m.see("1 signature: 1 ok", "the statement names it")
	m.press("q")
	m.end()

	m = browse(at("message.json"), "--certificate-identity", "bob@example.com", "--certificate-oidc-issuer", "https://idp.example.com")
	m.see("1 signature: 0 ok, 1 failed", "subject = bob@example.com", "x  subject")
	m.press("q")
	m.end()

	m = browse(at("message.json"), "--certificate-identity-regexp", "(", "--certificate-oidc-issuer", "https://idp.example.com")
	m.see("malformed subject in identity")
	if code := m.end(); code != 2 {
		t.Errorf("exit code %d for an expression that is none", code)
	}

	m = browse(at("swapped.json"))
	m.see("1 signature: 0 ok, 1 failed", "x  log-entry")
	m.press("q")
	m.end()

	m = browse(at("message.json"), "--artifact", at("root.json"))
	m.see("1 signature: 0 ok, 1 failed", "x  claims")
	m.press("q")
	m.end()

	m = browse(at("root.json"))
	m.see("cannot be read as a Sigstore bundle", "it is a trust root")
	m.press("q")
	m.end()

	m = browse(at("gone.json"))
	m.see("there is no file ", "check the path")
	if code := m.end(); code != 2 {
		t.Errorf("exit code %d for a file that is not there", code)
	}
}
