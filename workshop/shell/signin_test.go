package shell_test

import (
	"context"
	"crypto/rand"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/identity"
	"github.com/sigwalk/sigwalk/actions/signing"
	"github.com/sigwalk/sigwalk/workshop/environment"
	"github.com/sigwalk/sigwalk/workshop/loginpage"
	"github.com/sigwalk/sigwalk/workshop/sandbox/sandboxtest"
	"github.com/sigwalk/sigwalk/workshop/shell"
)

// guest is a person who agrees, and logs in at the page that a sign-in names, in whatever way.
type guest struct {
	t       *testing.T
	refuse  bool      // a code is sent that nobody gave, and nobody is there afterwards
	reads   io.Writer // shows what is asked, as a terminal does; nil shows nothing
	mu      sync.Mutex
	asked   []actions.Question
	secrets []string
}

func (*guest) Event(context.Context, actions.Event) {}

func (g *guest) Ask(ctx context.Context, q actions.Question) (actions.Answer, error) {
	g.mu.Lock()
	g.asked = append(g.asked, q)
	g.mu.Unlock()
	if g.reads != nil {
		_, _ = io.WriteString(g.reads, q.Script()+"\n")
	}
	prompt, ok := q.Detail.(*identity.Prompt)
	switch {
	case q.ID == signing.QuestionConsent:
		return actions.Answer{Yes: true}, nil
	case !ok:
		return actions.Answer{}, actions.ErrNobodyToAsk
	case g.refuse && prompt.Failure != nil:
		return actions.Answer{}, actions.ErrNobodyToAsk
	case g.refuse:
		g.secrets = append(g.secrets, "made-up-code")
		return actions.Answer{Text: actions.NewSecret("made-up-code")}, nil
	}
	code := g.logIn(prompt.URL)
	if prompt.Way == identity.WayCode {
		return actions.Answer{Text: code}, nil
	}
	<-ctx.Done()
	return actions.Answer{}, ctx.Err()
}

func (g *guest) logIn(link string) actions.Secret {
	code, err := loginpage.Visit{
		URL: link, Username: "user1@demo.redhat.com", Password: actions.NewSecret(sandboxtest.Start(g.t).OIDCPassword),
	}.Log(g.t.Context())
	if err != nil {
		g.t.Errorf("log in: %v", err)
	}
	if !code.IsZero() {
		g.secrets = append(g.secrets, code.Reveal())
	}
	return code
}

// ready has copied an image, initialised and logged in. The image is the test's own, also where it runs more than once.
func ready(t *testing.T, opts shell.Options) *bench {
	t.Helper()
	b := newClassroom(t, opts)
	repository := strings.ToLower(t.Name() + "-" + rand.Text()[:8])
	b.want(t, "cd "+workspace+" && cosign initialize >/dev/null && cosign login $QUAY -u $QUAY_USER -p $QUAY_PASSWORD 2>/dev/null"+
		" && IMAGE=$QUAY/l3-students/"+repository+":latest && crane copy $SOURCE_IMAGE $IMAGE", 0, ``, ``)
	return b
}

