package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestSecretsStayOffTheScreen walks the lesson on a deployment whose passwords come by the environment, and looks for them
// and for the token in all that was ever drawn, and in what is left on the disk.
func TestSecretsStayOffTheScreen(t *testing.T) {
	w := newSecretWorld(t)
	var env []string
	for name, value := range w.env {
		env = append(env, name+"="+value)
	}
	m := open(t, setting{cols: 140, rows: 40, dir: w.mine, env: env})
	m.see("1 Copy the image", `left out "Preparation"`, "Environment", "QUAY_PASSWORD", "•")
	walk(m)
	m.press("?")
	m.see("Keys")
	m.press("?", "v")
	m.see("Signatures  l3-rhads-demoimage@sha256:")
	m.press("esc")
	m.see("SIGSTORE_ID_TOKEN", "•")
	// What the signature did, drawn and saved, and what the doctor saw.
	m.press("p", "p", "p")
	m.see("5 Sign the image")
	m.press("N")
	m.see("Trace  5 Sign the image", "Get a certificate from Fulcio")
	m.press("E")
	m.see("trace.json")
	m.press("esc")
	m.see("5 Sign the image", "Environment")
	m.press("D")
	m.see("What is wrong with the deployment", "r again")
	m.press("esc")
	m.see("5 Sign the image", "Environment")
	drawn := m.wrote()
	// Who types a secret sees it; it is not kept.
	m.press("$")
	m.see("enter runs the line")
	m.send("cosign login $QUAY -u $QUAY_USER -p MARK_prompt\r")
	m.see("why   user name or password is wrong") // the result, which is there when the line has ended
	m.press("q")
	m.end()
	if !strings.Contains(drawn, w.vars["OIDC_USER"]) {
		t.Error("what was drawn does not even show the user")
	}
	for _, secret := range w.secretsIn([]byte(drawn)) {
		t.Errorf("the terminal was sent %s", secret)
	}
	w.search(w.mine, filepath.Join(w.mine, "docker", "config.json"))
}
