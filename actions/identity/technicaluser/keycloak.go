package technicaluser

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/identity"
	"github.com/sigwalk/sigwalk/actions/web"
)

// KeycloakOptions configure Keycloak.
type KeycloakOptions struct {
	// Issuer is the realm's, which ends in /realms/NAME.
	Issuer string
	// Admin and Password are those of an administrator of the realm master.
	Admin     string
	Password  actions.Secret
	Transport http.RoundTripper // nil for http.DefaultTransport
}

const (
	patience   = 30 * time.Second
	longest    = 1 << 20 // bytes of an answer
	realmsPath = "/realms/"
)

// keycloak is a realm, through Keycloak's admin API (Keycloak 26, Admin REST API). There is no client of it in Go that every
// builder can get, and what is needed are eight calls.
type keycloak struct {
	server string // without a slash at the end
	realm  string
	client *http.Client
	token  actions.Secret
}

// Keycloak signs in as the administrator and returns the realm's directory. It fails with CodeUsage where the issuer is no
// realm's, with CodeWrongPassword where the administrator is refused, and as web.Explain says where nothing answers.
func Keycloak(ctx context.Context, o KeycloakOptions) (Directory, error) {
	server, realm, found := strings.Cut(o.Issuer, realmsPath)
	if realm = strings.TrimSuffix(realm, "/"); !found || realm == "" || strings.Contains(realm, "/") {
		return nil, &actions.Error{
			Code: actions.CodeUsage, What: fmt.Sprintf("%q is no realm of a Keycloak", o.Issuer), Why: "such an issuer ends in /realms/ and the realm's name",
			Next: "give it with --oidc-issuer (COSIGN_OIDC_ISSUER)",
		}
	}
	if o.Password.IsZero() {
		return nil, &actions.Error{
			Code: actions.CodeUsage, What: "nobody is named who may make users at " + server,
			Next: "set KEYCLOAK_ADMIN_USER (admin if it is not set) and KEYCLOAK_ADMIN_PASSWORD, an administrator's of the realm master; on OpenShift they are in the secret keycloak-initial-admin",
		}
	}
	k := &keycloak{server: server, realm: realm, client: &http.Client{Transport: o.Transport}}
	return k, k.logIn(ctx, o)
}

// Where implements Directory.
func (k *keycloak) Where() string { return "the realm " + k.realm + " of " + k.server }

// logIn gets the administrator's token, which Keycloak gives for a minute.
func (k *keycloak) logIn(ctx context.Context, o KeycloakOptions) error {
	form := url.Values{
		"grant_type": {"password"}, "client_id": {"admin-cli"}, "username": {o.Admin}, "password": {o.Password.Reveal()},
	}
	request := call{
		method: http.MethodPost, path: realmsPath + "master/protocol/openid-connect/token",
		kind: "application/x-www-form-urlencoded", body: []byte(form.Encode()),
	}
	reply, err := k.send(ctx, request)
	if err != nil {
		return err
	}
	var answer struct {
		Token string `json:"access_token"`
	}
	switch {
	case reply.status == http.StatusUnauthorized || reply.status == http.StatusBadRequest:
		return &actions.Error{
			Code: actions.CodeWrongPassword, What: k.server + " does not let " + o.Admin + " in as an administrator", Why: reply.said(),
			Next: "check KEYCLOAK_ADMIN_USER and KEYCLOAK_ADMIN_PASSWORD: they are an administrator's of the realm master",
		}
	case reply.status == http.StatusNotFound:
		return &actions.Error{
			Code: actions.CodeNotAsked, What: "there is no Keycloak at " + k.server, Why: "it does not know the realm master, which every Keycloak has",
			Next: "check --oidc-issuer (COSIGN_OIDC_ISSUER)",
		}
	case reply.status != http.StatusOK || json.Unmarshal(reply.body, &answer) != nil || answer.Token == "":
		return k.refused(reply, "let an administrator in")
	}
	k.token = actions.NewSecret(answer.Token)
	return nil
}

