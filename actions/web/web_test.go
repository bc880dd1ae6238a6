package web_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/web"
)

// recorder is an observer that remembers calls.
type recorder struct {
	mu    sync.Mutex
	calls []actions.Call
}

func (r *recorder) Event(_ context.Context, e actions.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, e.(actions.Call))
}

func (r *recorder) Ask(context.Context, actions.Question) (actions.Answer, error) {
	return actions.Answer{}, actions.ErrNobodyToAsk
}

func transport(t *testing.T, opts web.Options) http.RoundTripper {
	t.Helper()
	through, err := web.Transport(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup((&http.Client{Transport: through}).CloseIdleConnections)
	return through
}

func get(t *testing.T, through http.RoundTripper, address string) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := (&http.Client{Transport: through}).Do(req)
	if err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.Body.Close()
}

func TestCallsAreReportedWithoutSecrets(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("X-Token", "hidden-header")
		_, _ = io.WriteString(w, "12345")
	}))
	defer server.Close()
	seen := &recorder{}
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	clock := func() time.Time { now = now.Add(time.Second); return now }
	through := transport(t, web.Options{Observer: seen, Clock: clock})
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost,
		strings.Replace(server.URL, "http://", "http://user:hidden-password@", 1)+"/a/path?token=hidden-query", strings.NewReader("hidden-body"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer hidden-token")
	resp, err := (&http.Client{Transport: through}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	want := actions.Call{
		Method: http.MethodPost, Host: strings.TrimPrefix(server.URL, "http://"), Path: "/a/path", Status: http.StatusOK,
		At: time.Date(2026, 11, 23, 12, 0, 1, 0, time.UTC), Took: time.Second, Sent: int64(len("hidden-body")), Received: 5,
	}
	if len(seen.calls) != 1 || seen.calls[0] != want {
		t.Errorf("reported %+v, want %+v", seen.calls, want)
	}

	server.Close()
	if err := get(t, through, server.URL+"/gone?token=hidden-query"); err == nil {
		t.Fatal("a closed server answered")
	}
	last := seen.calls[len(seen.calls)-1]
	if last.Status != 0 || last.Err == "" || strings.Contains(last.Err, "hidden") || last.Received != -1 {
		t.Errorf("reported %+v", last)
	}
}

// TestAnAnswerOfUnknownLengthIsCounted: it is reported once, when it was read or given up.
func TestAnAnswerOfUnknownLengthIsCounted(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for range 3 {
			_, _ = io.WriteString(w, "12345")
			w.(http.Flusher).Flush()
		}
	}))
	defer server.Close()
	seen := &recorder{}
	through := transport(t, web.Options{Observer: seen})
	for _, most := range []int64{1000, 0} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := (&http.Client{Transport: through}).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		before := len(seen.calls)
		if n, err := io.Copy(io.Discard, io.LimitReader(resp.Body, most)); err != nil || n != min(most, 15) {
			t.Fatalf("%d, %v", n, err)
		}
		if err := resp.Body.Close(); err != nil {
			t.Fatal(err)
		}
		if len(seen.calls) != before+1 || seen.calls[before].Received != min(most, 15) || seen.calls[before].Status != http.StatusOK {
			t.Errorf("reported %+v", seen.calls[before:])
		}
	}
}

// authority makes certificates for servers of a test.
type authority struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
	file string
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "a private authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return &authority{key, cert, file}
}

// serve starts a server with a certificate for name that is valid until then.
func (a *authority) serve(t *testing.T, name string, until time.Time) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "server"}, NotBefore: until.Add(-2 * time.Hour), NotAfter: until,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if ip := net.ParseIP(name); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{name}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL
}

func TestCAFile(t *testing.T) {
	ca := newAuthority(t)
	address := ca.serve(t, "127.0.0.1", time.Now().Add(time.Hour))
	if err := get(t, transport(t, web.Options{CAFile: ca.file}), address); err != nil {
		t.Errorf("with the authority's certificate: %v", err)
	}
	base := http.DefaultTransport.(*http.Transport).Clone()
	if err := get(t, transport(t, web.Options{CAFile: ca.file, Base: base, Observer: &recorder{}}), address); err != nil {
		t.Errorf("with the authority's certificate and a base: %v", err)
	}
	err := web.Explain(get(t, transport(t, web.Options{}), address), "registry.example")
	wantError(t, err, actions.CodeTLS, "does not know", "--ca-file", "registry.example")

	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{empty, filepath.Join(t.TempDir(), "missing.pem")} {
		_, err := web.Transport(web.Options{CAFile: file})
		wantError(t, err, actions.CodeUsage, file)
	}
}

