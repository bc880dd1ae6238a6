//go:build keycloak

package interop

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	realm     = "trusted-artifact-signer" // and the client in it
	adminName = "admin"
	adminPass = "an administrator's password"
)

// keycloak is a real Keycloak on this machine, with nothing in it but a realm and a client.
type keycloak struct {
	server, issuer, client string
}

// startKeycloak starts the distribution that KEYCLOAK names, with everything it keeps in memory.
func startKeycloak(t *testing.T) *keycloak {
	t.Helper()
	home := os.Getenv("KEYCLOAK")
	start := filepath.Join(home, "bin", "kc.sh")
	if _, err := os.Stat(start); home == "" || err != nil {
		t.Fatalf("KEYCLOAK must name Keycloak's distribution; run this with `make interop-keycloak`, which fetches it: %v", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	_ = listener.Close()

	said := &buffer{}
	cmd := exec.Command(start, "start-dev", "--db=dev-mem", "--http-host", "127.0.0.1", "--http-port", strconv.Itoa(port))
	cmd.Env = append(os.Environ(), "KC_BOOTSTRAP_ADMIN_USERNAME="+adminName, "KC_BOOTSTRAP_ADMIN_PASSWORD="+adminPass, "JAVA_OPTS_KC_HEAP=-Xmx512m")
	cmd.Stdout, cmd.Stderr = said, said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // the script's Java ends with it
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	over := make(chan struct{})
	go func() { _ = cmd.Wait(); close(over) }()
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
		select {
		case <-over:
		case <-time.After(limit):
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
			<-over
		}
	})
	k := &keycloak{server: "http://127.0.0.1:" + strconv.Itoa(port)}
	k.issuer = k.server + "/realms/" + realm
	// Starting takes half a minute on two quiet cores.
	deadline := time.Now().Add(4 * time.Minute)
	for k.status("/realms/master/.well-known/openid-configuration") != http.StatusOK {
		select {
		case <-over:
			t.Fatalf("Keycloak did not start:\n%s", said)
		case <-time.After(500 * time.Millisecond): // it says nothing of being ready but by answering
		}
		if time.Now().After(deadline) {
			t.Fatalf("Keycloak does not get ready:\n%s", said)
		}
	}
	k.makeRealm(t)
	return k
}

func (k *keycloak) status(path string) int {
	response, err := http.Get(k.server + path)
	if err != nil {
		return 0
	}
	_ = response.Body.Close()
	return response.StatusCode
}

// makeRealm makes what whoever installs Trusted Artifact Signer makes: a realm and a public client. No user and no group.
func (k *keycloak) makeRealm(t *testing.T) {
	t.Helper()
	k.ask(t, http.MethodPost, "/admin/realms", map[string]any{"realm": realm, "enabled": true}, nil)
	k.ask(t, http.MethodPost, "/admin/realms/"+realm+"/clients", map[string]any{
		"clientId": realm, "publicClient": true, "directAccessGrantsEnabled": true,
		"redirectUris": []string{"http://localhost:*", "http://127.0.0.1:*", "urn:ietf:wg:oauth:2.0:oob"},
		"attributes":   map[string]string{"oauth2.device.authorization.grant.enabled": "true"},
	}, nil)
	var clients []struct{ ID string }
	k.ask(t, http.MethodGet, "/admin/realms/"+realm+"/clients?clientId="+realm, nil, &clients)
	if len(clients) != 1 {
		t.Fatalf("%d clients", len(clients))
	}
	k.client = clients[0].ID
}

// ask calls the admin API.
func (k *keycloak) ask(t *testing.T, method, path string, body, into any) {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), method, k.server+path, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	// A token of the administrator lives for a minute.
	request.Header.Set("Authorization", "Bearer "+k.grant(t, "master", url.Values{
		"grant_type": {"password"}, "client_id": {"admin-cli"}, "username": {adminName}, "password": {adminPass},
	})["access_token"])
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode/100 != 2 {
		t.Fatalf("%s %s: %s %v\n%s", method, path, response.Status, err, answer)
	}
	if into != nil {
		if err := json.Unmarshal(answer, into); err != nil {
			t.Fatal(err)
		}
	}
}

// grant asks a realm for tokens.
func (k *keycloak) grant(t *testing.T, of string, form url.Values) map[string]string {
	t.Helper()
	response, err := http.PostForm(k.server+"/realms/"+of+"/protocol/openid-connect/token", form)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("no token: %s %v\n%s", response.Status, err, text)
	}
	var answer map[string]any
	if err := json.Unmarshal(text, &answer); err != nil {
		t.Fatal(err)
	}
	tokens := map[string]string{}
	for name, value := range answer {
		if s, ok := value.(string); ok && strings.HasSuffix(name, "_token") {
			tokens[name] = s
		}
	}
	return tokens
}
