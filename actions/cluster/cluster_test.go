package cluster_test

import (
	"encoding/base64"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/client-go/rest"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/cluster"
)

const kubeconfig = `apiVersion: v1
kind: Config
clusters: [{name: one, cluster: {server: "https://one.example:6443"}}, {name: two, cluster: {server: "https://two.example:6443"}}]
users: [{name: maria, user: {token: t}}]
contexts:
- {name: first, context: {cluster: one, user: maria, namespace: student}}
- {name: second, context: {cluster: two, user: maria}}
- {name: third, context: {cluster: one, user: maria, namespace: shared}}
`

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestContexts(t *testing.T) {
	path := write(t, kubeconfig+"current-context: first\n")
	c, err := cluster.Open(cluster.Options{Kubeconfig: path})
	if err != nil {
		t.Fatal(err)
	}
	if c.Context != "first" || c.Server != "https://one.example:6443" || c.Namespace != "student" || c.User != "maria" || strings.Join(c.Namespaces, " ") != "shared student" || c.Source != "kubeconfig "+path {
		t.Errorf("%+v", c)
	}
	if c, err = cluster.Open(cluster.Options{Kubeconfig: path, Context: "second"}); err != nil || c.Server != "https://two.example:6443" || c.Namespace != "default" {
		t.Errorf("%+v, %v", c, err)
	}
	if c, err = cluster.Open(cluster.Options{Kubeconfig: path, Namespace: "mine"}); err != nil || c.Namespace != "mine" {
		t.Errorf("%+v, %v", c, err)
	}
	for name, o := range map[string]cluster.Options{
		"no such context":    {Kubeconfig: path, Context: "fourth"},
		"no current context": {Kubeconfig: write(t, kubeconfig)},
		"no YAML":            {Kubeconfig: write(t, ":\n\t{")},
		"no such file":       {Kubeconfig: filepath.Join(t.TempDir(), "none")},
	} {
		_, err := cluster.Open(o)
		var e *actions.Error
		if !errors.As(err, &e) || e.Next == "" {
			t.Errorf("%s: %v", name, err)
		}
		if strings.Contains(name, "context") && !strings.Contains(e.Next, "first, second, third") {
			t.Errorf("%s: %q does not name them", name, e.Next)
		}
	}
	if !cluster.Known(path) || cluster.Known(filepath.Join(t.TempDir(), "none")) {
		t.Error("Known is wrong")
	}
}

// TestExecPlugin: the kubeconfig's program gives the token, and a failure of it is said to be its own.
func TestExecPlugin(t *testing.T) {
	var sent string
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent = r.Header.Get("Authorization")
		_, _ = w.Write([]byte(`{"kind":"APIGroup"}`))
	}))
	t.Cleanup(server.Close)
	authority := base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	program := filepath.Join(t.TempDir(), "get-token")
	script := "#!/bin/sh\necho '{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1\",\"status\":{\"token\":\"from-the-program\"}}'\n"
	if err := os.WriteFile(program, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	ask := func(command string) (*cluster.Cluster, error) {
		c, err := cluster.Open(cluster.Options{Kubeconfig: write(t, `{apiVersion: v1, kind: Config, clusters: [{name: c, cluster: {server: "`+server.URL+`", certificate-authority-data: `+authority+`}}],
users: [{name: u, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: "`+command+`", interactiveMode: IfAvailable}}}],
contexts: [{name: c, context: {cluster: c, user: u}}], current-context: c}`)})
		if err != nil {
			t.Fatal(err)
		}
		client, err := rest.HTTPClientFor(c.Config)
		if err != nil {
			t.Fatal(err)
		}
		response, err := client.Get(c.Server)
		if err == nil {
			_ = response.Body.Close()
		}
		return c, err
	}
	if _, err := ask(program); err != nil || sent != "Bearer from-the-program" {
		t.Errorf("sent %q, %v", sent, err)
	}
	c, err := ask("/bin/false")
	var e *actions.Error
	if err = c.Explain(t.Context(), err); !errors.As(err, &e) || e.Code != actions.CodeUnauthorized || !strings.Contains(e.What, "/bin/false") {
		t.Errorf("%+v", err)
	}
}
