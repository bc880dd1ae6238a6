//go:build keycloak

package interop

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

const (
	pipeline     = "pipeline"
	pipelineMail = "pipeline-auth@demo.redhat.com"
	pipelinePass = "the password of a pipeline"
)

// TestKeycloak is the page's walk at a real Keycloak: the technical user is made, its tokens are read before they are sent,
// and it signs in each way, with sigwalk and with the real cosign. The sandbox's Fulcio trusts the realm.
func TestKeycloak(t *testing.T) {
	k := startKeycloak(t)
	b := up(t, "--oidc-issuer", k.issuer, "--oidc-client-id", realm)
	w := &walk{k: k, b: b, browser: newChromium(t), settings: []string{
		"COSIGN_OIDC_ISSUER=" + k.issuer, "OIDC_USER=" + pipeline, "OIDC_PASSWORD=" + pipelinePass,
		"KEYCLOAK_ADMIN_PASSWORD=" + adminPass,
	}}
	// What runs first lays out the lesson's scripts and copies the image.
	if o := b.exec(t, `source ./copy-image-to-quay.sh && cosign login $QUAY -u $QUAY_USER -p "$QUAY_PASSWORD" && cosign initialize`); o.code != 0 {
		t.Fatal(o)
	}
	b.sh(t, terminal+`cosign2 initialize`)
	for _, part := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"technical user", w.technicalUser},
		{"before the audience mapper", w.beforeMapper},
		{"after the audience mapper", w.afterMapper},
		{"out of band", w.outOfBand},
		{"device", w.device},
		{"browser", w.inBrowser},
		{"login cancelled and code refused", w.wrongTurns},
		{"table", w.table},
		{"the doctor, from an empty realm", w.doctor},
	} {
		if !t.Run(part.name, part.run) {
			return // what follows builds on it
		}
	}
}

// walk is the state of the walk.
type walk struct {
	k        *keycloak
	b        *bench
	browser  chromium
	settings []string
	signed   int
}

// sigwalk runs it for the walk's sandbox with the realm as the issuer.
func (w *walk) sigwalk(t *testing.T, arguments ...string) outcome {
	t.Helper()
	return w.b.run(t, append([]string{"sigwalk", arguments[0], "--dir", w.b.dir, "--oidc-issuer", w.k.issuer}, arguments[1:]...), w.settings...)
}

// items is the state of each thing in a report of technical-user.
func (w *walk) items(t *testing.T, arguments ...string) map[string]string {
	t.Helper()
	o := w.sigwalk(t, append([]string{"technical-user", "-o", "json"}, arguments...)...)
	var report struct {
		Items []struct{ Thing, State string }
	}
	if err := json.Unmarshal([]byte(o.stdout), &report); err != nil || o.code != 0 {
		t.Fatalf("%v\n%s", err, o)
	}
	states := map[string]string{}
	for _, item := range report.Items {
		states[item.Thing] = item.State
	}
	return states
}

// users and groups of the realm, by name.
func (w *walk) realm(t *testing.T) (users, groups []string) {
	t.Helper()
	var found []struct{ Username, Name string }
	w.k.ask(t, http.MethodGet, "/admin/realms/"+realm+"/users", nil, &found)
	for _, one := range found {
		users = append(users, one.Username)
	}
	w.k.ask(t, http.MethodGet, "/admin/realms/"+realm+"/groups", nil, &found)
	for _, one := range found {
		groups = append(groups, one.Name)
	}
	return users, groups
}