// Groups implements Directory.
func (k *keycloak) Groups() Groups { return keycloakGroups{k} }

// person is a user in the API (UserRepresentation).
type person struct {
	ID          string       `json:"id,omitempty"`
	Username    string       `json:"username"`
	Email       string       `json:"email"`
	Verified    bool         `json:"emailVerified"`
	Enabled     bool         `json:"enabled"`
	FirstName   string       `json:"firstName,omitempty"`
	LastName    string       `json:"lastName,omitempty"`
	Credentials []credential `json:"credentials,omitempty"`
}

type credential struct {
	Type      string `json:"type"`
	Value     string `json:"value"`
	Temporary bool   `json:"temporary"`
}

// Users implements Directory.
func (k *keycloak) Users(ctx context.Context, username, email string) ([]Account, error) {
	var accounts []Account
	seen := map[string]bool{}
	for _, query := range []url.Values{{"username": {username}, "exact": {"true"}}, {"email": {email}, "exact": {"true"}}} {
		var found []person
		if err := k.get(ctx, "/users?"+query.Encode(), &found, "look for users"); err != nil {
			return nil, err
		}
		for _, p := range found {
			if !seen[p.ID] {
				seen[p.ID] = true
				accounts = append(accounts, Account{ID: p.ID, Username: p.Username, Email: p.Email, Verified: p.Verified, Enabled: p.Enabled})
			}
		}
	}
	return accounts, nil
}

// Make implements Directory.
func (k *keycloak) Make(ctx context.Context, spec Spec) error {
	return k.put(ctx, http.MethodPost, "/users", person{
		Username: spec.Username, Email: spec.Email, Verified: true, Enabled: true,
		// Without both names, Keycloak calls the account unfinished and gives it no token.
		FirstName: spec.Username, LastName: "Technical User",
		Credentials: []credential{{Type: "password", Value: spec.Password.Reveal()}},
	}, "make the user "+spec.Username)
}

// Confirm implements Directory. The API replaces the whole user, so that what is there is sent back with one change.
func (k *keycloak) Confirm(ctx context.Context, user Account) error {
	var whole map[string]any
	path := "/users/" + url.PathEscape(user.ID)
	if err := k.get(ctx, path, &whole, "read the user "+user.Username); err != nil {
		return err
	}
	whole["emailVerified"] = true
	return k.put(ctx, http.MethodPut, path, whole, "mark the address of "+user.Username+" as verified")
}

// keycloakGroups are the realm's groups.
type keycloakGroups struct{ k *keycloak }

type group struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Find implements Groups.
func (g keycloakGroups) Find(ctx context.Context, name string) (*Group, error) {
	var found []group
	query := url.Values{"search": {name}, "exact": {"true"}}
	if err := g.k.get(ctx, "/groups?"+query.Encode(), &found, "look for groups"); err != nil {
		return nil, err
	}
	for _, one := range found { // the search also finds a parent of a group with that name
		if one.Name == name {
			return &Group{ID: one.ID, Name: one.Name}, nil
		}
	}
	return nil, nil
}

// Make implements Groups.
func (g keycloakGroups) Make(ctx context.Context, name string) error {
	return g.k.put(ctx, http.MethodPost, "/groups", map[string]string{"name": name}, "make the group "+name)
}

// Has implements Groups.
func (g keycloakGroups) Has(ctx context.Context, in Group, user Account) (bool, error) {
	var found []group
	query := url.Values{"search": {in.Name}, "exact": {"true"}}
	err := g.k.get(ctx, "/users/"+url.PathEscape(user.ID)+"/groups?"+query.Encode(), &found, "see which groups "+user.Username+" is in")
	for _, one := range found {
		if one.ID == in.ID {
			return true, err
		}
	}
	return false, err
}

