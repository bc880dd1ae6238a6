package identity

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/dexidp/dex/server"
	"github.com/dexidp/dex/server/oauth2"
	"github.com/dexidp/dex/storage"
)

// protocol is the part of a Keycloak realm's paths that every OpenID Connect endpoint shares.
const protocol = "/protocol/openid-connect"

// defaultScope is what Keycloak grants when the request names no scope: the page's curl sends none, and without `email`
// in the token Fulcio has nobody to certify.
const defaultScope = "openid email"

// paths maps Keycloak's endpoint paths to Dex's, both below the issuer.
var paths = map[string]string{
	protocol + "/auth":             "/auth",
	protocol + "/auth/device":      "/device/code",
	protocol + "/token":            "/token",
	protocol + "/token/introspect": "/token/introspect",
	protocol + "/certs":            "/keys",
	protocol + "/userinfo":         "/userinfo",
}

// front gives Dex the paths and habits of a Keycloak realm.
type front struct {
	issuer string
	path   string // of the issuer
	emails map[string]string
	cancel *canceller
	store  storage.Storage
	dex    *server.Server
}

func newFront(issuer string, users []User, dex *server.Server, store storage.Storage) *front {
	f := &front{issuer: issuer, path: IssuerPath, emails: map[string]string{}, cancel: newCanceller(store), store: store, dex: dex}
	for _, user := range users {
		if user.Username != "" {
			f.emails[strings.ToLower(user.Username)] = user.Email
		}
	}
	return f
}

// ServeHTTP implements http.Handler.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	below, ok := strings.CutPrefix(r.URL.Path, f.path)
	if !ok {
		http.NotFound(w, r)
		return
	}
	if target, ok := paths[below]; ok {
		below = target
		r.URL.Path, r.URL.RawPath = f.path+target, ""
	}
	switch below {
	case "/.well-known/openid-configuration":
		f.discovery(w, r)
		return
	case "/auth":
		if r.Method == http.MethodGet {
			r.URL.RawQuery = f.authorization(r.URL.Query()).Encode()
		}
	case "/device/code":
		f.edit(r, func(form url.Values) { setDefault(form, "scope", defaultScope) })
	case "/token":
		if r.Method == http.MethodPost && r.ParseForm() == nil && f.cancel.polled(w, r.PostForm) {
			return
		}
		f.edit(r, func(form url.Values) {
			if form.Get("grant_type") == oauth2.GrantTypePassword {
				setDefault(form, "scope", defaultScope)
				f.userToEmail(r.Context(), form, "username")
				w = &passwordAnswer{ResponseWriter: w}
			}
		})
	case "/auth/local/login":
		if r.Method == http.MethodPost && r.ParseForm() == nil && r.PostForm.Has(cancelField) && f.cancel.page(w, r) {
			return
		}
		f.edit(r, func(form url.Values) { f.userToEmail(r.Context(), form, "login") })
	}
	f.dex.ServeHTTP(w, r)
}

// authorization is a request for a login as Dex takes it.
func (f *front) authorization(query url.Values) url.Values {
	setDefault(query, "scope", defaultScope)
	// Dex sends a browser that enters the code of a device here, and then does not know its own address: it expects the
	// path of an issuer that has none.
	if query.Get("redirect_uri") == f.path+oauth2.DeviceCallbackURI {
		query.Set("redirect_uri", oauth2.DeviceCallbackURI)
	}
	return query
}

// edit changes the form that r carries before Dex reads it. A form that cannot be read is left for Dex to refuse.
func (f *front) edit(r *http.Request, change func(url.Values)) {
	if r.Method != http.MethodPost || r.ParseForm() != nil {
		return
	}
	change(r.PostForm)
	// net/http parses a form once: Dex finds these two as they are now.
	for name, values := range r.PostForm {
		r.Form[name] = values
	}
}

func setDefault(form url.Values, name, value string) {
	if form.Get(name) == "" {
		form.Set(name, value)
	}
}

// userToEmail lets a user sign in with the user name too; Dex knows users by address alone.
func (f *front) userToEmail(ctx context.Context, form url.Values, name string) {
	given := form.Get(name)
	if email, ok := f.emails[strings.ToLower(given)]; ok {
		form.Set(name, email)
		return
	}
	users, err := f.store.ListPasswords(ctx)
	if err != nil {
		return // Dex says that it knows nobody of that name
	}
	for _, user := range users {
		if strings.EqualFold(user.Username, given) {
			form.Set(name, user.Email)
		}
	}
}

// passwordAnswer gives a refused password grant Keycloak's words (RFC 6749, section 5.2, has the same code): clients that
// tell a wrong password from another refusal by them work against either.
type passwordAnswer struct {
	http.ResponseWriter
	refused bool
}

// WriteHeader implements http.ResponseWriter.
func (w *passwordAnswer) WriteHeader(status int) {
	w.refused = status == http.StatusUnauthorized
	if w.refused {
		w.Header().Del("Content-Length")
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter. Dex writes a refusal at once.
func (w *passwordAnswer) Write(body []byte) (int, error) {
	var refusal struct {
		Error string `json:"error"`
	}
	if !w.refused || json.Unmarshal(body, &refusal) != nil || refusal.Error != oauth2.AccessDenied {
		return w.ResponseWriter.Write(body)
	}
	_, err := io.WriteString(w.ResponseWriter, `{"error":"invalid_grant","error_description":"Invalid user credentials"}`)
	return len(body), err
}

// discovery serves Dex's document with the endpoints where Keycloak has them.
func (f *front) discovery(w http.ResponseWriter, r *http.Request) {
	document := f.dex.Discovery().Construct(r.Context())
	endpoints := f.issuer + protocol
	document.Auth = endpoints + "/auth"
	document.Token = endpoints + "/token"
	document.Keys = endpoints + "/certs"
	document.UserInfo = endpoints + "/userinfo"
	document.DeviceEndpoint = endpoints + "/auth/device"
	document.Introspect = endpoints + "/token/introspect"
	w.Header().Set("Content-Type", "application/json")
	// The client may have gone: there is nobody left to tell.
	_ = json.NewEncoder(w).Encode(document)
}
