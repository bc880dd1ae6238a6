//go:build browser

package interop

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/hinshun/vt10x"
)

const student = "user1@demo.redhat.com"

// person signs in on the sandbox's own login page, with a real browser.
type person struct {
	b        *bench
	browser  chromium
	password string
}

func newPerson(t *testing.T) *person {
	t.Helper()
	b := up(t)
	o := b.exec(t, `source ./copy-image-to-quay.sh && cosign login $QUAY -u $QUAY_USER -p "$QUAY_PASSWORD" && cosign initialize`)
	if o.code != 0 {
		t.Fatal(o)
	}
	b.sh(t, terminal+`cosign2 initialize`)
	return &person{b: b, browser: newChromium(t), password: strings.TrimSpace(b.sh(t, terminal+`printf %s "$OIDC_PASSWORD"`).stdout)}
}

// logIn fills in the page.
func (p *person) logIn() chromedp.Tasks {
	return chromedp.Tasks{
		chromedp.WaitVisible("#password", chromedp.ByQuery),
		chromedp.SendKeys("#login", student, chromedp.ByQuery),
		chromedp.SendKeys("#password", p.password, chromedp.ByQuery),
		chromedp.Click("#submit-login", chromedp.ByQuery),
	}
}

// cancel presses the other button.
func cancel() chromedp.Tasks {
	return chromedp.Tasks{
		chromedp.WaitVisible("#password", chromedp.ByQuery),
		chromedp.Click(`button[name="cancel"]`, chromedp.ByQuery),
	}
}

// showing waits until the page has a text in it.
func showing(text string) chromedp.Action {
	return chromedp.WaitVisible(fmt.Sprintf(`//*[contains(text(), %q)]`, text), chromedp.BySearch)
}

// sigwalk and cosign sign, each as somebody types it.
func (p *person) signers(flags string) map[string][]string {
	return map[string][]string{
		"sigwalk": {"sigwalk", "exec", "--dir", p.b.dir, "--", "cosign sign --yes " + flags + " $IMAGE"},
		"cosign":  {"/bin/sh", "-eu", "-c", terminal + "exec cosign2 sign " + flags + " $IMAGE"},
	}
}

const anyLink = `(http://127\.0\.0\.1:[0-9]+/\S+)`

// TestSignIn: a real Chromium signs in on the sandbox's page in the three ways, for sigwalk and for the real cosign, and
// every signature is in the table.
func TestSignIn(t *testing.T) {
	p := newPerson(t)
	signed := 0
	for name, words := range p.signers("--fulcio-auth-flow normal") {
		t.Run("browser/"+name, func(t *testing.T) {
			opened := filepath.Join(t.TempDir(), "opened")
			m := p.b.onTerminal(t, words, "DISPLAY=:0", "OPENED="+opened)
			p.browser.visit(t, "browser-"+name, chromedp.Navigate(awaitFile(t, opened)), p.logIn(), chromedp.WaitNotPresent("#submit-login", chromedp.ByQuery))
			m.expectSigned(name)
			keep(t, "browser-"+name+".txt", []byte(m.picture()))
			signed++
		})
	}
	for name, words := range p.signers("") { // where no browser can be opened
		t.Run("code/"+name, func(t *testing.T) {
			m := p.b.onTerminal(t, words)
			link := m.expect(anyLink + `[\s\S]*code`)[1]
			var code string
			p.browser.visit(t, "code-"+name, chromedp.Navigate(link), p.logIn(), showing("copy this code"), chromedp.Value(`input[type="text"]`, &code, chromedp.ByQuery))
			m.enter(code)
			m.expectSigned(name)
			keep(t, "code-"+name+".txt", []byte(m.picture()))
			signed++
		})
	}
	for name, words := range p.signers("--fulcio-auth-flow device") {
		t.Run("device/"+name, func(t *testing.T) {
			m := p.b.onTerminal(t, words)
			userCode := m.expect(`\b([A-Z]{4}-[A-Z]{4})\b`)[1]
			link := m.expect(anyLink)[1]
			if !strings.Contains(link, "user_code=") {
				link += "?user_code=" + userCode
			}
			p.browser.visit(t, "device-"+name, chromedp.Navigate(link), chromedp.WaitVisible("#user_code", chromedp.ByQuery),
				chromedp.Click("#submit-login", chromedp.ByQuery), p.logIn(), showing("Return to your device"))
			m.expectSigned(name)
			keep(t, "device-"+name+".txt", []byte(m.picture()))
			signed++
		})
	}
	if t.Failed() {
		return
	}
	o := p.b.sh(t, terminal+`sigwalk verify --dir "$DIR" -o json --certificate-identity `+student+` $IMAGE`)
	var report struct{ Signatures []struct{ Verified bool } }
	if err := json.Unmarshal([]byte(o.stdout), &report); err != nil {
		t.Fatal(err)
	}
	verified := 0
	for _, s := range report.Signatures {
		if s.Verified {
			verified++
		}
	}
	if verified != signed || signed != 6 {
		t.Errorf("%d signatures verify, and %d were made:\n%s", verified, signed, o.stdout)
	}
	// The table itself, on the screen.
	image := strings.TrimSpace(p.b.sh(t, terminal+`printf %s "$IMAGE"`).stdout)
	m := p.b.onTerminal(t, []string{"sigwalk", "browse", "--dir", p.b.dir, image})
	m.expect(`6 ok`)
	table := m.picture()
	if rows := len(regexp.MustCompile(`(?m)^.*`+regexp.QuoteMeta(student)+`.*ok`).FindAllString(table, -1)); rows < signed {
		t.Errorf("%d rows are on the screen, and %d signatures were made:\n%s", rows, signed, table)
	}
	keep(t, "table.txt", []byte(table))
}

// TestCancelledInTheBrowser: whoever presses the other button is signed in nowhere, and is told so where the signature was
// asked for.
func TestCancelledInTheBrowser(t *testing.T) {
	p := newPerson(t)
	opened := filepath.Join(t.TempDir(), "opened")
	m := p.b.onTerminal(t, p.signers("--fulcio-auth-flow normal")["sigwalk"], "DISPLAY=:0", "OPENED="+opened)
	p.browser.visit(t, "cancelled-browser", chromedp.Navigate(awaitFile(t, opened)), cancel(), chromedp.WaitNotPresent("#submit-login", chromedp.ByQuery))
	m.expect(`nobody was signed in`)
	m.expect(`access_denied`)

	m = p.b.onTerminal(t, p.signers("--fulcio-auth-flow device")["sigwalk"])
	link := m.expect(anyLink)[1]
	p.browser.visit(t, "cancelled-device", chromedp.Navigate(link), chromedp.WaitVisible("#user_code", chromedp.ByQuery),
		chromedp.Click("#submit-login", chromedp.ByQuery), cancel(), showing("You can close this page"))
	m.expect(`nobody was signed in`)

	o := p.b.try(t, terminal+`sigwalk verify --dir "$DIR" --certificate-identity `+student+` $IMAGE`)
	if o.code != 10 {
		t.Errorf("something was signed: %s", o)
	}
}

// picture is the screen of the terminal as it stands, as text.
func (m *seat) picture() string {
	screen := vt10x.New(vt10x.WithSize(columns, rows))
	_, _ = screen.Write([]byte(m.said.String()))
	lines := strings.Split(screen.String(), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " ")
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n") + "\n"
}