// Join implements Groups.
func (g keycloakGroups) Join(ctx context.Context, in Group, user Account) error {
	path := "/users/" + url.PathEscape(user.ID) + "/groups/" + url.PathEscape(in.ID)
	return g.k.put(ctx, http.MethodPut, path, map[string]string{}, "put "+user.Username+" into the group "+in.Name)
}

// get reads something of the realm.
func (k *keycloak) get(ctx context.Context, path string, into any, doing string) error {
	reply, err := k.send(ctx, call{method: http.MethodGet, path: k.admin(path)})
	if err != nil {
		return err
	}
	if reply.status != http.StatusOK || json.Unmarshal(reply.body, into) != nil {
		return k.refused(reply, doing)
	}
	return nil
}

// put sends something to the realm.
func (k *keycloak) put(ctx context.Context, method, path string, value any, doing string) error {
	body, err := json.Marshal(value)
	if err != nil {
		return err
	}
	reply, err := k.send(ctx, call{method: method, path: k.admin(path), kind: "application/json", body: body})
	switch {
	case err != nil:
		return err
	case reply.status == http.StatusConflict:
		return errExists
	case reply.status/100 != 2:
		return k.refused(reply, doing)
	}
	return nil
}

func (k *keycloak) admin(path string) string {
	return "/admin/realms/" + url.PathEscape(k.realm) + path
}

type call struct {
	method, path, kind string
	body               []byte
}

type reply struct {
	status int
	body   []byte
}

// said is the reason that Keycloak gives, on one line.
func (r *reply) said() string {
	var reason struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
		Message     string `json:"errorMessage"`
	}
	text := fmt.Sprintf("it answers with HTTP status %d", r.status)
	if json.Unmarshal(r.body, &reason) != nil {
		return text
	}
	for _, word := range []string{reason.Message, reason.Description, reason.Error} {
		if word != "" {
			return "it says " + identity.Quoted(word)
		}
	}
	return text
}

func (k *keycloak) send(ctx context.Context, c call) (*reply, error) {
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(bounded, c.method, k.server+c.path, bytes.NewReader(c.body))
	if err != nil {
		return nil, &actions.Error{Code: actions.CodeUsage, What: fmt.Sprintf("%q is no URL", k.server), Next: "check --oidc-issuer"}
	}
	if c.kind != "" {
		request.Header.Set("Content-Type", c.kind)
	}
	if !k.token.IsZero() {
		request.Header.Set("Authorization", "Bearer "+k.token.Reveal())
	}
	response, err := k.client.Do(request)
	if err != nil {
		return nil, k.unreached(ctx, err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, longest))
	if err != nil {
		return nil, k.unreached(ctx, err)
	}
	return &reply{status: response.StatusCode, body: body}, nil
}

func (k *keycloak) unreached(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	explained := web.Explain(err, "Keycloak at "+k.server)
	var known *actions.Error
	if errors.As(explained, &known) {
		return explained
	}
	return &actions.Error{
		Code: actions.CodeUnreachable, What: "Keycloak at " + k.server + " gave no answer that can be read", Err: err,
		Next: "check its address; if it is right, try again",
	}
}

// refused says what Keycloak did not do.
func (k *keycloak) refused(r *reply, doing string) error {
	e := &actions.Error{Code: actions.CodeNotAsked, What: fmt.Sprintf("%s did not %s", k.server, doing), Why: r.said()}
	switch {
	case r.status == http.StatusForbidden || r.status == http.StatusUnauthorized:
		e.Code = actions.CodeForbidden
		e.Next = "name an administrator who may manage users and groups of the realm " + k.realm + " (manage-users, query-groups)"
	case r.status == http.StatusNotFound:
		e.Next = "check that the realm " + k.realm + " exists: the issuer (--oidc-issuer) ends in its name"
	case r.status >= http.StatusInternalServerError:
		e.Code, e.Next = actions.CodeServer, "try again in a while; its own logs say more"
	default:
		e.Next = "see what it says, and its log"
	}
	return e
}
