package keys_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	k8serrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/keys"
)

// apiServer speaks as much of the Kubernetes API as Secrets need, with the statuses of the real one; the interop tests
// talk to the real one.
type apiServer struct {
	mu      sync.Mutex
	secrets map[string]corev1.Secret
	verbs   []string
}

func (a *apiServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	resource := schema.GroupResource{Resource: "secrets"}
	refuse := func(err *k8serrors.StatusError) {
		err.ErrStatus.TypeMeta = metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(int(err.ErrStatus.Code))
		_ = json.NewEncoder(w).Encode(err.ErrStatus)
	}
	var namespace, name string
	path := strings.Split(strings.TrimPrefix(r.URL.Path, "/api/v1/namespaces/"), "/")
	namespace = path[0]
	if len(path) > 2 {
		name = path[2]
	}
	a.verbs = append(a.verbs, r.Method)
	answer := func(code int, s *corev1.Secret) {
		s.TypeMeta = metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		_ = json.NewEncoder(w).Encode(s)
	}
	switch {
	case r.Header.Get("Authorization") != "Bearer student":
		refuse(k8serrors.NewUnauthorized("Unauthorized"))
	case namespace == "closed":
		refuse(k8serrors.NewForbidden(resource, name, fmt.Errorf(`User "student" cannot get resource "secrets" in API group "" in the namespace "closed"`)))
	case r.Method == http.MethodGet:
		s, ok := a.secrets[namespace+"/"+name]
		if !ok {
			refuse(k8serrors.NewNotFound(resource, name))
			return
		}
		answer(http.StatusOK, &s)
	case namespace == "nowhere":
		refuse(k8serrors.NewNotFound(schema.GroupResource{Resource: "namespaces"}, namespace))
	default:
		var s corev1.Secret
		if err := json.NewDecoder(r.Body).Decode(&s); err != nil {
			refuse(k8serrors.NewBadRequest(err.Error()))
			return
		}
		a.secrets[namespace+"/"+s.Name] = s
		answer(http.StatusCreated, &s)
	}
}

// newCluster returns a server and the kubeconfig of a user of it.
func newCluster(t *testing.T, token string) (*apiServer, string) {
	t.Helper()
	api := &apiServer{secrets: map[string]corev1.Secret{}}
	server := httptest.NewTLSServer(api) // without TLS kubectl, too, sends no token
	t.Cleanup(server.Close)
	path := filepath.Join(t.TempDir(), "kubeconfig")
	authority := base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	text := `apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "` + server.URL + `", certificate-authority-data: ` + authority + `}}]
users: [{name: u, user: {token: ` + token + `}}]
contexts: [{name: c, context: {cluster: c, user: u}}]
current-context: c
`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return api, path
}

func TestKeyPairInACluster(t *testing.T) {
	api, kubeconfig := newCluster(t, "student")
	p := &person{}
	c := keys.New(keys.Options{Observer: p, Password: known("pw"), Kubeconfig: kubeconfig})
	dir := t.TempDir()
	files, err := c.GenerateInCluster(t.Context(), directory(dir), "k8s://student/cosign")
	if err != nil {
		t.Fatal(err)
	}
	if files.Private != "" || files.Public != "cosign.pub" {
		t.Errorf("%+v", files)
	}
	secret := api.secrets["student/cosign"]
	if secret.Immutable == nil || !*secret.Immutable || len(secret.Data) != 3 || string(secret.Data["cosign.password"]) != "pw" {
		t.Errorf("%+v", secret)
	}
	public, err := os.ReadFile(filepath.Join(dir, "cosign.pub"))
	if err != nil || !bytes.Equal(public, secret.Data["cosign.pub"]) {
		t.Errorf("cosign.pub: %v", err)
	}

	key, err := c.Signer(t.Context(), "k8s://student/cosign")
	if err != nil || !bytes.Equal(key.PublicPEM, public) {
		t.Errorf("%v", err)
	}
	if len(p.notes) != 0 {
		t.Errorf("noted %v", p.notes)
	}
	if _, err := c.PublicKey(t.Context(), "k8s://student/cosign"); err != nil {
		t.Error(err)
	}
	if len(p.notes) != 1 || !strings.Contains(p.notes[0], "may read the private key") {
		t.Errorf("verifying through the Secret goes without a word: %v", p.notes)
	}
	if len(p.asked) != 0 { // the Secret has the password
		t.Errorf("asked %+v", p.asked)
	}

	_, err = c.GenerateInCluster(t.Context(), directory(t.TempDir()), "k8s://student/cosign")
	assertError(t, err, actions.CodeKeyInTheWay, "immutable")
	if !bytes.Equal(api.secrets["student/cosign"].Data["cosign.pub"], public) {
		t.Error("the key was replaced")
	}
	// A file in the way is found before the Secret is made.
	_, err = c.GenerateInCluster(t.Context(), directory(dir), "k8s://student/another")
	assertError(t, err, actions.CodeKeyInTheWay, "")
	if _, made := api.secrets["student/another"]; made {
		t.Error("a Secret was made whose public key nobody has")
	}
}

func TestClustersThatRefuse(t *testing.T) {
	_, kubeconfig := newCluster(t, "student")
	_, stranger := newCluster(t, "stranger")
	gone := filepath.Join(t.TempDir(), "kubeconfig")
	text, err := os.ReadFile(kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	exec := filepath.Join(t.TempDir(), "kubeconfig")
	for path, change := range map[string][2]string{
		gone: {"https://127.0.0.1:", "https://127.0.0.1:1#"},
		exec: {"token: student", "exec: {apiVersion: client.authentication.k8s.io/v1, command: get-token, interactiveMode: Never}"},
	} {
		if err := os.WriteFile(path, []byte(strings.Replace(string(text), change[0], change[1], 1)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		kubeconfig, reference string
		code                  actions.Code
		why                   string
	}{
		"no right":       {kubeconfig, "k8s://closed/cosign", actions.CodeForbidden, "cannot get resource"},
		"no Secret":      {kubeconfig, "k8s://student/missing", actions.CodeKeyUnreadable, "not found"},
		"not logged in":  {stranger, "k8s://student/cosign", actions.CodeUnauthorized, "Unauthorized"},
		"no name":        {kubeconfig, "k8s://student", actions.CodeUsage, "k8s://student"},
		"too many names": {kubeconfig, "k8s://a/b/c", actions.CodeUsage, ""},
		"nobody there":   {gone, "k8s://student/cosign", actions.CodeUnreachable, "refused"},
		"a program":      {exec, "k8s://student/cosign", actions.CodeUnauthorized, "get-token"},
		"no kubeconfig":  {filepath.Join(t.TempDir(), "none"), "k8s://student/cosign", actions.CodeUsage, ""},
	} {
		t.Run(name, func(t *testing.T) {
			client := keys.New(keys.Options{Password: known(""), Kubeconfig: c.kubeconfig})
			_, err := client.Signer(t.Context(), c.reference)
			assertError(t, err, c.code, c.why)
			_, err = client.PublicKey(t.Context(), c.reference)
			assertError(t, err, c.code, c.why)
		})
	}
	_, err = keys.New(keys.Options{Password: known(""), Kubeconfig: kubeconfig}).
		GenerateInCluster(t.Context(), directory(t.TempDir()), "k8s://nowhere/cosign")
	assertError(t, err, actions.CodeKeyUnreadable, "namespaces \"nowhere\" not found")
}