func (w *walk) technicalUser(t *testing.T) {
	want := func(got map[string]string, states string) {
		t.Helper()
		text := got["group"] + " " + got["user"] + " " + got["email"] + " " + got["password"] + " " + got["membership"]
		if text != states {
			t.Errorf("group, user, email, password, membership: %s, want %s", text, states)
		}
	}
	want(w.items(t, "--dry-run"), "missing missing missing missing missing")
	if users, groups := w.realm(t); len(users)+len(groups) > 0 {
		t.Errorf("a dry run made %v %v", users, groups)
	}
	want(w.items(t), "made made made made made")
	want(w.items(t), "found found found left found")
	if users, groups := w.realm(t); len(users) != 1 || users[0] != pipeline || len(groups) != 1 || groups[0] != "technical-users" {
		t.Errorf("in the realm are %v %v", users, groups)
	}
	// What somebody took away is put back, and nothing else touched.
	var found []map[string]any
	w.k.ask(t, http.MethodGet, "/admin/realms/"+realm+"/users?username=pipeline&exact=true", nil, &found)
	found[0]["emailVerified"] = false
	w.k.ask(t, http.MethodPut, "/admin/realms/"+realm+"/users/"+found[0]["id"].(string), found[0], nil)
	want(w.items(t, "--dry-run"), "found found missing left found")
	want(w.items(t), "found found changed left found")
	want(w.items(t), "found found found left found")

	// Somebody else's name or address is not taken.
	for _, flags := range [][]string{{"--email", "another@demo.redhat.com"}, {"--username", "another"}} {
		o := w.sigwalk(t, append([]string{"technical-user", "--group", "others"}, flags...)...)
		if o.code != 1 || !strings.Contains(o.stderr, "nothing was changed") {
			t.Errorf("%v: %s", flags, o)
		}
	}
	if users, groups := w.realm(t); len(users) != 1 || len(groups) != 1 {
		t.Errorf("in the realm are %v %v", users, groups)
	}
	// Who may not, and where there is no such realm.
	o := w.b.run(t, []string{"sigwalk", "technical-user", "--dir", w.b.dir, "--oidc-issuer", w.k.issuer}, "KEYCLOAK_ADMIN_PASSWORD=wrong-password")
	if o.code != 1 || !strings.Contains(o.stderr, "Invalid user credentials") || strings.Contains(o.stdout+o.stderr, "wrong-password") {
		t.Errorf("%s", o)
	}
	o = w.b.run(t, []string{"sigwalk", "technical-user", "--dir", w.b.dir, "--oidc-issuer", w.k.server + "/realms/nowhere"}, w.settings...)
	if o.code != 1 || !strings.Contains(o.stderr, "check that the realm nowhere exists") {
		t.Errorf("%s", o)
	}
}

// accessToken is that of the page's curl.
func (w *walk) accessToken(t *testing.T) string {
	t.Helper()
	return w.k.grant(t, realm, url.Values{
		"grant_type": {"password"}, "client_id": {realm}, "username": {pipeline}, "password": {pipelinePass},
	})["access_token"]
}

// foretold is what sigwalk token says of a token.
func (w *walk) foretold(t *testing.T, token string) (verdict, subject, text string) {
	t.Helper()
	file := filepath.Join(w.b.work, "token")
	if err := os.WriteFile(file, []byte(token), 0o600); err != nil {
		t.Fatal(err)
	}
	o := w.sigwalk(t, "token", "-o", "json", file)
	var report struct {
		Verdict string
		Subject struct{ Name string }
	}
	if err := json.Unmarshal([]byte(o.stdout), &report); err != nil {
		t.Fatalf("%v\n%s", err, o)
	}
	o = w.sigwalk(t, "token", file)
	if strings.Contains(o.stdout+o.stderr, token[strings.LastIndex(token, ".")+1:]) {
		t.Error("it prints the token")
	}
	return report.Verdict, report.Subject.Name, o.stdout
}

const cosignSigns = terminal + `cosign2 sign $IMAGE`

func (w *walk) beforeMapper(t *testing.T) {
	token := w.accessToken(t)
	verdict, _, text := w.foretold(t, token)
	if verdict != "refused" || !strings.Contains(text, "it is for account") || !strings.Contains(text, "Add an audience mapper") {
		t.Errorf("%s\n%s", verdict, text)
	}
	// Fulcio agrees.
	if o := w.b.try(t, cosignSigns, "SIGSTORE_ID_TOKEN="+token); o.code == 0 || !strings.Contains(o.stderr, "error processing the identity token") {
		t.Errorf("cosign: %s", o)
	}
	if o := w.b.exec(t, `cosign sign --yes $IMAGE`, "SIGSTORE_ID_TOKEN="+token); o.code == 0 || !strings.Contains(o.stderr, "audience mapper") {
		t.Errorf("sigwalk: %s", o)
	}
}

