package doctor_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/doctor"
	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/workshop/sandbox"
	"github.com/sigwalk/sigwalk/workshop/sandbox/sandboxtest"
)

// world is the sandbox behind a proxy of the test's own, in which one thing can be broken: the addresses stay those of the
// sandbox, as Fulcio and tokens name them.
type world struct {
	tb       testing.TB
	settings sandbox.Settings
	options  doctor.Options
	// answer changes what a server answers to a request; routes sends a host:port elsewhere; serve answers in a server's
	// place and returns true.
	answer func(r *http.Response, body []byte) []byte
	routes map[string]string
	serve  func(w http.ResponseWriter, r *http.Request) bool
}

func newWorld(tb testing.TB) *world {
	tb.Helper()
	s := sandboxtest.Start(tb)
	dir := tb.TempDir()
	w := &world{tb: tb, settings: s, routes: map[string]string{}}
	proxy := httptest.NewServer(w)
	tb.Cleanup(proxy.Close)
	through, err := url.Parse(proxy.URL)
	if err != nil {
		tb.Fatal(err)
	}
	image, _, _ := strings.Cut(s.Image, "@")
	w.options = doctor.Options{
		Endpoints: actions.Endpoints{
			Fulcio: s.Fulcio, Rekor: s.Rekor, TUFMirror: s.TUFMirror, TUFRoot: s.TUFRoot, TUFRootChecksum: s.TUFRootChecksum,
			Timestamp: s.Timestamp, OIDCIssuer: s.OIDCIssuer, OIDCClientID: s.OIDCClientID,
		},
		Homes: actions.HomesBelow(dir), Dir: dir, Registry: s.Registry, Image: image,
		Login: &registry.Credentials{Username: s.RegistryUser, Password: actions.NewSecret(s.RegistryPass)},
		User:  s.OIDCUser, Password: actions.NewSecret(s.OIDCPassword),
		Path: filepath.Join(dir, "no-programs"),
		// Generous: what is tested is never that something is fast.
		Patience: patience, Limit: 10 * patience,
		Base: &http.Transport{Proxy: http.ProxyURL(through)},
	}
	return w
}

// ServeHTTP is the proxy (RFC 9110, 7.7).
func (w *world) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodConnect {
		tunnel(out, r)
		return
	}
	if w.serve != nil && w.serve(out, r) {
		return
	}
	(&httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			if to, ok := w.routes[p.In.URL.Host]; ok {
				p.Out.URL.Host = to
			}
			p.Out.Host = p.In.URL.Host
		},
		ModifyResponse: func(resp *http.Response) error {
			if w.answer == nil {
				return nil
			}
			body, err := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			if err != nil {
				return err
			}
			body = w.answer(resp, body)
			resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
			resp.Header.Set("Content-Length", strconv.Itoa(len(body)))
			return nil
		},
		ErrorHandler: func(out http.ResponseWriter, _ *http.Request, _ error) { hangUp(out) },
	}).ServeHTTP(out, r)
}

// hangUp ends the connection without an answer, as a proxy that cannot reach the server either.
func hangUp(out http.ResponseWriter) {
	if conn, _, err := http.NewResponseController(out).Hijack(); err == nil {
		_ = conn.Close()
	}
}

// tunnel connects to a server that is asked with TLS.
func tunnel(out http.ResponseWriter, r *http.Request) {
	to, err := (&net.Dialer{}).DialContext(r.Context(), "tcp", r.Host)
	if err != nil {
		hangUp(out)
		return
	}
	defer to.Close()
	conn, buffered, err := http.NewResponseController(out).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n"); err != nil {
		return
	}
	done := make(chan struct{}, 2)
	carry := func(to io.Writer, from io.Reader) {
		_, _ = io.Copy(to, from)
		done <- struct{}{}
	}
	go carry(to, buffered) // which may have read ahead
	go carry(conn, to)
	<-done
}

// examine runs the doctor.
func (w *world) examine() *doctor.Report {
	w.tb.Helper()
	report, err := doctor.Examine(w.tb.Context(), w.options)
	if err != nil {
		w.tb.Fatal(err)
	}
	return report
}

// wants fails the test unless the report blames exactly that.
func wants(t *testing.T, report *doctor.Report, codes ...actions.Code) {
	t.Helper()
	got := report.Codes()
	slices.Sort(got)
	slices.Sort(codes)
	if !slices.Equal(got, codes) {
		t.Errorf("blamed: %v, want %v\n%s", got, codes, report.Text(true))
	}
	for _, f := range report.Findings {
		bad := f.State == doctor.Failed
		switch {
		case bad && (f.Means == "" || f.Next == "" || len(f.Evidence) == 0 || f.Code == ""):
			t.Errorf("%s lacks a part: %+v", f.ID, f)
		case f.State == doctor.Skipped && len(f.WaitsFor) == 0 && (f.Means == "" || f.Next == ""):
			t.Errorf("%s does not say why it was skipped: %+v", f.ID, f)
		}
	}
}

// hostOf is the host and port of an address.
func hostOf(tb testing.TB, address string) string {
	tb.Helper()
	u, err := url.Parse(address)
	if err != nil {
		tb.Fatal(err)
	}
	return u.Host
}

func (w *world) registryURL() string { return "http://" + w.settings.Registry }

// remembers has the doctor see the log once, and changes what it remembers of it.
func (w *world) remembers(change func(map[string]any)) {
	w.tb.Helper()
	// There must be something to remember, and whoever else signs meanwhile must not matter.
	w.freezeLog()
	w.examine()
	files, err := filepath.Glob(filepath.Join(w.options.Dir, "doctor", "checkpoint-*.json"))
	if err != nil || len(files) != 1 {
		w.tb.Fatalf("%d checkpoints are remembered (%v)", len(files), err)
	}
	raw, err := os.ReadFile(files[0])
	if err != nil {
		w.tb.Fatal(err)
	}
	var kept map[string]any
	if err := json.Unmarshal(raw, &kept); err != nil {
		w.tb.Fatal(err)
	}
	change(kept)
	if raw, err = json.Marshal(kept); err == nil {
		err = os.WriteFile(files[0], raw, 0o600)
	}
	if err != nil {
		w.tb.Fatal(err)
	}
}

// freezeLog has the log show itself as it is at the first look.
func (w *world) freezeLog() {
	w.tb.Helper()
	request, err := http.NewRequestWithContext(w.tb.Context(), http.MethodGet, w.settings.Rekor+"/api/v1/log", http.NoBody)
	if err != nil {
		w.tb.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		w.tb.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		w.tb.Fatal(err)
	}
	host := hostOf(w.tb, w.settings.Rekor)
	w.serve = func(out http.ResponseWriter, r *http.Request) bool {
		if r.URL.Host != host || r.URL.Path != "/api/v1/log" {
			return false
		}
		out.Header().Set("Content-Type", "application/json")
		_, _ = out.Write(body)
		return true
	}
}
