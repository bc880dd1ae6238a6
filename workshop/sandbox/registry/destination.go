package registry

import (
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"time"
)

// request paths of the distribution specification that name a repository.
var repositoryPath = regexp.MustCompile(`^/v2/(.+)/(manifests|blobs|tags)/(.*)$`)

// destination is the registry that lessons push to. It refuses namespaces that do not exist, as Quay does, and tells of
// pushes; distribution does the rest.
type destination struct {
	app            http.Handler
	orgs           *organizations
	catalog        *catalog
	user, password string
	onPush         func(Push)
}

// ServeHTTP implements http.Handler.
func (d *destination) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/api/v1/organization/") {
		d.organization(w, r)
		return
	}
	if r.URL.Path == "/api/v1/user/" {
		d.userItself(w, r)
		return
	}
	if repository, ok := repositoryOf(r.URL.Path, "/api/v1/repository/", "/tag/"); ok {
		d.repositoryTags(w, r, repository)
		return
	}
	if repository, ok := repositoryOf(r.URL.Path, "/repository/", ""); ok {
		d.repositoryPage(w, r, repository)
		return
	}
	match := repositoryPath.FindStringSubmatch(r.URL.Path)
	if match == nil {
		d.app.ServeHTTP(w, r)
		return
	}
	repository, kind, reference := match[1], match[2], match[3]
	namespace, _, _ := strings.Cut(repository, "/")
	// A wrong password is distribution's to refuse; only who is known learns that the namespace is not.
	if writes(r.Method) && d.knows(r) && namespace != d.user && !d.orgs.has(namespace) {
		refuse(w, "access to the requested resource is not authorized", map[string]string{"namespace": namespace})
		return
	}
	if kind != "manifests" || d.onPush == nil || (r.Method != http.MethodPut && r.Method != http.MethodDelete) {
		d.app.ServeHTTP(w, r)
		return
	}
	answer := &statusWriter{ResponseWriter: w}
	d.app.ServeHTTP(answer, r)
	if answer.status != http.StatusCreated && answer.status != http.StatusAccepted {
		return
	}
	d.onPush(Push{
		Repository: repository,
		Reference:  reference,
		Digest:     w.Header().Get("Docker-Content-Digest"),
		UserAgent:  r.UserAgent(),
		At:         time.Now(),
		Removed:    r.Method == http.MethodDelete,
	})
}

func writes(method string) bool {
	switch method {
	case http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
		return true
	}
	return false
}

// knows reports whether the request carries the right login.
func (d *destination) knows(r *http.Request) bool {
	user, password, ok := r.BasicAuth()
	if !ok {
		// Quay's own interface takes a token; the sandbox's is the password.
		password, ok = strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		user = d.user
	}
	return ok && (user == d.user || user == tokenUser) && subtle.ConstantTimeCompare([]byte(password), []byte(d.password)) == 1
}

// refuse answers as Quay does to everything that it does not allow: 401, whatever the reason.
func refuse(w http.ResponseWriter, message string, detail any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("WWW-Authenticate", `Basic realm="Workshop registry"`)
	w.WriteHeader(http.StatusUnauthorized)
	// The client may have gone: there is nobody left to tell.
	_ = json.NewEncoder(w).Encode(map[string]any{
		"errors": []any{map[string]any{"code": "UNAUTHORIZED", "message": message, "detail": detail}},
	})
}

// statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements http.ResponseWriter.
func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *statusWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap serves http.ResponseController.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