func (w *walk) afterMapper(t *testing.T) {
	mapper := func(code int, says string, flags ...string) {
		t.Helper()
		o := w.sigwalk(t, append([]string{"audience-mapper"}, flags...)...)
		if o.code != code || !strings.Contains(o.stdout+o.stderr, says) {
			t.Errorf("%v: %s", flags, o)
		}
	}
	mapper(0, "included client audience: "+realm, "--dry-run")
	mapper(1, "nothing was changed") // nobody is there to agree
	mapper(0, "made", "--yes")
	mapper(0, "there is nothing to change")
	token := w.accessToken(t)
	verdict, subject, text := w.foretold(t, token)
	if verdict != "accepted" || subject != pipelineMail {
		t.Errorf("%s, for %s\n%s", verdict, subject, text)
	}
	// Fulcio agrees.
	w.b.sh(t, cosignSigns, "SIGSTORE_ID_TOKEN="+token)
	if o := w.b.exec(t, `cosign sign --yes $IMAGE`, "SIGSTORE_ID_TOKEN="+token); o.code != 0 {
		t.Errorf("sigwalk: %s", o)
	}
	// The page's script does it, too.
	o := w.b.run(t, []string{
		"sigwalk", "exec", "--dir", w.b.dir, "--oidc-issuer", w.k.issuer, "--",
		`source ./get-access-token.sh && cosign sign --yes $IMAGE`,
	}, w.settings...)
	if o.code != 0 {
		t.Errorf("sigwalk: %s", o)
	}
	w.signed += 3
}

// logIn fills in Keycloak's own login page.
func logIn() chromedp.Tasks {
	return chromedp.Tasks{
		chromedp.WaitVisible("#password", chromedp.ByQuery),
		chromedp.SendKeys("#username", pipeline, chromedp.ByQuery),
		chromedp.SendKeys("#password", pipelinePass, chromedp.ByQuery),
		chromedp.Click("#kc-login", chromedp.ByQuery),
	}
}

// signers are the two that sign, each as somebody types it.
func (w *walk) signers(flags string) map[string][]string {
	return map[string][]string{
		"sigwalk": {"sigwalk", "exec", "--dir", w.b.dir, "--oidc-issuer", w.k.issuer, "--", "cosign sign --yes " + flags + " $IMAGE"},
		"cosign":  {"/bin/sh", "-eu", "-c", terminal + "exec cosign2 sign --oidc-issuer " + w.k.issuer + " " + flags + " $IMAGE"},
	}
}

const link = `(http://127\.0\.0\.1:[0-9]+/\S+)`

func (w *walk) outOfBand(t *testing.T) {
	// Where no browser can be opened. (The real cosign crashes when it is asked for this by --oidc-redirect-url.)
	for name, words := range w.signers("") {
		m := w.b.onTerminal(t, words)
		page := m.expect(link + `[\s\S]*code`)[1]
		var code string
		w.browser.visit(t, "keycloak-code-"+name,
			chromedp.Navigate(page), logIn(), chromedp.WaitVisible("#code", chromedp.ByQuery), chromedp.Value("#code", &code, chromedp.ByQuery))
		if len(code) != 110 {
			t.Errorf("the code has %d characters", len(code))
		}
		m.enter(code)
		m.expectSigned(name)
		if name == "sigwalk" && strings.Contains(m.said.String(), "Looks cut off") {
			t.Errorf("a whole code is taken for a part:\n%s", m.said)
		}
		w.signed++
	}
}

func (w *walk) device(t *testing.T) {
	for name, words := range w.signers("--fulcio-auth-flow device") {
		m := w.b.onTerminal(t, words)
		page := m.expect(link)[1]
		userCode := m.expect(`\b([A-Z]{4}-[A-Z]{4})\b`)[1]
		if !strings.Contains(page, "user_code=") {
			page += "?user_code=" + userCode
		}
		w.browser.visit(t, "keycloak-device-"+name, chromedp.Navigate(page), logIn(),
			chromedp.WaitVisible(`button[name="accept"]`, chromedp.ByQuery), chromedp.Click(`button[name="accept"]`, chromedp.ByQuery),
			chromedp.WaitNotPresent(`button[name="accept"]`, chromedp.ByQuery))
		m.expectSigned(name)
		w.signed++
	}
}