// The page's own line, without a token: a person signs in, in each way, and the signature is in the table.
func TestSignInteractively(t *testing.T) {
	opened := make(chan string, 1)
	b := ready(t, shell.Options{OpenBrowser: func(_ context.Context, link string) error {
		opened <- link
		return nil
	}})
	for i, c := range []struct{ line, way, stderr string }{
		{"cosign sign $IMAGE", "browser", "Generating ephemeral keys...\nRetrieving signed certificate...\nSuccessfully verified SCT...\n"},
		{"cosign sign --fulcio-auth-flow=normal --oidc-redirect-url=urn:ietf:wg:oauth:2.0:oob $IMAGE", "code", "Retrieving signed certificate...\n"},
		{"cosign sign --fulcio-auth-flow=device $IMAGE", "device", "Generating ephemeral keys...\nToken received!\nRetrieving signed certificate...\n"},
	} {
		g := &guest{t: t}
		out, errs, result := b.runWith(t.Context(), t, c.line, nil, g)
		if result.ExitCode != 0 || !strings.Contains(errs, c.stderr) || !strings.Contains(errs, "tlog entry created with index: ") {
			t.Fatalf("$ %s\nexit code %d\n%s%s", c.line, result.ExitCode, out, errs)
		}
		// The notice comes before the page opens.
		if len(g.asked) != 2 || g.asked[0].ID != signing.QuestionConsent {
			t.Fatalf("%s: asked %v", c.line, g.asked)
		}
		prompt := g.asked[1].Detail.(*identity.Prompt)
		if string(prompt.Way) != c.way || !strings.HasPrefix(prompt.Purpose, "l3-students/testsigninteractively-") ||
			!strings.Contains(prompt.Purpose, "@sha256:") {
			t.Errorf("%s: prompt %+v", c.line, prompt)
		}
		if c.way == "browser" {
			if link := <-opened; link != prompt.URL {
				t.Errorf("opened %s", link)
			}
		}
		signed, ok := result.Values[0].(*signing.Result)
		if !ok || signed.Subject != "user1@demo.redhat.com" || signed.Total != i+1 {
			t.Errorf("%s: %+v", c.line, result.Values)
		}
		for _, secret := range g.secrets {
			if strings.Contains(out+errs, secret) {
				t.Errorf("%s: the code is printed", c.line)
			}
		}
	}
	b.want(t, "cosign verify --certificate-identity=user1@demo.redhat.com $IMAGE | jq length", 0, `^3\n$`, ``)
}

// Two images on one line are signed with one sign-in.
func TestSignInOnceForALine(t *testing.T) {
	b := ready(t, shell.Options{})
	g := &guest{t: t}
	_, errs, result := b.runWith(t.Context(), t, "crane copy $IMAGE $QUAY/l3-students/another:once && cosign sign $IMAGE $QUAY/l3-students/another:once", nil, g)
	if result.ExitCode != 0 || len(g.asked) != 2 || len(result.Values) < 2 {
		t.Errorf("exit code %d, %d questions, %d results\n%s", result.ExitCode, len(g.asked), len(result.Values), errs)
	}
}

// What can be known beforehand is known before anybody logs in.
func TestNobodyLogsInInVain(t *testing.T) {
	b := ready(t, shell.Options{})
	for name, c := range map[string]struct {
		line   string
		stderr string
	}{
		"no such image":         {"cosign sign $QUAY/l3-students/made-up:latest", "made-up"},
		"no right to push":      {"DOCKER_CONFIG=nobody cosign sign $IMAGE", "next:"},
		"provider down":         {"cosign sign --oidc-issuer=http://127.0.0.1:1/realms/demo $IMAGE", "cannot be reached"},
		"no such flow":          {"cosign sign --fulcio-auth-flow=magic $IMAGE", "unsupported oauth flow: magic"},
		"token, without one":    {"cosign sign --fulcio-auth-flow=token $IMAGE", "there is no identity token"},
		"provider not here":     {"cosign sign --oidc-provider=spiffe $IMAGE", "sees nothing of the machine"},
		"client without secret": {"cosign sign --fulcio-auth-flow=client_credentials $IMAGE", "has no secret"},
		"not on loopback":       {"cosign sign --oidc-redirect-url=http://example.com/cb $IMAGE", "listens on this machine alone"},
	} {
		t.Run(name, func(t *testing.T) {
			g := &guest{t: t, refuse: true}
			_, errs, result := b.runWith(t.Context(), t, c.line, nil, g)
			if result.ExitCode != 1 || !strings.Contains(errs, c.stderr) || !strings.Contains(errs, "  next: ") {
				t.Errorf("exit code %d\n%s", result.ExitCode, errs)
			}
			for _, q := range g.asked {
				if prompt, ok := q.Detail.(*identity.Prompt); ok && prompt.URL != "" {
					t.Errorf("a page was opened: %+v", prompt)
				}
			}
		})
	}
	b.write(t, "scripts/secret", []byte("planted-client-secret\n"))
	_, errs, _ := b.runWith(t.Context(), t, "cosign sign --fulcio-auth-flow=client_credentials --oidc-client-secret-file=secret $IMAGE", nil, &guest{t: t})
	if !strings.Contains(errs, "get a token of its own") || strings.Contains(errs, "planted-client-secret") {
		t.Errorf("client credentials at a provider without them:\n%s", errs)
	}
}

