package verification_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/sigstore/sigstore-go/pkg/root"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/keys"
	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/actions/verification/verificationtest"
)

// recorder keeps the calls that go through it, and may answer them itself.
type recorder struct {
	mu     sync.Mutex
	calls  []string
	answer func(*http.Request) *http.Response // nil to let the call through
}

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	r.mu.Lock()
	r.calls = append(r.calls, req.Method+" "+req.URL.Scheme+"://"+req.URL.Host+req.URL.Path)
	r.mu.Unlock()
	if r.answer != nil {
		if resp := r.answer(req); resp != nil {
			return resp, nil
		}
	}
	return http.DefaultTransport.RoundTrip(req)
}

func (r *recorder) asked(part string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, call := range r.calls {
		if strings.Contains(call, part) {
			n++
		}
	}
	return n
}

// through is a verifier of w whose every call goes through r.
func (w *world) through(r *recorder) *verification.Verifier {
	opts := w.opts
	opts.Registry = registry.New(registry.Options{Transport: r})
	opts.Transport = r
	return verification.New(opts)
}

// TestCalls checks that what many signatures share is fetched once, and that nobody but the registry is asked.
func TestCalls(t *testing.T) {
	w := crowd(t, 50)
	r := &recorder{}
	report, err := w.through(r).Verify(t.Context(), w.tag(), byAlicePolicy)
	if err != nil || len(report.Verified()) != 50 {
		t.Fatalf("%v %v", report, err)
	}
	for part, want := range map[string]int{"/manifests/latest": 1, ".sig": 1, "/blobs/": 1, "/referrers/": 1} {
		if got := r.asked(part); got != want {
			t.Errorf("%d calls for %s, want %d: %q", got, part, want, r.calls)
		}
	}
	if r.asked(w.host) != len(r.calls) {
		t.Errorf("somebody else was asked: %q", r.calls)
	}
}

func TestFailures(t *testing.T) {
	w := newWorld(t)
	w.attach(w.sign(byAlice))
	closed := httptest.NewServer(http.NotFoundHandler())
	nobody := closed.Listener.Addr().String()
	closed.Close()
	noRoot := w.opts
	noRoot.Material = func(context.Context) (root.TrustedMaterial, error) {
		return nil, &actions.Error{Code: actions.CodeNoTrustRoot, What: "not initialised"}
	}
	_, file := keyPair(t)
	for _, c := range []struct {
		name   string
		v      *verification.Verifier
		image  string
		policy policy
		want   actions.Code
		what   string
	}{
		{
			"no identity", w.verifier, w.tag(),
			policy{Issuer: issuer},
			actions.CodeUsage,
			"--certificate-identity or --certificate-identity-regexp is required for verification in keyless mode",
		},
		{
			"no issuer", w.verifier, w.tag(),
			policy{Subject: alice},
			actions.CodeUsage,
			"--certificate-oidc-issuer or --certificate-oidc-issuer-regexp is required for verification in keyless mode",
		},
		{"broken regular expression", w.verifier, w.tag(), policy{SubjectRegexp: "(", Issuer: issuer}, actions.CodeUsage, "malformed subject"},
		{"no reference", w.verifier, "::", byAlicePolicy, actions.CodeReference, ""},
		{"no such tag", w.verifier, w.host + "/org/app:nowhere", byAlicePolicy, actions.CodeTagNotFound, ""},
		{"no such repository", w.verifier, w.host + "/org/nowhere", byAlicePolicy, actions.CodeTagNotFound, ""},
		{"nobody there", w.verifier, nobody + "/org/app", byAlicePolicy, actions.CodeUnreachable, ""},
		{"no trust root", verification.New(noRoot), w.tag(), byAlicePolicy, actions.CodeNoTrustRoot, ""},
		{"no trust root and nobody there", verification.New(noRoot), nobody + "/org/app", byAlicePolicy, actions.CodeNoTrustRoot, ""},
		{"no trust root needed", verification.New(noRoot), w.tag(), policy{KeyReference: file, IgnoreLog: true}, "", ""},
		{"no key", w.verifier, w.tag(), policy{KeyReference: "nowhere.pub"}, actions.CodeKeyUnreadable, "loading public key"},
		{"no key in the environment", w.verifier, w.tag(), policy{KeyReference: "env://SIGWALK_NO_SUCH_KEY"}, actions.CodeKeyUnreadable, "loading public key"},
		{"key of another kind", w.verifier, w.tag(), policy{KeyReference: "awskms://x"}, actions.CodeNotBuiltIn, "AWS KMS are not built in"},
		{"key by URL from nobody", w.verifier, w.tag(), policy{KeyReference: "http://" + nobody + "/cosign.pub"}, actions.CodeUnreachable, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := c.v.Verify(t.Context(), c.image, c.policy)
			if actions.CodeOf(err) != c.want {
				t.Fatalf("%v (code %q), want code %q", err, actions.CodeOf(err), c.want)
			}
			var e *actions.Error
			if errors.As(err, &e) && (!strings.Contains(e.What, c.what) || e.Next == "" && c.want != actions.CodeNoTrustRoot) {
				t.Errorf("%+v", e)
			}
		})
	}
}

