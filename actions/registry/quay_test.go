package registry_test

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// quay speaks the part of Quay's protocol in which it differs from Docker distribution: tokens from /v2/auth that say
// what they allow, 401 for every refusal, and pages about organisations. Behind it is a real registry. The shapes are those
// of Quay 3.18 (endpoints/v2/v2auth.py, endpoints/v2/errors.py, endpoints/api/organization.py).
type quay struct {
	behind http.Handler
	key    []byte
	host   string
	// rights are what testUser may do: repository -> actions. Any other repository of an organisation in orgs can be
	// created by asking for the right to push to it.
	rights  map[string][]string
	orgs    []string
	public  []string // repositories that anyone may pull
	mu      sync.Mutex
	created []string
	asked   []string // scopes
}

func newQuay(t testing.TB) *quay {
	t.Helper()
	q := &quay{
		behind: distribution(t, t.TempDir(), false), key: make([]byte, 32),
		rights: map[string][]string{"l3-students/app": {"push", "pull"}, "readers/app": {"pull"}, "secret/app": {}},
		orgs:   []string{"l3-students", "readers", "secret"},
	}
	if _, err := rand.Read(q.key); err != nil {
		t.Fatal(err)
	}
	q.host = serve(t, q)
	return q
}

var (
	quayScope = regexp.MustCompile(`^repository:([^:]+):([a-z,*]+)$`)
	quayPath  = regexp.MustCompile(`^/v2/(.+)/(manifests|blobs|tags)/`)
)

// ServeHTTP implements http.Handler.
func (q *quay) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	org, isOrg := strings.CutPrefix(r.URL.Path, "/api/v1/organization/")
	switch {
	case isOrg && slices.Contains(q.orgs, org):
		answer(w, http.StatusOK, map[string]any{"name": org})
	case isOrg:
		answer(w, http.StatusNotFound, map[string]any{
			"detail": "Not Found", "error_message": "Not Found", "error_type": "not_found", "title": "not_found", "status": 404,
		})
	case strings.HasPrefix(r.URL.Path, "/api/v1/users/"):
		answer(w, http.StatusNotFound, map[string]any{"error": "Not Found"})
	case r.URL.Path == "/v2/auth":
		q.token(w, r)
	default:
		q.registry(w, r)
	}
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func (q *quay) refuse(w http.ResponseWriter, message string) {
	w.Header().Set("WWW-Authenticate", `Bearer realm="http://`+q.host+`/v2/auth",service="`+q.host+`"`)
	answer(w, http.StatusUnauthorized, map[string]any{
		"errors": []any{map[string]any{"code": "UNAUTHORIZED", "message": message, "detail": map[string]any{}}},
	})
}

func (q *quay) token(w http.ResponseWriter, r *http.Request) {
	user, password, sent := r.BasicAuth()
	if sent && (user != testUser || password != testPassword) {
		q.refuse(w, "Invalid Username or Password")
		return
	}
	scopes := r.URL.Query()["scope"]
	if !sent && len(scopes) == 0 {
		q.refuse(w, "access to the requested resource is not authorized")
		return
	}
	access := []any{}
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, scope := range scopes {
		q.asked = append(q.asked, scope)
		if m := quayScope.FindStringSubmatch(scope); m != nil {
			access = append(access, map[string]any{"type": "repository", "name": m[1], "actions": q.grant(sent, m[1], m[2])})
		}
	}
	text, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"access": access, "aud": q.host, "exp": time.Now().Add(time.Hour).Unix(),
	}).SignedString(q.key)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	answer(w, http.StatusOK, map[string]any{"token": text})
}

func (q *quay) grant(loggedIn bool, repository, wanted string) []string {
	org, _, _ := strings.Cut(repository, "/")
	allowed := []string{}
	if slices.Contains(q.public, repository) {
		allowed = append(allowed, "pull")
	}
	if !loggedIn || !slices.Contains(q.orgs, org) {
		return allowed
	}
	mine, there := q.rights[repository]
	if !there && strings.Contains(wanted, "push") {
		q.rights[repository], mine = []string{"push", "pull"}, []string{"push", "pull"}
		q.created = append(q.created, repository)
	}
	for _, action := range strings.Split(wanted, ",") {
		if slices.Contains(mine, action) && !slices.Contains(allowed, action) {
			allowed = append(allowed, action)
		}
	}
	return allowed
}

func (q *quay) registry(w http.ResponseWriter, r *http.Request) {
	text, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	var claims struct {
		jwt.RegisteredClaims
		Access []struct {
			Name    string
			Actions []string
		}
	}
	_, err := jwt.ParseWithClaims(text, &claims, func(*jwt.Token) (any, error) { return q.key, nil })
	if err != nil {
		q.refuse(w, "access to the requested resource is not authorized")
		return
	}
	if m := quayPath.FindStringSubmatch(r.URL.Path); m != nil {
		need := "pull"
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			need = "push"
		}
		allowed := false
		for _, a := range claims.Access {
			allowed = allowed || a.Name == m[1] && slices.Contains(a.Actions, need)
		}
		if !allowed {
			q.refuse(w, "access to the requested resource is not authorized")
			return
		}
	}
	q.behind.ServeHTTP(w, r)
}
