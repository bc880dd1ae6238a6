package ambient_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/spiffe/go-spiffe/v2/proto/spiffe/workload"
	"google.golang.org/grpc"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/identity/ambient"
)

// The CI systems and clouds cannot run here; these speak their protocols.

const (
	key = "what-a-job-asks-with"
	jwt = "the.token.itself"
)

// place is where a test runs: its variables, and a machine that offers nothing.
type place map[string]string

func (p place) options(t *testing.T) ambient.Options {
	t.Helper()
	dir := t.TempDir() // empty
	return ambient.Options{
		Getenv:  func(name string) string { return p[name] },
		Machine: &ambient.Machine{Token: filepath.Join(dir, "token"), Socket: filepath.Join(dir, "socket"), Product: filepath.Join(dir, "product")},
	}
}

func get(t *testing.T, o ambient.Options, only string) (string, string, error) {
	t.Helper()
	token, from, err := ambient.Token(t.Context(), o, only)
	if err != nil {
		var e *actions.Error
		if !errors.As(err, &e) || e.What == "" || e.Next == "" {
			t.Errorf("%v does not say what to do", err)
		} else if text := e.Error() + e.Next; strings.Contains(text, key) || strings.Contains(text, jwt) {
			t.Errorf("it tells a secret: %s", text)
		}
	}
	return token.Reveal(), from, err
}

// gitHub answers as GitHub does, once asked in the right way; before that with each of the statuses.
func gitHub(t *testing.T, before ...int) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(before) > 0 {
			w.WriteHeader(before[0])
			before = before[1:]
			return
		}
		if r.Method != http.MethodGet || r.Header.Get("Authorization") != "bearer "+key || r.URL.Query().Get("audience") != "sigstore" ||
			r.URL.Query().Get("api-version") != "2.0" {
			http.Error(w, "no", http.StatusForbidden)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"count": len(jwt), "value": jwt})
	}))
	t.Cleanup(server.Close)
	return server.URL + "/idtoken?api-version=2.0"
}