// TestKeyReferences reads the key from each place.
func TestKeyReferences(t *testing.T) {
	key, file := keyPair(t)
	w := newWorld(t)
	w.attach(w.sign(spec{KeyPair: true, Key: key}))
	pem, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write(pem) }))
	defer server.Close()
	opts := w.opts
	opts.Keys = keys.New(keys.Options{
		ReadFile: func(path string) ([]byte, error) {
			if path != "inside/cosign.pub" {
				return nil, os.ErrNotExist
			}
			return pem, nil
		},
		LookupEnv: func(name string) (string, bool) { return string(pem), name == "COSIGN_PUBLIC_KEY" },
	})
	v := verification.New(opts)
	for _, reference := range []string{"inside/cosign.pub", server.URL + "/cosign.pub", "env://COSIGN_PUBLIC_KEY"} {
		report, err := v.Verify(t.Context(), w.tag(), policy{KeyReference: reference})
		if err != nil || report.Verdict() != nil {
			t.Errorf("%s: %v %v", reference, err, report)
		}
	}
	if _, err := v.Verify(t.Context(), w.tag(), policy{KeyReference: file}); err == nil {
		t.Error("a file outside was read")
	}
}

// TestHostileRegistry checks that what is too large or does not fit is refused with a reason, each for itself.
func TestHostileRegistry(t *testing.T) {
	w := newWorld(t)
	large := w.signPayload(strings.Repeat("x", 2<<20))
	w.attach(large, w.sign(byAlice))
	report := w.verify(byAlicePolicy)
	if len(report.Verified()) != 1 {
		t.Fatalf("%d verified", len(report.Verified()))
	}
	for _, s := range report.Signatures {
		if !s.Verified && !strings.Contains(s.Reason.Error(), "is refused") {
			t.Errorf("%v", s.Reason)
		}
	}

	t.Run("payload other than named", func(t *testing.T) {
		w := newWorld(t)
		w.attach(w.sign(byAlice))
		r := &recorder{answer: func(req *http.Request) *http.Response {
			if !strings.Contains(req.URL.Path, "/blobs/") {
				return nil
			}
			rec := httptest.NewRecorder()
			_, _ = rec.WriteString(`{"critical":{}}`)
			return rec.Result()
		}}
		report, err := w.through(r).Verify(t.Context(), w.tag(), byAlicePolicy)
		if err != nil {
			if actions.CodeOf(err) == "" {
				t.Fatalf("no code: %v", err)
			}
			return
		}
		if len(report.Verified()) != 0 || report.Signatures[0].Reason == nil {
			t.Fatalf("%+v", report.Signatures[0])
		}
	})
	t.Run("manifest too large", func(t *testing.T) {
		w := newWorld(t)
		r := &recorder{answer: func(req *http.Request) *http.Response {
			if !strings.HasSuffix(req.URL.Path, ".sig") {
				return nil
			}
			rec := httptest.NewRecorder()
			rec.Header().Set("Content-Type", "application/vnd.oci.image.manifest.v1+json")
			_, _ = rec.WriteString(`{"layers":[]` + strings.Repeat(" ", 33<<20) + `}`)
			return rec.Result()
		}}
		if _, err := w.through(r).Verify(t.Context(), w.tag(), byAlicePolicy); actions.CodeOf(err) != actions.CodeManifestTooLarge {
			t.Fatalf("%v", err)
		}
	})
	t.Run("manifest is no manifest", func(t *testing.T) {
		w := newWorld(t)
		r := &recorder{answer: func(req *http.Request) *http.Response {
			if !strings.HasSuffix(req.URL.Path, ".sig") {
				return nil
			}
			rec := httptest.NewRecorder()
			_, _ = rec.WriteString(`<html>`)
			return rec.Result()
		}}
		if _, err := w.through(r).Verify(t.Context(), w.tag(), byAlicePolicy); actions.CodeOf(err) != actions.CodeNotAnImage {
			t.Fatalf("%v", err)
		}
	})
	t.Run("broken bundle", func(t *testing.T) {
		w := newWorld(t)
		if _, err := verificationtest.Refer(t.Context(), w.image, verificationtest.BundleType, []byte(`{"mediaType":"x"}`), nil); err != nil {
			t.Fatal(err)
		}
		w.refer(goodBundle(w))
		report := w.verify(byAlicePolicy)
		if len(report.Signatures) != 2 || len(report.Verified()) != 1 || report.Signatures[1].Reason == nil {
			t.Fatalf("%+v", report.Signatures)
		}
	})
}