// The public services are not asked beside the trust root of another deployment.
func TestNoPublicServiceBesideAnotherTrustRoot(t *testing.T) {
	b := ready(t, shell.Options{})
	for line, want := range map[string]string{
		"cosign sign --tlog-upload=false $IMAGE":              "--fulcio-url is not given, and its default is the public https://fulcio.sigstore.dev",
		"cosign sign --fulcio-url=http://127.0.0.1:1/ $IMAGE": "--rekor-url is not given, and its default is the public https://rekor.sigstore.dev",
		"cosign sign --key=cosign.key $IMAGE":                 "--rekor-url is not given, and its default is the public https://rekor.sigstore.dev",
	} {
		_, errs, result := b.runWith(t.Context(), t, "unset COSIGN_FULCIO_URL COSIGN_REKOR_URL; "+line, nil, &guest{t: t, refuse: true})
		if result.ExitCode != 1 || !strings.Contains(errs, want) || !strings.Contains(errs, "next: export COSIGN_") {
			t.Errorf("%s: exit code %d\n%s", line, result.ExitCode, errs)
		}
	}
}

// A code that is refused is an error that says so, without the code; nothing is attached.
func TestRefusedCode(t *testing.T) {
	b := ready(t, shell.Options{})
	g := &guest{t: t, refuse: true}
	_, errs, result := b.runWith(t.Context(), t, "cosign sign $IMAGE", nil, g)
	if result.ExitCode != 1 || !strings.Contains(errs, "refused the code") || strings.Contains(errs, "made-up-code") {
		t.Errorf("exit code %d\n%s", result.ExitCode, errs)
	}
	b.want(t, "cosign verify --certificate-identity=user1@demo.redhat.com $IMAGE", 10, ``, `no signatures`)
}

// --timeout is for services: while a person is asked it stands still.
func TestTimeoutWaitsForAPerson(t *testing.T) {
	b := ready(t, shell.Options{})
	slow := &guest{t: t}
	// The device grant is polled after five seconds, longer than the limit.
	_, errs, result := b.runWith(t.Context(), t, "cosign sign --timeout=4s --fulcio-auth-flow=device $IMAGE", nil, slow)
	if result.ExitCode != 0 {
		t.Errorf("exit code %d\n%s", result.ExitCode, errs)
	}
	_, errs, result = b.runWith(t.Context(), t, "cosign sign --timeout=1ns $IMAGE", nil, slow)
	if result.ExitCode != 1 || !strings.Contains(errs, "not done within 1ns") {
		t.Errorf("exit code %d\n%s", result.ExitCode, errs)
	}
}

// A given token is used without a question; a flow that was asked for counts for more.
func TestTokenOrFlow(t *testing.T) {
	b := ready(t, shell.Options{})
	b.env.Set(environment.Variable{
		Name: "SIGSTORE_ID_TOKEN", Value: sandboxtest.Token(t, "admin@demo.redhat.com"), Exported: true, Secret: true, Source: "test",
	})
	for line, subject := range map[string]string{
		"cosign sign $IMAGE":                                  "admin@demo.redhat.com",
		"cosign sign --fulcio-auth-flow=token $IMAGE":         "admin@demo.redhat.com",
		"cosign sign --fulcio-auth-flow=normal $IMAGE":        "user1@demo.redhat.com",
		"cosign sign --oidc-provider=envvar $IMAGE":           "admin@demo.redhat.com",
		"cosign sign --oidc-disable-ambient-providers $IMAGE": "user1@demo.redhat.com",
	} {
		_, errs, result := b.runWith(t.Context(), t, line, nil, &guest{t: t})
		if len(result.Values) != 1 || result.Values[0].(*signing.Result).Subject != subject {
			t.Errorf("$ %s\nnot signed by %s: %v\n%s", line, subject, result.Values, errs)
		}
	}
}
