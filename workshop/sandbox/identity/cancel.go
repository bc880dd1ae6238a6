package identity

import (
	"encoding/json"
	"errors"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/dexidp/dex/server/oauth2"
	"github.com/dexidp/dex/storage"
	"github.com/dexidp/dex/web"
)

// cancelField is the name of the button by which a person breaks a login off. Dex's own page has none, although clients
// must be ready for it (RFC 6749, section 4.1.2.1, and RFC 8628, section 3.5).
const cancelField = "cancel"

const (
	loginTemplate = "templates/password.html"
	cancelButton  = `<button tabindex="5" type="submit" name="` + cancelField + `" value="1" formnovalidate class="dex-btn theme-btn-provider">Cancel</button>
  </form>`
)

// pages are Dex's own pages with a button more on one of them.
type pages struct {
	fs.FS
	login []byte
}

func newPages() (*pages, error) {
	p := &pages{FS: web.FS()}
	text, err := fs.ReadFile(p.FS, loginTemplate)
	if err != nil {
		return nil, err
	}
	before, after, found := strings.Cut(string(text), "</form>")
	if !found {
		return nil, errors.New("the login page of Dex has no form")
	}
	p.login = []byte(before + cancelButton + after)
	return p, nil
}

// ReadFile implements fs.ReadFileFS, by which templates are read.
func (p *pages) ReadFile(name string) ([]byte, error) {
	if name == loginTemplate {
		return p.login, nil
	}
	return fs.ReadFile(p.FS, name)
}

// canceller ends logins that were broken off.
type canceller struct {
	store storage.Storage

	mu     sync.Mutex
	denied map[string]bool // device codes; as many as buttons that were pressed
}

func newCanceller(store storage.Storage) *canceller {
	return &canceller{store: store, denied: map[string]bool{}}
}

// page answers the button: the client learns that access was denied. It reports false when the login is not known.
func (c *canceller) page(w http.ResponseWriter, r *http.Request) bool {
	ctx := r.Context()
	request, err := c.store.GetAuthRequest(ctx, r.URL.Query().Get("state"))
	if err != nil {
		return false
	}
	if err := c.store.DeleteAuthRequest(ctx, request.ID); err != nil {
		return false
	}
	target, err := url.Parse(request.RedirectURI)
	switch {
	case err != nil:
		return false
	case request.RedirectURI == oauth2.RedirectURIOOB:
		tell(w)
	case target.Host == "" && strings.HasSuffix(target.Path, oauth2.DeviceCallbackURI): // Dex's own page
		device, err := c.store.GetDeviceRequest(ctx, request.State)
		if err != nil {
			return false
		}
		c.mu.Lock()
		c.denied[device.DeviceCode] = true
		c.mu.Unlock()
		tell(w)
	default:
		query := target.Query()
		query.Set("error", oauth2.AccessDenied)
		query.Set("error_description", "The login was cancelled.")
		query.Set("state", request.State)
		target.RawQuery = query.Encode()
		http.Redirect(w, r, target.String(), http.StatusSeeOther)
	}
	return true
}

// polled answers a device whose login was broken off, and reports whether it did.
func (c *canceller) polled(w http.ResponseWriter, form url.Values) bool {
	c.mu.Lock()
	denied := c.denied[form.Get("device_code")]
	c.mu.Unlock()
	if !denied {
		return false
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusBadRequest)
	_ = json.NewEncoder(w).Encode(map[string]string{ // the device may have gone
		"error": oauth2.AccessDenied, "error_description": "The login was cancelled.",
	})
	return true
}

var cancelledPage = template.Must(template.New("cancelled").Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Login cancelled</title></head>
<body><h1>Login cancelled</h1><p>Nobody was logged in. You can close this page.</p></body></html>
`))

func tell(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = cancelledPage.Execute(w, nil) // the browser may have gone
}