func TestExplainTLS(t *testing.T) {
	ca := newAuthority(t)
	through := transport(t, web.Options{CAFile: ca.file})
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	for name, c := range map[string]struct {
		address string
		says    []string
	}{
		"another name": {ca.serve(t, "other.example", time.Now().Add(time.Hour)), []string{"is for other.example and not for 127.0.0.1"}},
		"expired":      {ca.serve(t, "127.0.0.1", time.Now().Add(-time.Hour)), []string{"is valid from", "clock"}},
		"plain HTTP":   {strings.Replace(plain.URL, "http:", "https:", 1), []string{"plain HTTP", "port"}},
	} {
		t.Run(name, func(t *testing.T) {
			wantError(t, web.Explain(get(t, through, c.address), "registry.example"), actions.CodeTLS, c.says...)
		})
	}
}

func TestExplainConnection(t *testing.T) {
	closed := func() string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = l.Close() }()
		return l.Addr().String()
	}()
	cut, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cut.Close() }()
	go func() {
		for {
			conn, err := cut.Accept()
			if err != nil {
				return
			}
			_ = conn.Close()
		}
	}()
	silent, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and never says a word
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	impatient := http.DefaultTransport.(*http.Transport).Clone()
	impatient.TLSHandshakeTimeout = 50 * time.Millisecond
	impatient.ResponseHeaderTimeout = 50 * time.Millisecond
	proxied := http.DefaultTransport.(*http.Transport).Clone()
	proxied.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: closed})
	unknown := http.DefaultTransport.(*http.Transport).Clone()
	unknown.DialContext = func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "quay.exmaple", IsNotFound: true}}
	}
	lost := http.DefaultTransport.(*http.Transport).Clone()
	lost.DialContext = func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "server misbehaving", Name: "quay.example", IsTemporary: true}}
	}
	for name, c := range map[string]struct {
		base    *http.Transport
		address string
		says    []string
	}{
		"refused":      {nil, "http://" + closed, []string{"refused", "nothing listens"}},
		"name unknown": {unknown, "https://quay.exmaple", []string{"quay.exmaple is not known"}},
		"name service": {lost, "https://quay.example", []string{"could not be looked up"}},
		"cut off":      {nil, "http://" + cut.Addr().String(), []string{"cut off"}},
		"no TLS":       {impatient, "https://" + silent.Addr().String(), []string{"no answer in time"}},
		"no answer":    {impatient, "http://" + silent.Addr().String(), []string{"no answer in time"}},
		"proxy":        {proxied, "https://quay.example", []string{"proxy", "HTTPS_PROXY"}},
	} {
		t.Run(name, func(t *testing.T) {
			opts := web.Options{Observer: &recorder{}}
			if c.base != nil {
				t.Cleanup(c.base.CloseIdleConnections)
				opts.Base = c.base
			}
			err := get(t, transport(t, opts), c.address)
			wantError(t, web.Explain(err, "registry.example"), actions.CodeUnreachable, append(c.says, "registry.example")...)
		})
	}
}

func TestExplainLeavesOthersAlone(t *testing.T) {
	other := errors.New("something else")
	explained := &actions.Error{Code: actions.CodeServer, What: "done"}
	for _, err := range []error{nil, other, explained, context.Canceled} {
		if got := web.Explain(err, "registry.example"); !errors.Is(got, err) || got != err { //nolint:errorlint // the very same error
			t.Errorf("%v became %v", err, got)
		}
	}
	err := web.Explain(context.DeadlineExceeded, "registry.example")
	wantError(t, err, actions.CodeUnreachable, "no answer in time")
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Error("the cause is lost")
	}
}

func wantError(t *testing.T, err error, code actions.Code, says ...string) {
	t.Helper()
	var e *actions.Error
	if !errors.As(err, &e) || e.Code != code {
		t.Fatalf("%v (code %q), want code %s", err, actions.CodeOf(err), code)
	}
	all := e.What + "\n" + e.Why + "\n" + e.Next
	for _, want := range says {
		if !strings.Contains(all, want) {
			t.Errorf("%q is not said in\n%s", want, all)
		}
	}
	if e.What == "" || e.Next == "" || e.Error() == e.What {
		t.Errorf("what, why or next is empty: %+v", e)
	}
}