func (w *walk) inBrowser(t *testing.T) {
	for name, words := range w.signers("--fulcio-auth-flow normal") {
		opened := filepath.Join(t.TempDir(), "opened")
		m := w.b.onTerminal(t, words, "DISPLAY=:0", "OPENED="+opened)
		w.browser.visit(t, "keycloak-browser-"+name, chromedp.Navigate(awaitFile(t, opened)), logIn(),
			chromedp.WaitVisible("body", chromedp.ByQuery), chromedp.WaitNotPresent("#kc-login", chromedp.ByQuery))
		m.expectSigned(name)
		w.signed++
	}
}

// wrongTurns are what people do with Keycloak's page and code.
func (w *walk) wrongTurns(t *testing.T) {
	code := func(m *seat, picture string) string {
		t.Helper()
		page := m.expect(link + `[\s\S]*code`)[1]
		var code string
		w.browser.visit(t, picture, chromedp.Navigate(page), logIn(),
			chromedp.WaitVisible("#code", chromedp.ByQuery), chromedp.Value("#code", &code, chromedp.ByQuery))
		return code
	}
	words := w.signers("")["sigwalk"]
	m := w.b.onTerminal(t, words)
	whole := code(m, "keycloak-code-cut")
	m.enter(whole[:97])
	m.expect(`refused the code[\s\S]*it looks cut off[\s\S]*get a new link`)
	// The part has used the code up: that is Keycloak's way.
	m.enter(whole)
	m.expect(`refused the code[\s\S]*refused the code[\s\S]*Code not valid`)
	m.forget()
	m.enter("new")
	m.enter(code(m, "keycloak-code-new"))
	m.expectSigned("sigwalk")
	w.signed++

	m = w.b.onTerminal(t, words)
	code(m, "keycloak-code-used")
	m.enter(whole)
	m.expect(`refused the code[\s\S]*Code not valid`)
	_ = m.cmd.Process.Kill()

	m = w.b.onTerminal(t, w.signers("--fulcio-auth-flow device")["sigwalk"])
	page := m.expect(link)[1]
	w.browser.visit(t, "keycloak-device-refused", chromedp.Navigate(page), logIn(),
		chromedp.WaitVisible(`button[name="cancel"]`, chromedp.ByQuery), chromedp.Click(`button[name="cancel"]`, chromedp.ByQuery),
		chromedp.WaitNotPresent(`button[name="accept"]`, chromedp.ByQuery))
	m.expect(`nobody was signed in`)
	_ = m.cmd.Process.Kill()
}

// table: every signature is there, by the realm, for sigwalk and for cosign.
func (w *walk) table(t *testing.T) {
	o := w.b.sh(t, terminal+`sigwalk verify --dir "$DIR" -o json --certificate-identity `+pipelineMail+` --certificate-oidc-issuer `+w.k.issuer+` $IMAGE`)
	var report struct {
		Signatures []struct {
			Verified bool
			Subject  string
		}
	}
	if err := json.Unmarshal([]byte(o.stdout), &report); err != nil {
		t.Fatal(err)
	}
	verified := 0
	for _, s := range report.Signatures {
		if s.Verified {
			verified++
		}
	}
	if verified != w.signed {
		t.Errorf("%d signatures verify, and %d were made:\n%s", verified, w.signed, o.stdout)
	}
	o = w.b.sh(t, terminal+`cosign2 verify --certificate-identity `+pipelineMail+` --certificate-oidc-issuer `+w.k.issuer+` $IMAGE 2>/dev/null | jq length`)
	if strings.TrimSpace(o.stdout) != strconv.Itoa(w.signed) {
		t.Errorf("cosign verifies %s of %d", o.stdout, w.signed)
	}
}
