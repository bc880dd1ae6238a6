package signing_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/actions/signing"
	"github.com/sigwalk/sigwalk/workshop/sandbox/sandboxtest"
)

// between stands between the signer and the services: it counts the calls by service and may answer itself.
type between struct {
	mu     sync.Mutex
	calls  map[string]int
	tokens int                                         // calls that carried one
	answer func(*http.Request) (*http.Response, error) // nil, nil to let the call through
}

func (b *between) RoundTrip(r *http.Request) (*http.Response, error) {
	b.mu.Lock()
	if b.calls == nil {
		b.calls = map[string]int{}
	}
	b.calls[r.URL.Host]++
	if r.Header.Get("Authorization") != "" {
		b.tokens++
	}
	b.mu.Unlock()
	if b.answer != nil {
		if response, err := b.answer(r); response != nil || err != nil {
			return response, err
		}
	}
	return http.DefaultTransport.RoundTrip(r)
}

func (b *between) to(url string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.calls[strings.TrimPrefix(url, "http://")]
}

func (b *between) total() (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.calls {
		n += c
	}
	return n
}

func says(status int, body string) (*http.Response, error) {
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}, nil
}

// assertNothingAttached looks whether the image has a signature tag.
func assertNothingAttached(t *testing.T, image, digest string) {
	t.Helper()
	ref, err := name.ParseReference(image)
	if err != nil {
		t.Fatal(err)
	}
	tag := ref.Context().Tag(strings.Replace(digest, ":", "-", 1) + ".sig")
	if _, err := remote.Get(tag, remote.WithAuth(sandboxtest.Login(t)), remote.WithContext(t.Context())); err == nil {
		t.Error("a signature was attached")
	}
}

func TestServicesThatFail(t *testing.T) {
	b := newBench(t)
	image, digest := sandboxtest.CopyImage(t, "")
	on := func(url string, answer func(*http.Request) (*http.Response, error)) func(*http.Request) (*http.Response, error) {
		return func(r *http.Request) (*http.Response, error) {
			if strings.Contains(url, r.URL.Host) {
				return answer(r)
			}
			return nil, nil
		}
	}
	refused := func(*http.Request) (*http.Response, error) { return nil, errors.New("connection refused, as it were") }
	status := func(code int, body string) func(*http.Request) (*http.Response, error) {
		return func(*http.Request) (*http.Response, error) { return says(code, body) }
	}
	s := b.settings
	for _, c := range []struct {
		what   string
		answer func(*http.Request) (*http.Response, error)
		want   actions.Code
		why    string
		stage  string
	}{
		{"Fulcio does not answer", on(s.Fulcio, refused), actions.CodeUnreachable, "refused", "certificate"},
		{"Fulcio fails", on(s.Fulcio, status(500, `{"code":13,"message":"error communicating with CA backend"}`)), actions.CodeServer, "CA backend", "certificate"},
		{"Fulcio is a web page", on(s.Fulcio, status(200, "<html>hello</html>")), actions.CodeNotAsked, "", "certificate"},
		{"no timestamp", on(s.Timestamp, status(500, "out of time")), actions.CodeTimestamp, "out of time", "timestamp"},
		{"another's timestamp", on(s.Timestamp, status(201, "garbage")), actions.CodeTimestamp, "", "timestamp"},
		{"Rekor is down", on(s.Rekor, refused), actions.CodeLogUnavailable, "refused", "log"},
		{"Rekor is overloaded", on(s.Rekor, status(503, "come back later")), actions.CodeLogUnavailable, "come back later", "log"},
		{"Rekor refuses", on(s.Rekor, status(400, `{"code":400,"message":"error processing entry"}`)), actions.CodeLogRefused, "error processing entry", "log"},
		{"Rekor goes silent", on(s.Rekor, func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusCreated, Header: http.Header{}, Body: io.NopCloser(io.MultiReader(strings.NewReader(`{"half":`), broken{}))}, nil
		}), actions.CodeLogUnavailable, "", "log"},
	} {
		t.Run(c.what, func(t *testing.T) {
			line, seen := &between{answer: c.answer}, &watching{}
			opts := b.opts
			opts.Transport, opts.Observer = line, seen
			_, err := signing.New(opts).SignWithToken(t.Context(), signing.Request{
				Image: image, Token: actions.NewSecret(sandboxtest.Token(t, "user1@demo.redhat.com")), Consented: true,
			})
			var e *actions.Error
			if !errors.As(err, &e) || e.Code != c.want {
				t.Fatalf("got %v (%v)", err, actions.CodeOf(err))
			}
			if !strings.Contains(e.Error(), c.why) || e.Next == "" {
				t.Errorf("%q, next %q", e, e.Next)
			}
			if !strings.HasSuffix(seen.ended(), c.stage+":failed") {
				t.Errorf("stages %s", seen.ended())
			}
			if c.stage != "log" && line.to(s.Rekor) > 0 {
				t.Error("the log was written for nothing")
			}
			assertNothingAttached(t, image, digest)
		})
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// TestALogThatAnswersWithAnotherEntry: what is attached must be this signature's entry and no other's.
func TestALogThatAnswersWithAnotherEntry(t *testing.T) {
	b := newBench(t)
	image, _ := sandboxtest.CopyImage(t, "")
	var first []byte
	line := &between{}
	line.answer = func(r *http.Request) (*http.Response, error) {
		if !strings.Contains(b.settings.Rekor, r.URL.Host) {
			return nil, nil
		}
		if first != nil {
			return says(http.StatusCreated, string(first))
		}
		response, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			return nil, err
		}
		defer func() { _ = response.Body.Close() }()
		if first, err = io.ReadAll(response.Body); err != nil {
			return nil, err
		}
		response.Body = io.NopCloser(bytes.NewReader(first))
		return response, nil
	}
	b.opts.Transport = line
	if _, err := b.sign(t, image); err != nil {
		t.Fatal(err)
	}
	_, err := b.sign(t, image)
	if actions.CodeOf(err) != actions.CodeLogEntry {
		t.Fatalf("got %v", err)
	}
	if n := len(b.list(t, image).Signatures); n != 1 {
		t.Errorf("%d signatures are attached", n)
	}
}

