//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestAskedWhereOnce: who has a kubeconfig is asked where to work at the first start, and not again; the title says where.
func TestAskedWhereOnce(t *testing.T) {
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	text := `{apiVersion: v1, kind: Config, current-context: c, clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}],
users: [{name: u, user: {token: t}}], contexts: [{name: c, context: {cluster: c, user: u}}]}`
	if err := os.WriteFile(kubeconfig, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	env := []string{"KUBECONFIG=" + kubeconfig}
	dir := stateDir(t)

	// A cluster that does not answer is no place, and nothing is remembered.
	m := open(t, setting{dir: dir, env: env})
	m.see("Where do you want to work?", "https://127.0.0.1:1")
	m.send("moon\r")
	m.see("That is none of them.")
	m.send("cl\r")
	m.until("it says that nothing answers", func() bool { return strings.Contains(m.wrote(), "cannot be reached") })
	if code := m.end(); code != 1 {
		t.Errorf("exit code %d", code)
	}

	m = open(t, setting{dir: dir, env: env})
	m.see("Where do you want to work?")
	m.send("\r")
	m.see("[sandbox]", "1 Copy the image")
	m.press("q")
	m.end()
	m = open(t, setting{dir: dir, env: env})
	m.see("[sandbox]", "1 Copy the image")
	if strings.Contains(m.wrote(), "Where do you want to work?") {
		t.Error("it asks again")
	}
	m.press("q")
	m.end()
}
