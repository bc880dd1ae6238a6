package doctor_test

import (
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/doctor"
	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/workshop/sandbox/sandboxtest"
)

// fault is one thing that is wrong, in a world that is well otherwise.
type fault struct {
	name  string
	code  actions.Code
	wreck func(w *world)
	// seen must stand in the evidence; empty for anything.
	seen string
}

// TestEachFaultIsNamedAndNothingElse is what the doctor is for.
func TestEachFaultIsNamedAndNothingElse(t *testing.T) {
	t.Parallel()
	var all []fault
	for _, some := range [][]fault{networkFaults(), answerFaults(), identityFaults(), trustFaults(), logFaults(), registryFaults(), machineFaults()} {
		all = append(all, some...)
	}
	if len(all) < 25 {
		t.Errorf("only %d faults", len(all))
	}
	for _, f := range all {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			f.wreck(w)
			report := w.examine()
			wants(t, report, f.code)
			for _, found := range report.Failures() {
				if !strings.Contains(strings.Join(found.Evidence, "\n"), f.seen) {
					t.Errorf("the evidence of %s lacks %q: %q", found.ID, f.seen, found.Evidence)
				}
			}
			if report.Count(doctor.OK) == 0 {
				t.Error("nothing else was looked at")
			}
		})
	}
}

// impatient shortens the wait for what hangs; what does not hang takes a small part of it.
func (w *world) impatient() { w.options.Patience = 5 * time.Second }

// answers makes the server at an address answer a path in its own way; an empty path is every one.
func (w *world) answers(address, path string, handler http.HandlerFunc) {
	host, before := hostOf(w.tb, address), w.serve
	w.serve = func(out http.ResponseWriter, r *http.Request) bool {
		if r.URL.Host == host && (path == "" || strings.HasPrefix(r.URL.Path, path)) {
			handler(out, r)
			return true
		}
		return before != nil && before(out, r)
	}
}

// edits changes the answers of the server at an address to a path.
func (w *world) edits(address, path string, edit func(resp *http.Response, body []byte) []byte) {
	host := hostOf(w.tb, address)
	w.answer = func(resp *http.Response, body []byte) []byte {
		if u := resp.Request.URL; u.Host == host && strings.HasPrefix(u.Path, path) {
			return edit(resp, body)
		}
		return body
	}
}

// replaces is an edit of text.
func replaces(before, after string) func(*http.Response, []byte) []byte {
	return func(_ *http.Response, body []byte) []byte {
		return []byte(strings.ReplaceAll(string(body), before, after))
	}
}

// says answers with a status and a body.
func says(status int, body string) http.HandlerFunc {
	return func(out http.ResponseWriter, _ *http.Request) {
		out.WriteHeader(status)
		_, _ = out.Write([]byte(body))
	}
}

