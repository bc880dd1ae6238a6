package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// kubeconfig is a login to a cluster that does not answer, by a token and by a password.
const kubeconfig = `apiVersion: v1
kind: Config
current-context: here
contexts: [{name: here, context: {cluster: here, user: me}}, {name: there, context: {cluster: here, user: you}}]
clusters: [{name: here, cluster: {server: "http://127.0.0.1:1"}}]
users: [{name: me, user: {token: MARK_bearer}}, {name: you, user: {username: x, password: MARK_kube}}]
`

// planted is a token that somebody gives as an argument by mistake.
const planted = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzb21lYm9keSJ9.c2lnbmF0dXJl"

// TestSecretsOfEveryCommand plants secrets in the commands around a signature: who may make users and organisations, logins to a
// cluster, keys and their passwords, pipelines, and looks into what they print, report, trace and keep.
func TestSecretsOfEveryCommand(t *testing.T) {
	w := newSecretWorld(t)
	processes := watchProcesses(t)
	here := t.TempDir() // what the commands are asked to write
	in := func(name string) string { return filepath.Join(here, name) }
	w.run("", "run", "--yes", "sign-an-image")
	for name, value := range map[string]string{
		"KEYCLOAK_ADMIN_USER": "boss", "KEYCLOAK_ADMIN_PASSWORD": "MARK_admin", "DEX_API_TOKEN": "MARK_dex", "QUAY_TOKEN": "MARK_quay", "COSIGN_PASSWORD": "MARK_key",
		"KUBECONFIG": in("kubeconfig"), "GITHUB_TOKEN": "MARK_github", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "MARK_actions",
		"ACTIONS_ID_TOKEN_REQUEST_URL": "http://127.0.0.1:1/?api-version=2",
	} {
		w.env[name] = value
	}
	if err := os.WriteFile(in("kubeconfig"), []byte(kubeconfig), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(in("ci.yml"), []byte("on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: cosign login quay.example.com -u me -p MARK_pipeline\n      - run: cosign sign --identity-token MARK_written $IMAGE\n        env: {COSIGN_PASSWORD: MARK_beside}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	image := w.vars["IMAGE"]
	for _, args := range [][]string{
		{"technical-user"},
		{"technical-user", "--oidc-issuer", "http://127.0.0.1:1/realms/x"},
		{"audience-mapper", "--dry-run"},
		{"audience-mapper", "--oidc-issuer", "http://127.0.0.1:1/realms/x"},
		{"organization", "made"},
		{"page", "--print"},
		{"recover", "--dry-run", image},
		{"recover", "--yes", "-o", "json", image},
		{"env", "discover", "--kubeconfig", in("kubeconfig")},
		{"env", "discover", "--kubeconfig", in("kubeconfig"), "--context", "there", "-o", "json"},
		{"env", "--shell", "fish"},
		{"doctor", "--report", in("report.md")},
		{"doctor", "--sign", "--report", in("signed.md")},
		{"doctor", "--user", "nobody", "-o", "json"},
		{"token", planted},
		{"token", "-"},
		{"ci", "github"},
		{"ci", "gitlab"},
		{"ci", "lint", in("ci.yml")},
		{"ci", "lint", "-o", "json", in("ci.yml")},
		{"exec", "--trace", in("sign.json"), "--", "source ./get-access-token.sh; cosign sign --yes $IMAGE; cosign login $QUAY -u $QUAY_USER -p $QUAY_PASSWORD"},
		{"exec", "--trace", in("failed.json"), "--", "cosign sign --yes --oidc-provider github-actions $IMAGE"},
		{"exec", "--trace", in("users.json"), "--", "source ./setup-keycloak-users.sh; sigwalk technical-user; sigwalk organization made; sigwalk tags $IMAGE; sigwalk recover --yes $IMAGE"},
		{"exec", "--trace", in("keys.json"), "--", "cosign generate-key-pair; cosign sign --yes --key cosign.key $IMAGE"},
		{"pack", image, in("image.pack")},
	} {
		w.run("MARK_stdin", args...)
	}
	// What is typed at the prompt of a lesson is kept, without its secrets; an output that holds one is, too.
	w.run("", "workshop", "list")
	text := w.output("$ cosign login $QUAY -u $QUAY_USER -p MARK_prompt\n$ MY_PASSWORD=MARK_assigned; echo $MY_PASSWORD\ntrace\ntrace save\nE\nq\n", "--dir", w.mine, "--plain")
	if !strings.Contains(string(text), "The trace is in") || !strings.Contains(string(text), "What was run is in") {
		t.Errorf("the lesson kept neither trace nor transcript:\n%s", text)
	}
	for _, args := range [][]string{{"transcript"}, {"transcript", "-o", "json"}} {
		w.run("", args...)
	}

	login := filepath.Join(w.mine, "docker", "config.json")
	for _, secret := range w.secretsIn([]byte(processes())) {
		if !strings.HasPrefix(secret, "a token: ") { // the one that was given by mistake
			t.Errorf("a command line shows %s", secret)
		}
	}
	w.search(w.mine, login)
	for _, name := range []string{"kubeconfig", "ci.yml"} {
		if err := os.Remove(in(name)); err != nil {
			t.Fatal(err)
		}
	}
	w.search(here, "")
	own := filepath.Join(w.theirs, "sandbox", "sandbox.json")
	w.search(w.theirs, own)
	for _, dir := range []string{w.mine, w.theirs} {
		wantKeptToOneself(t, dir)
	}
}

// wantKeptToOneself wants what holds passwords and private keys below dir to be readable for nobody else.
func wantKeptToOneself(t *testing.T, dir string) {
	t.Helper()
	kept := 0
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		text, name := string(read(t, path)), entry.Name()
		if !strings.Contains(text, "PRIVATE KEY") && name != "config.json" && name != "sandbox.json" {
			return nil
		}
		kept++
		info, err := entry.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s can be read by others: %s", path, info.Mode())
		}
		return err
	})
	if err != nil || kept == 0 {
		t.Errorf("%d files below %s hold secrets: %v", kept, dir, err)
	}
}
