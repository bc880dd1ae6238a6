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

// remove takes an organisation away and reports whether there was one.
func (o *organizations) remove(name string) (bool, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	names := slices.DeleteFunc(slices.Clone(o.names), func(one string) bool { return one == name })
	if len(names) == len(o.names) {
		return false, nil
	}
	if err := o.save(names); err != nil {
		return false, err
	}
	o.names = names
	return true, nil
}

// list returns the organisations, the oldest first.
func (o *organizations) list() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.names)
}

func (o *organizations) save(names []string) error {
	text, err := json.Marshal(names)
	if err != nil {
		return err
	}
	return state.Write(o.path, append(text, '\n'))
}

// organization serves the part of Quay's interface that makes an organisation (POST), tells whether one exists (GET, to
// anyone), and removes one with all that is in it (DELETE).
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
	case r.Method == http.MethodDelete && name != "":
		d.removeOrganization(w, r, name)
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

// removeOrganization frees the name at once, as Quay does, and takes the names off what was pushed there. Quay collects that
// later; nothing in a sandbox does.
func (d *destination) removeOrganization(w http.ResponseWriter, r *http.Request, name string) {
	if !d.knows(r) {
		problem(w, http.StatusUnauthorized, "invalid_token", "Requires authentication")
		return
	}
	was, err := d.orgs.remove(name)
	switch {
	case err != nil:
		problem(w, http.StatusInternalServerError, "downstream_issue", err.Error())
		return
	case !was:
		problem(w, http.StatusNotFound, "not_found", "Not Found")
		return
	}
	removed, err := d.catalog.untag(r.Context(), name)
	defer func() { // after the answer, as for every other
		for _, tag := range removed {
			tag.UserAgent = r.UserAgent()
			if d.onPush != nil {
				d.onPush(tag)
			}
		}
	}()
	if err != nil {
		problem(w, http.StatusInternalServerError, "downstream_issue", err.Error())
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// userItself serves the part of Quay's interface that says who one is, and which organisations one is in.
func (d *destination) userItself(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method != http.MethodGet:
		w.WriteHeader(http.StatusMethodNotAllowed)
	case !d.knows(r):
		problem(w, http.StatusUnauthorized, "invalid_token", "Requires authentication")
	default:
		in := []map[string]string{}
		for _, name := range d.orgs.list() {
			in = append(in, map[string]string{"name": name})
		}
		reply(w, http.StatusOK, map[string]any{"anonymous": false, "username": d.user, "organizations": in})
	}
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// The client may have gone: there is nobody left to tell.
	_ = json.NewEncoder(w).Encode(body)
}