// hangs takes the request and says nothing until whoever asked has gone.
func hangs(_ http.ResponseWriter, r *http.Request) {
	// A server notices that whoever asked has gone only when it has read the request.
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

func answerFaults() []fault {
	issuer := func(w *world) string { return w.settings.OIDCIssuer }
	path := func(address string) string { u, _ := url.Parse(address); return u.Path }
	return []fault{
		{"Fulcio fails", actions.CodeServer, func(w *world) {
			w.answers(w.settings.Fulcio, "/api/v2/", says(http.StatusInternalServerError, "boom"))
		}, "500"},
		{"the router has no pod of Rekor", actions.CodeServer, func(w *world) {
			w.answers(w.settings.Rekor, "", says(http.StatusServiceUnavailable, "<html>Application is not available</html>"))
		}, "503"},
		{"a gateway in front of Rekor wants a login", actions.CodeAccessRefused, func(w *world) {
			w.answers(w.settings.Rekor, "", says(http.StatusForbidden, "no"))
		}, "403"},
		{"a gateway in front of the timestamp authority wants a login", actions.CodeAccessRefused, func(w *world) {
			w.answers(w.settings.Timestamp, "", says(http.StatusUnauthorized, ""))
		}, "401"},
		{"a gateway in front of the TUF mirror wants a login", actions.CodeAccessRefused, func(w *world) {
			w.answers(w.settings.TUFMirror, "", says(http.StatusForbidden, ""))
		}, "403"},
		{"a login page stands in front of the identity provider", actions.CodeNotAsked, func(w *world) {
			w.answers(issuer(w), "", says(http.StatusOK, "<html>Log in</html>"))
		}, "it begins with <html>"},
		{"the TUF mirror sends garbage", actions.CodeNotAsked, func(w *world) {
			w.answers(w.settings.TUFMirror, "", says(http.StatusOK, "\x00\x01garbage"))
		}, ""},
		{"Fulcio sends garbage", actions.CodeNotAsked, func(w *world) {
			w.answers(w.settings.Fulcio, "", says(http.StatusOK, "{"))
		}, ""},
		{"the registry is something else", actions.CodeNotAsked, func(w *world) {
			w.answers(w.registryURL(), "", says(http.StatusNotFound, "page not found"))
		}, ""},
		{"the token endpoint hangs", actions.CodeNoAnswer, func(w *world) {
			w.impatient()
			w.answers(issuer(w), path(issuer(w))+"/protocol/openid-connect/token", hangs)
		}, ""},
		{"the TUF mirror hangs", actions.CodeNoAnswer, func(w *world) {
			w.impatient()
			w.answers(w.settings.TUFMirror, "/", hangs)
		}, ""},
	}
}

func logFaults() []fault {
	return []fault{
		{"the search index is switched off", actions.CodeSearchIndex, func(w *world) {
			w.answers(w.settings.Rekor, "/api/v1/index/", says(http.StatusNotImplemented, ""))
		}, "501"},
		{"the checkpoint was changed on its way", actions.CodeCheckpoint, func(w *world) {
			w.edits(w.settings.Rekor, "/api/v1/log", func(resp *http.Response, body []byte) []byte {
				if resp.Request.URL.Path != "/api/v1/log" {
					return body
				}
				// The size stands in the note's second line.
				return []byte(strings.Replace(string(body), `\n`, `\n1`, 1))
			})
		}, "signature"},
		{"the log forgot what it had", actions.CodeLogForked, func(w *world) {
			w.remembers(func(s map[string]any) { s["size"] = 1 << 40 })
		}, "now it has"},
		{"the log shows another history", actions.CodeLogForked, func(w *world) {
			w.remembers(func(s map[string]any) { s["rootHash"] = strings.Repeat("ab", 32) })
		}, "abababababab"},
	}
}

func registryFaults() []fault {
	denied := `{"errors":[{"code":"DENIED","message":"requested access to the resource is denied"}]}`
	return []fault{
		{"the stored password is wrong", actions.CodeWrongPassword, func(w *world) {
			w.dockerConfig(`{"auths":{"` + w.settings.Registry + `":{"username":"` + w.settings.RegistryUser + `","password":"nonsense"}}}`)
		}, "refused"},
		{"the password at hand is wrong", actions.CodeWrongPassword, func(w *world) {
			w.options.Login = &registry.Credentials{Username: "somebody", Password: actions.NewSecret("nonsense")}
		}, "somebody"},
		{"no right to push", actions.CodePushDenied, func(w *world) {
			w.copies()
			w.serve = func(out http.ResponseWriter, r *http.Request) bool {
				if r.URL.Host != w.settings.Registry || r.Method != http.MethodPost {
					return false
				}
				says(http.StatusForbidden, denied)(out, r)
				return true
			}
		}, "does not let"},
		{"no right to pull", actions.CodePullDenied, func(w *world) {
			w.copies()
			repository, _, _ := strings.Cut(strings.TrimPrefix(w.options.Image, w.settings.Registry+"/"), ":")
			w.answers(w.registryURL(), "/v2/"+repository+"/manifests/", says(http.StatusForbidden, denied))
		}, ""},
		{"the registry fails when asked for referrers", actions.CodeReferrers, func(w *world) {
			w.copies()
			repository, _, _ := strings.Cut(strings.TrimPrefix(w.options.Image, w.settings.Registry+"/"), ":")
			w.answers(w.registryURL(), "/v2/"+repository+"/referrers/", says(http.StatusForbidden, denied))
		}, ""},
		{"the signature tag is nearly full", actions.CodeManifestLimit, func(w *world) {
			w.copies()
			repository, _, _ := strings.Cut(strings.TrimPrefix(w.options.Image, w.settings.Registry+"/"), ":")
			w.serve = func(out http.ResponseWriter, r *http.Request) bool {
				if r.URL.Host != w.settings.Registry || !strings.HasPrefix(r.URL.Path, "/v2/"+repository+"/manifests/sha256-") {
					return false
				}
				out.Header().Set("Content-Type", "application/vnd.oci.image.manifest.v1+json")
				out.Header().Set("Docker-Content-Digest", "sha256:"+strings.Repeat("00", 32))
				out.Header().Set("Content-Length", "4100000")
				out.WriteHeader(http.StatusOK)
				return true
			}
		}, "KiB"},
	}
}

// copies puts an image of the test's own into the registry.
func (w *world) copies() {
	w.options.Image, _ = sandboxtest.CopyImage(w.tb, "")
}

func (w *world) dockerConfig(text string) {
	w.tb.Helper()
	if err := os.MkdirAll(w.options.Homes.Docker, 0o700); err != nil {
		w.tb.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(w.options.Homes.Docker, "config.json"), []byte(text), 0o600); err != nil {
		w.tb.Fatal(err)
	}
}

func machineFaults() []fault {
	return []fault{
		{"the credentials helper is missing", actions.CodeCredentialStore, func(w *world) {
			w.dockerConfig(`{"credsStore":"sigwalk-test-that-is-not-there"}`)
		}, "not installed"},
		{"config.json is broken", actions.CodeCredentialStore, func(w *world) { w.dockerConfig(`{"auths":`) }, ""},
		{"the state directory is gone", actions.CodeStateUnwritable, func(w *world) {
			w.options.Dir = filepath.Join(w.options.Dir, "gone")
		}, "no such file"},
		{"cosign does not run", actions.CodeCosignUnusable, func(w *world) { w.program("cosign", "#!/bin/sh\necho broken >&2\nexit 1\n") }, "broken"},
		{"cosign is too old", actions.CodeCosignOld, func(w *world) {
			w.program("cosign", "#!/bin/sh\necho '{\"gitVersion\":\"v1.13.1\"}'\n")
		}, "v1.13.1"},
	}
}

func (w *world) program(name, text string) {
	w.tb.Helper()
	dir := w.tb.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
		w.tb.Fatal(err)
	}
	w.options.Path = dir
}

// moved is a clock that is off.
func moved(by time.Duration) actions.Clock { return func() time.Time { return time.Now().Add(by) } }

// TestEverythingAtOnce has every server answer in the same wrong way: it is told as what it is, and it ends.
func TestEverythingAtOnce(t *testing.T) {
	t.Parallel()
	for name, wrong := range map[string]struct {
		answer http.HandlerFunc
		code   actions.Code
	}{
		"hangs":   {hangs, actions.CodeNoAnswer},
		"401":     {says(http.StatusUnauthorized, "log in"), actions.CodeAccessRefused},
		"403":     {says(http.StatusForbidden, "no"), actions.CodeAccessRefused},
		"500":     {says(http.StatusInternalServerError, "boom"), actions.CodeServer},
		"garbage": {says(http.StatusOK, "<html>Welcome</html>"), actions.CodeNotAsked},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if name == "hangs" {
				// Each check may take longer than all of them, so that it is the end of all that counts.
				w.options.Limit = 2 * time.Second
			}
			w.serve = func(out http.ResponseWriter, r *http.Request) bool {
				wrong.answer(out, r)
				return true
			}
			wants(t, w.examine(), wrong.code)
		})
	}
}
