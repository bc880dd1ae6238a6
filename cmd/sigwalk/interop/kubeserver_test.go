//go:build kube

package interop

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// kube is a real kube-apiserver with its etcd, without controllers and without nodes: an API and what it keeps.
type kube struct {
	dir, server string
	client      *http.Client
}

// The accounts of the cluster, each with its token.
const (
	kubeAdmin   = "admin"   // may do everything
	kubeLearner = "learner" // what somebody in the workshop may
	kubeNobody  = "nobody"  // signed in, and nothing more
)

// startKube starts the servers that KUBE_APISERVER and ETCD name.
func startKube(t *testing.T) *kube {
	t.Helper()
	k := &kube{dir: t.TempDir()}
	ports := freePorts(t, 3)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	account := k.write(t, "account.key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	tokens := k.write(t, "tokens.csv", fmt.Appendf(nil, "%s,%s,1,system:masters\n%s,%s,2,learners\n%s,%s,3,\n",
		token(kubeAdmin), kubeAdmin, token(kubeLearner), kubeLearner, token(kubeNobody), kubeNobody))

	etcd, peers := fmt.Sprintf("http://127.0.0.1:%d", ports[0]), fmt.Sprintf("http://127.0.0.1:%d", ports[1])
	k.run(t, "ETCD", "--name", "kube", "--data-dir", filepath.Join(k.dir, "etcd"),
		"--listen-client-urls", etcd, "--advertise-client-urls", etcd,
		"--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers, "--initial-cluster", "kube="+peers,
		"--unsafe-no-fsync", "--log-level", "warn")
	k.server = fmt.Sprintf("https://127.0.0.1:%d", ports[2])
	over, said := k.run(t, "KUBE_APISERVER", "--etcd-servers", etcd, "--bind-address", "127.0.0.1", "--advertise-address", "127.0.0.1",
		"--secure-port", fmt.Sprint(ports[2]), "--cert-dir", k.dir, "--token-auth-file", tokens, "--authorization-mode", "RBAC",
		"--service-cluster-ip-range", "10.0.0.0/24", "--endpoint-reconciler-type", "none",
		"--service-account-issuer", k.server, "--service-account-key-file", account, "--service-account-signing-key-file", account,
		// There is no controller that would make the account which it wants in every namespace.
		"--disable-admission-plugins", "ServiceAccount", "--profiling=false")
	deadline := time.Now().Add(3 * time.Minute)
	for !k.ready() {
		select {
		case <-over:
			t.Fatalf("kube-apiserver did not start:\n%s", said)
		case <-time.After(100 * time.Millisecond): // it says nothing of being ready but by answering
		}
		if time.Now().After(deadline) {
			t.Fatalf("kube-apiserver does not get ready:\n%s", said)
		}
	}
	return k
}

func token(account string) string { return "a-token-of-" + account }

func freePorts(t *testing.T, n int) []int {
	t.Helper()
	var ports []int
	var held []net.Listener // until all are known, so that they differ
	for range n {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, listener)
		ports = append(ports, listener.Addr().(*net.TCPAddr).Port)
	}
	for _, listener := range held {
		_ = listener.Close()
	}
	return ports
}

func (k *kube) write(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(k.dir, name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// run starts a server that ends with the test.
func (k *kube) run(t *testing.T, variable string, arguments ...string) (over chan struct{}, said *buffer) {
	t.Helper()
	path, err := program(variable)
	if err != nil {
		t.Fatal(err)
	}
	said, over = &buffer{}, make(chan struct{})
	cmd := exec.Command(path, arguments...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = k.dir, said, said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { _ = cmd.Wait(); close(over) }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-over:
		case <-time.After(limit):
			_ = cmd.Process.Kill()
			<-over
		}
	})
	return over, said
}

// ready reports whether the API answers; its certificate is there before that.
func (k *kube) ready() bool {
	certificate, err := os.ReadFile(filepath.Join(k.dir, "apiserver.crt"))
	pool := x509.NewCertPool()
	if err != nil || !pool.AppendCertsFromPEM(certificate) {
		return false
	}
	k.client = &http.Client{Timeout: limit, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}}
	status, body, err := k.call(http.MethodGet, "/readyz", "", nil)
	return err == nil && status == http.StatusOK && string(body) == "ok"
}

func (k *kube) call(method, path, kind string, body []byte) (int, []byte, error) {
	request, err := http.NewRequest(method, k.server+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	request.Header.Set("Authorization", "Bearer "+token(kubeAdmin))
	request.Header.Set("Accept", "application/json")
	if kind != "" {
		request.Header.Set("Content-Type", kind)
	}
	response, err := k.client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	return response.StatusCode, answer, err
}

// object is one of Kubernetes, as JSON has it.
type object = map[string]any

// apply makes or changes what lies at path (server-side apply), and with a status that, too, as an operator does.
func (k *kube) apply(t *testing.T, path string, o object) {
	t.Helper()
	status := o["status"]
	whole := object{}
	for name, value := range o {
		if name != "status" {
			whole[name] = value
		}
	}
	send := func(path string, content object) {
		body, err := json.Marshal(content)
		if err != nil {
			t.Fatal(err)
		}
		code, answer, err := k.call(http.MethodPatch, path+"?fieldManager=test&force=true", "application/apply-patch+yaml", body)
		if err != nil || code/100 != 2 {
			t.Fatalf("%s: %d %v\n%s", path, code, err, answer)
		}
	}
	send(path, whole)
	if status != nil {
		metadata := o["metadata"].(object)
		only := object{"name": metadata["name"]}
		if metadata["namespace"] != nil {
			only["namespace"] = metadata["namespace"]
		}
		send(path+"/status", object{"apiVersion": o["apiVersion"], "kind": o["kind"], "metadata": only, "status": status})
	}
}

// read gets what lies at path.
func (k *kube) read(t *testing.T, path string) object {
	t.Helper()
	code, answer, err := k.call(http.MethodGet, path, "", nil)
	o := object{}
	if err != nil || code != http.StatusOK || json.Unmarshal(answer, &o) != nil {
		t.Fatalf("%s: %d %v\n%s", path, code, err, answer)
	}
	return o
}

// served waits until the API serves what a definition has made.
func (k *kube) served(t *testing.T, path string) {
	t.Helper()
	for deadline := time.Now().Add(limit); ; time.Sleep(50 * time.Millisecond) { // it tells nobody when it does
		if code, _, err := k.call(http.MethodGet, path, "", nil); err == nil && code == http.StatusOK {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s is not served", path)
		}
	}
}

// kubeconfig writes that of an account, and returns its file.
func (k *kube) kubeconfig(t *testing.T, account, token string) string {
	t.Helper()
	return k.write(t, account+".kubeconfig", fmt.Appendf(nil, `apiVersion: v1
kind: Config
clusters: [{name: workshop, cluster: {server: %q, certificate-authority: %q}}]
users: [{name: %s, user: {token: %q}}]
contexts: [{name: workshop, context: {cluster: workshop, user: %s, namespace: %s}}]
current-context: workshop
`, k.server, filepath.Join(k.dir, "apiserver.crt"), account, token, account, learnersNamespace))
}
