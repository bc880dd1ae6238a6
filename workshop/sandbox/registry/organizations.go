package registry

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/sigwalk/sigwalk/workshop/sandbox/internal/state"
)

// organizationName is what Quay accepts as a name.
var organizationName = regexp.MustCompile(`^[a-z0-9]+(?:[._-][a-z0-9]+)*$`)

// organizations is the list of namespaces that exist, kept in a file.
type organizations struct {
	path  string
	mu    sync.Mutex
	names []string
}

// openOrganizations reads the list; one that was never written is first.
func openOrganizations(path string, first []string) (*organizations, error) {
	o := &organizations{path: path, names: slices.Clone(first)}
	text, err := state.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return o, o.save(o.names)
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &o.names); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", state.ErrUnreadable, path, err)
	}
	return o, nil
}

func (o *organizations) has(name string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Contains(o.names, name)
}

// add makes an organisation and reports whether it is new.
func (o *organizations) add(name string) (bool, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if slices.Contains(o.names, name) {
		return false, nil
	}
	names := append(slices.Clone(o.names), name)
	if err := o.save(names); err != nil {
		return false, err
	}
	o.names = names
	return true, nil
}

func (o *organizations) save(names []string) error {
	text, err := json.Marshal(names)
	if err != nil {
		return err
	}
	return state.Write(o.path, append(text, '\n'))
}

// organization serves the part of Quay's interface that makes an organisation (POST) and tells whether one exists (GET,
// to anyone).
func (d *destination) organization(w http.ResponseWriter, r *http.Request) {
	name := strings.Trim(strings.TrimPrefix(r.URL.Path, "/api/v1/organization/"), "/")
	switch {
	case r.Method == http.MethodGet && name != "":
		if !d.orgs.has(name) {
			problem(w, http.StatusNotFound, "not_found", "Not Found")
			return
		}
		reply(w, http.StatusOK, map[string]any{"name": name, "email": "", "is_member": d.knows(r)})
	case r.Method == http.MethodPost && name == "":
		d.makeOrganization(w, r)
	default:
		w.WriteHeader(http.StatusMethodNotAllowed)
	}
}

func (d *destination) makeOrganization(w http.ResponseWriter, r *http.Request) {
	if !d.knows(r) {
		problem(w, http.StatusUnauthorized, "invalid_token", "Requires authentication")
		return
	}
	var wanted struct {
		Name string `json:"name"`
	}
	err := json.NewDecoder(io.LimitReader(r.Body, 1<<16)).Decode(&wanted)
	if err != nil || !organizationName.MatchString(wanted.Name) {
		problem(w, http.StatusBadRequest, "invalid_request", "Invalid organization name")
		return
	}
	isNew := false
	if wanted.Name != d.user {
		if isNew, err = d.orgs.add(wanted.Name); err != nil {
			problem(w, http.StatusInternalServerError, "downstream_issue", err.Error())
			return
		}
	}
	if !isNew {
		const exists = "A user or organization with this name already exists"
		reply(w, http.StatusBadRequest, map[string]string{"message": exists, "error_message": exists})
		return
	}
	reply(w, http.StatusCreated, "Created")
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// The client may have gone: there is nobody left to tell.
	_ = json.NewEncoder(w).Encode(body)
}