// notes keeps the notes of an action.
type notes struct {
	mu   sync.Mutex
	text []string
}

func (n *notes) Event(_ context.Context, e actions.Event) {
	if note, ok := e.(actions.Note); ok {
		n.mu.Lock()
		n.text = append(n.text, note.Text)
		n.mu.Unlock()
	}
}

func (n *notes) Ask(context.Context, actions.Question) (actions.Answer, error) {
	return actions.Answer{}, actions.ErrNobodyToAsk
}

// TestReferrersRefused checks that a registry which fails on referrers still shows the signatures of the tag, with a word.
func TestReferrersRefused(t *testing.T) {
	w := newWorld(t)
	w.attach(w.sign(byAlice))
	r := &recorder{answer: func(req *http.Request) *http.Response {
		if !strings.Contains(req.URL.Path, "/referrers/") {
			return nil
		}
		rec := httptest.NewRecorder()
		rec.WriteHeader(http.StatusMethodNotAllowed)
		return rec.Result()
	}}
	said := &notes{}
	opts := w.opts
	opts.Registry = registry.New(registry.Options{Transport: r})
	opts.Observer = said
	report, err := verification.New(opts).Verify(t.Context(), w.tag(), byAlicePolicy)
	if err != nil || report.Verdict() != nil {
		t.Fatalf("%v %v", err, report)
	}
	if len(said.text) != 1 || !strings.Contains(said.text[0], "only the signatures in sha256-") {
		t.Errorf("notes: %q", said.text)
	}
}

// TestCancel checks that a cancelled verification ends with the context's error, wherever it stands.
func TestCancel(t *testing.T) {
	w := crowd(t, 20)
	for _, at := range []string{"/manifests/latest", ".sig", "/blobs/", "/referrers/"} {
		ctx, cancel := context.WithCancel(t.Context())
		r := &recorder{answer: func(req *http.Request) *http.Response {
			if strings.Contains(req.URL.Path, at) {
				cancel()
			}
			return nil
		}}
		if _, err := w.through(r).Verify(ctx, w.tag(), byAlicePolicy); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled at %s: %v", at, err)
		}
		cancel()
	}
}

// TestOnline looks a signature without an entry up in the log.
func TestOnline(t *testing.T) {
	w := newWorld(t)
	w.attach(unlogged(w))
	opts := w.opts
	for _, c := range []struct {
		status int
		body   string
		want   actions.Code
	}{
		{http.StatusOK, "[]", actions.CodeLogEntry},
		{http.StatusInternalServerError, "{}", actions.CodeLogUnavailable},
	} {
		rekor := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, req *http.Request) {
			if req.URL.Path != "/api/v1/log/entries/retrieve" {
				t.Errorf("asked for %s", req.URL.Path)
			}
			rw.Header().Set("Content-Type", "application/json")
			rw.WriteHeader(c.status)
			_, _ = fmt.Fprint(rw, c.body)
		}))
		opts.Endpoints.Rekor = rekor.URL
		report, err := verification.New(opts).Verify(t.Context(), w.tag(), byAlicePolicy)
		rekor.Close()
		if err != nil {
			t.Fatal(err)
		}
		if reason := report.Signatures[0].Reason; reason == nil || reason.Code != c.want {
			t.Errorf("status %d: %v, want %s", c.status, reason, c.want)
		}
	}
}

// TestOverAThousand checks more signatures than cosign looks at (1,000).
func TestOverAThousand(t *testing.T) {
	w := crowd(t, 1100)
	if n := len(w.verify(byAlicePolicy).Verified()); n != 1100 {
		t.Errorf("%d verified", n)
	}
}