// TestALogThatLeavesPartsOut: an answer without what every entry has is an error and no crash.
func TestALogThatLeavesPartsOut(t *testing.T) {
	b := newBench(t)
	image, digest := sandboxtest.CopyImage(t, "")
	for _, part := range []string{"inclusionProof", "rootHash", "checkpoint", "integratedTime", "verification"} {
		b.opts.Transport = &between{answer: func(r *http.Request) (*http.Response, error) {
			if !strings.Contains(b.settings.Rekor, r.URL.Host) {
				return nil, nil
			}
			response, err := http.DefaultTransport.RoundTrip(r)
			if err != nil {
				return nil, err
			}
			defer func() { _ = response.Body.Close() }()
			body, err := io.ReadAll(response.Body)
			if err != nil {
				return nil, err
			}
			if !bytes.Contains(body, []byte(`"`+part+`"`)) {
				t.Errorf("the log's answer has no %s to leave out", part)
			}
			return says(response.StatusCode, strings.ReplaceAll(string(body), `"`+part+`"`, `"other"`))
		}}
		if _, err := b.sign(t, image); actions.CodeOf(err) != actions.CodeLogEntry {
			t.Errorf("without %s: %v", part, err)
		}
	}
	assertNothingAttached(t, image, digest)
}

func TestWithoutConsentNothingIsSent(t *testing.T) {
	b := newBench(t)
	line := &between{}
	b.opts.Transport = line
	b.opts.Registry = registry.New(registry.Options{Homes: b.opts.Homes, Transport: line})
	image, digest := sandboxtest.CopyImage(t, "")
	request := signing.Request{Image: image, Token: actions.NewSecret(sandboxtest.Token(t, "user1@demo.redhat.com"))}
	_, err := signing.New(b.opts).SignWithToken(t.Context(), request)
	if actions.CodeOf(err) != actions.CodeDeclined {
		t.Fatalf("got %v", err)
	}
	if n := line.total(); n != 0 {
		t.Errorf("%d calls were made", n)
	}
	if len(b.seen.asked) != 1 || b.seen.asked[0].ID != signing.QuestionConsent || !strings.Contains(b.seen.asked[0].Text, "immutable record") {
		t.Errorf("asked %+v", b.seen.asked)
	}
	assertNothingAttached(t, image, digest)
	b.seen.yes = true
	if _, err := signing.New(b.opts).SignWithToken(t.Context(), request); err != nil {
		t.Error(err)
	}
}

// TestNoRightToPush: who may not push learns it before the public log is written.
func TestNoRightToPush(t *testing.T) {
	b := newBench(t)
	image, digest := sandboxtest.CopyImage(t, "")
	homes := b.opts.Homes
	homes.Docker = t.TempDir()
	b.opts.Registry = registry.New(registry.Options{Homes: homes})
	line := &between{}
	b.opts.Transport = line
	_, err := b.sign(t, image)
	if code := actions.CodeOf(err); code != actions.CodeUnauthorized {
		t.Errorf("got %v (%v)", err, code)
	}
	if line.to(b.settings.Rekor) > 0 {
		t.Error("the log was written for nothing")
	}
	assertNothingAttached(t, image, digest)
}

// TestAPushThatIsDenied: a registry that knows who it is and says no, as by a quota or for want of the right, says so before the
// public log is written.
func TestAPushThatIsDenied(t *testing.T) {
	b := newBench(t)
	image, digest := sandboxtest.CopyImage(t, "")
	b.opts.Registry = registry.New(registry.Options{Homes: b.opts.Homes, Transport: &between{answer: func(r *http.Request) (*http.Response, error) {
		if r.Method == http.MethodPost && strings.Contains(r.URL.Path, "/blobs/uploads/") {
			return says(http.StatusForbidden, `{"errors":[{"code":"DENIED","message":"requested access to the resource is denied"}]}`)
		}
		return nil, nil
	}}})
	line := &between{}
	b.opts.Transport = line
	_, err := b.sign(t, image)
	var e *actions.Error
	if !errors.As(err, &e) || e.Code != actions.CodeUnauthorized && e.Code != actions.CodeForbidden {
		t.Fatalf("got %v (%v)", err, actions.CodeOf(err))
	}
	if !strings.Contains(e.Error(), "denied") || e.Next == "" {
		t.Errorf("%q, next %q", e, e.Next)
	}
	if line.to(b.settings.Rekor) > 0 {
		t.Error("the log was written for nothing")
	}
	assertNothingAttached(t, image, digest)
}

func TestCancelledWhileTheLogIsWritten(t *testing.T) {
	b := newBench(t)
	image, digest := sandboxtest.CopyImage(t, "")
	ctx, cancel := context.WithCancel(t.Context())
	b.opts.Transport = &between{answer: func(r *http.Request) (*http.Response, error) {
		if strings.Contains(b.settings.Rekor, r.URL.Host) {
			cancel()
			<-r.Context().Done()
			return nil, r.Context().Err()
		}
		return nil, nil
	}}
	_, err := signing.New(b.opts).SignWithToken(ctx, signing.Request{
		Image: image, Token: actions.NewSecret(sandboxtest.Token(t, "user1@demo.redhat.com")), Consented: true,
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	assertNothingAttached(t, image, digest)
}