func TestGitHub(t *testing.T) {
	url := gitHub(t)
	token, from, err := get(t, place{"ACTIONS_ID_TOKEN_REQUEST_URL": url, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": key}.options(t), "")
	if err != nil || token != jwt || from != ambient.GitHub {
		t.Errorf("%q from %q: %v", token, from, err)
	}
	// It is asked again where it has a bad moment, and not where it refuses.
	token, _, err = get(t, place{"ACTIONS_ID_TOKEN_REQUEST_URL": gitHub(t, 503), "ACTIONS_ID_TOKEN_REQUEST_TOKEN": key}.options(t), "")
	if err != nil || token != jwt {
		t.Errorf("%q: %v", token, err)
	}
	_, _, err = get(t, place{"ACTIONS_ID_TOKEN_REQUEST_URL": gitHub(t, 403), "ACTIONS_ID_TOKEN_REQUEST_TOKEN": key}.options(t), "")
	if actions.CodeOf(err) != actions.CodeNoToken || !strings.Contains(err.Error(), "403") {
		t.Errorf("%v", err)
	}
	// Without the permission, GitHub sets neither variable.
	if token, from, err := get(t, place{"ACTIONS_ID_TOKEN_REQUEST_URL": url}.options(t), ""); token != "" || from != "" || err != nil {
		t.Errorf("%q from %q: %v", token, from, err)
	}
	_, _, err = get(t, place{"ACTIONS_ID_TOKEN_REQUEST_URL": "http://127.0.0.1:1/?x=" + key, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": key}.options(t), "")
	if actions.CodeOf(err) != actions.CodeUnreachable {
		t.Errorf("%v", err)
	}
}

func TestBuildkite(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var asked struct {
			Audience string `json:"audience"`
		}
		if json.NewDecoder(r.Body).Decode(&asked) != nil || asked.Audience != "sigstore" || r.Method != http.MethodPost ||
			r.URL.Path != "/v3/jobs/7/oidc/tokens" || r.Header.Get("Authorization") != "Token "+key {
			http.Error(w, "no", http.StatusUnauthorized)
			return
		}
		_, _ = io.WriteString(w, `{"token":"`+jwt+`"}`)
	}))
	t.Cleanup(server.Close)
	token, from, err := get(t, place{
		"BUILDKITE_AGENT_ACCESS_TOKEN": key, "BUILDKITE_AGENT_ENDPOINT": server.URL + "/v3", "BUILDKITE_JOB_ID": "7",
	}.options(t), "")
	if err != nil || token != jwt || from != ambient.Buildkite {
		t.Errorf("%q from %q: %v", token, from, err)
	}
}

func TestFileAndVariable(t *testing.T) {
	o := place{}.options(t)
	if token, from, err := get(t, o, ""); token != "" || from != "" || err != nil {
		t.Errorf("where nothing is: %q from %q: %v", token, from, err)
	}
	if err := os.WriteFile(o.Machine.Token, []byte(jwt+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if token, from, err := get(t, o, ""); token != jwt || from != ambient.Filesystem || err != nil {
		t.Errorf("%q from %q: %v", token, from, err)
	}
	// The variable goes before the file, and before GitHub: whoever sets it means it.
	of := place{"SIGSTORE_ID_TOKEN": " a.b.c\n", "ACTIONS_ID_TOKEN_REQUEST_URL": gitHub(t), "ACTIONS_ID_TOKEN_REQUEST_TOKEN": key}
	o.Getenv = func(name string) string { return of[name] }
	if token, from, err := get(t, o, ""); token != "a.b.c" || from != ambient.Variable || err != nil {
		t.Errorf("%q from %q: %v", token, from, err)
	}
	if token, _, err := get(t, o, ambient.GitHub); token != jwt || err != nil {
		t.Errorf("asked for GitHub: %q: %v", token, err)
	}
	if _, _, err := get(t, o, "travis"); actions.CodeOf(err) != actions.CodeUsage {
		t.Errorf("%v", err)
	}
	// Where the machine is none of the line's business, it is not looked at, also when it is asked for.
	o = place{}.options(t)
	o.Machine = nil
	for _, name := range []string{ambient.Filesystem, ambient.Google, ambient.SPIFFE} {
		if _, _, err := get(t, o, name); actions.CodeOf(err) != actions.CodeNoToken || !strings.Contains(err.Error(), "sees nothing of the machine") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if token, from, err := get(t, o, ""); token != "" || from != "" || err != nil {
		t.Errorf("%q from %q: %v", token, from, err)
	}
}

// agent is a SPIFFE workload API.
type agent struct {
	workload.UnimplementedSpiffeWorkloadAPIServer
	sign func(audience []string) (string, error)
}

func (a agent) FetchJWTSVID(_ context.Context, r *workload.JWTSVIDRequest) (*workload.JWTSVIDResponse, error) {
	token, err := a.sign(r.GetAudience())
	return &workload.JWTSVIDResponse{Svids: []*workload.JWTSVID{{SpiffeId: "spiffe://example.org/job", Svid: token}}}, err
}

func TestSPIFFE(t *testing.T) {
	dir, err := os.MkdirTemp("", "spiffe") // the path of a socket must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	path := filepath.Join(dir, "api.sock")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	var made string
	workload.RegisterSpiffeWorkloadAPIServer(server, agent{sign: func(audience []string) (string, error) {
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: newKey(t)}, nil)
		if err != nil {
			return "", err
		}
		payload, err := json.Marshal(map[string]any{"sub": "spiffe://example.org/job", "aud": audience, "exp": time.Now().Add(time.Minute).Unix()})
		if err != nil {
			return "", err
		}
		signed, err := signer.Sign(payload)
		if err != nil {
			return "", err
		}
		made, err = signed.CompactSerialize()
		return made, err
	}})
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)

	o := place{}.options(t)
	o.Machine.Socket = path
	if token, from, err := get(t, o, ""); err != nil || from != ambient.SPIFFE || token != made {
		t.Errorf("%q from %q: %v", token, from, err)
	}
	o = place{"SPIFFE_ENDPOINT_SOCKET": "unix://" + path}.options(t)
	o.Machine = nil
	if token, from, err := get(t, o, ""); err != nil || from != ambient.SPIFFE || token != made {
		t.Errorf("%q from %q: %v", token, from, err)
	}
}

func TestGoogle(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Metadata-Flavor", "Google")
		if r.URL.Path == "/computeMetadata/v1/instance/service-accounts/default/identity" {
			_, _ = io.WriteString(w, googleToken(t, r.URL.Query().Get("audience")))
		}
	}))
	t.Cleanup(server.Close)
	t.Setenv("GCE_METADATA_HOST", strings.TrimPrefix(server.URL, "http://"))
	t.Setenv("HOME", t.TempDir()) // no credentials of the person
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", "")
	o := place{}.options(t)
	if _, from, err := get(t, o, ""); from != "" || err != nil {
		t.Errorf("elsewhere: from %q: %v", from, err)
	}
	if err := os.WriteFile(o.Machine.Product, []byte("Google Compute Engine\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	token, from, err := get(t, o, "")
	if err != nil || from != ambient.Google || token != googleToken(t, "sigstore") {
		t.Errorf("%q from %q: %v", token, from, err)
	}
}

// googleToken is a token for an audience that nobody signed.
func googleToken(t *testing.T, audience string) string {
	t.Helper()
	payload, err := json.Marshal(map[string]any{"aud": audience, "exp": 4102444800})
	if err != nil {
		t.Error(err)
	}
	return "eyJhbGciOiJSUzI1NiJ9." + encode(payload) + ".c2ln"
}

func TestCancelled(t *testing.T) {
	asked := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(asked)
		<-r.Context().Done()
	}))
	t.Cleanup(server.Close)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-asked; cancel() }()
	o := place{"ACTIONS_ID_TOKEN_REQUEST_URL": server.URL, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": key}.options(t)
	if _, _, err := ambient.Token(ctx, o, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
