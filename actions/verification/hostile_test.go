package verification_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/verification"
)

// between puts a registry of a stranger's before the real one: answer may take a request, or leave it to the real one.
func (w *world) between(answer func(http.ResponseWriter, *http.Request) bool) string {
	w.t.Helper()
	real := w.host
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, in *http.Request) {
		if answer(out, in) {
			return
		}
		in.URL.Scheme, in.URL.Host, in.RequestURI = "http", real, ""
		resp, err := http.DefaultTransport.RoundTrip(in)
		if err != nil {
			http.Error(out, err.Error(), http.StatusBadGateway)
			return
		}
		defer resp.Body.Close()
		for key, values := range resp.Header {
			out.Header()[key] = values
		}
		out.WriteHeader(resp.StatusCode)
		_, _ = io.Copy(out, resp.Body)
	}))
	w.t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://") + "/org/app:latest"
}

const manifestType = "application/vnd.oci.image.manifest.v1+json"

// heap is how much memory the process got from the system by now.
func heap() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapSys
}

// TestHugeAnnotation: a signature with an annotation of 100 MB, with its length in the header and without. It is given up
// before it was read, and the process does not grow by it.
func TestHugeAnnotation(t *testing.T) {
	for _, announced := range []bool{true, false} {
		w := newWorld(t)
		const size = 100 << 20
		begin := `{"schemaVersion":2,"mediaType":"` + manifestType + `","config":{},"layers":[{"mediaType":"text/plain","digest":"sha256:` +
			strings.Repeat("0", 64) + `","size":1,"annotations":{"dev.cosignproject.cosign/signature":"`
		const end = `"}}]}`
		var sent atomic.Int64
		image := w.between(func(out http.ResponseWriter, in *http.Request) bool {
			if !strings.HasSuffix(in.URL.Path, ".sig") {
				return false
			}
			out.Header().Set("Content-Type", manifestType)
			if announced {
				out.Header().Set("Content-Length", fmt.Sprint(len(begin)+size+len(end)))
			}
			if in.Method == http.MethodHead {
				return true
			}
			_, _ = io.WriteString(out, begin)
			chunk := []byte(strings.Repeat("A", 1<<16))
			for i := 0; i < size; i += len(chunk) {
				n, err := out.Write(chunk)
				sent.Add(int64(n))
				if err != nil {
					return true
				}
			}
			_, _ = io.WriteString(out, end)
			return true
		})
		before := heap()
		_, err := w.verifier.Verify(t.Context(), image, byAlicePolicy)
		if actions.CodeOf(err) != actions.CodeManifestTooLarge || !strings.Contains(err.Error(), "more than the 33554432 bytes") {
			t.Errorf("announced %t: %v", announced, err)
		}
		if grown := int64(heap()) - int64(before); grown > 160<<20 {
			t.Errorf("announced %t: the process grew by %d MB", announced, grown>>20)
		}
		if n := sent.Load(); n > 64<<20 {
			t.Errorf("announced %t: %d MB were taken", announced, n>>20)
		}
		tree, err := w.verifier.Tree(t.Context(), image)
		if err != nil || len(tree.Children) == 0 || actions.CodeOf(tree.Children[0].Err) != actions.CodeManifestTooLarge {
			t.Errorf("announced %t: the tree: %v %+v", announced, err, tree)
		}
	}
}

// allocated is how much memory was ever asked for by now, whatever was given back since.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// endless answers with begin and then with a gigabyte, unless the other side has enough, and counts what was taken.
func endless(out http.ResponseWriter, in *http.Request, status int, begin, again string, taken *atomic.Int64) {
	out.WriteHeader(status)
	if in.Method == http.MethodHead {
		return
	}
	n, err := io.WriteString(out, begin)
	again = strings.Repeat(again, 1<<16/len(again))
	for sent := 0; err == nil && sent < 1<<30; sent += n {
		taken.Add(int64(n))
		n, err = io.WriteString(out, again)
	}
}

// TestEndlessAnswers: of what a registry sends beside manifests no more is taken than a limit, and the refusal says what it was.
func TestEndlessAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		path, begin, again string
		status             int
		code               actions.Code
		says               string
	}{
		// Asked for when a tag is not there, to name some that are. The person gets what matters without it.
		"tags in one page": {"/tags/list", `{"name":"org/app","tags":["`, "a", http.StatusOK, actions.CodeTagNotFound, "there is no tag"},
		"a refusal":        {"/manifests/", "", "internal error ", http.StatusInternalServerError, actions.CodeServer, "internal error"},
		"a denial":         {"/manifests/", `{"errors":[{"code":"DENIED","message":"`, "no ", http.StatusForbidden, actions.CodeUnauthorized, "not logged in"},
	} {
		w := newWorld(t)
		var taken, asked atomic.Int64
		image := w.between(func(out http.ResponseWriter, in *http.Request) bool {
			asked.Add(1)
			if !strings.Contains(in.URL.Path, c.path) {
				return false
			}
			endless(out, in, c.status, c.begin, c.again, &taken)
			return true
		})
		before := allocated()
		_, err := w.verifier.Verify(t.Context(), strings.TrimSuffix(image, "latest")+"nothere", byAlicePolicy)
		if actions.CodeOf(err) != c.code || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
		if n := taken.Load(); n > 64<<20 {
			t.Errorf("%s: %d MB were taken", name, n>>20)
		}
		if n := (allocated() - before) >> 20; n > 512 {
			t.Errorf("%s: %d MB of memory were asked for", name, n)
		}
		if n := asked.Load(); n > 60 {
			t.Errorf("%s: %d requests were made", name, n)
		}
	}
}

// TestEndlessPages: a list of tags of which each page names another.
func TestEndlessPages(t *testing.T) {
	for name, page := range map[string]string{"full": `{"name":"org/app","tags":["` + strings.Repeat(`a","`, 9_999) + `a"]}`, "empty": `{"name":"org/app","tags":[]}`} {
		w := newWorld(t)
		var pages atomic.Int64
		image := w.between(func(out http.ResponseWriter, in *http.Request) bool {
			if !strings.HasSuffix(in.URL.Path, "/tags/list") {
				return false
			}
			out.Header().Set("Link", fmt.Sprintf(`</v2/org/app/tags/list?last=%d>; rel="next"`, pages.Add(1)))
			_, _ = io.WriteString(out, page)
			return true
		})
		_, err := w.verifier.Verify(t.Context(), strings.TrimSuffix(image, "latest")+"nothere", byAlicePolicy)
		if actions.CodeOf(err) != actions.CodeTagNotFound {
			t.Errorf("%s: %v", name, err)
		}
		if n := pages.Load(); n > 12 {
			t.Errorf("%s: %d pages were asked for", name, n)
		}
		tags, err := w.opts.Registry.Tags(t.Context(), strings.TrimSuffix(image, ":latest"))
		if name == "full" && (actions.CodeOf(err) != actions.CodeManifestTooLarge || !strings.Contains(err.Error(), "no more than 100000 tags")) || name == "empty" && (err != nil || len(tags) > 0) {
			t.Errorf("%s: %d tags, %v", name, len(tags), err)
		}
	}
}

// TestManyReferrers: a registry that lists 100,000.
func TestManyReferrers(t *testing.T) {
	w := newWorld(t)
	var list strings.Builder
	list.WriteString(`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[`)
	for i := range 100_000 {
		if i > 0 {
			list.WriteByte(',')
		}
		fmt.Fprintf(&list, `{"mediaType":%q,"digest":"sha256:%064x","size":1,"artifactType":"application/vnd.dev.sigstore.bundle.v0.3+json"}`, manifestType, i)
	}
	list.WriteString(`]}`)
	var asked atomic.Int64
	image := w.between(func(out http.ResponseWriter, in *http.Request) bool {
		asked.Add(1)
		if !strings.Contains(in.URL.Path, "/referrers/") {
			return false
		}
		out.Header().Set("Content-Type", "application/vnd.oci.image.index.v1+json")
		_, _ = io.WriteString(out, list.String())
		return true
	})
	before := allocated()
	_, err := w.verifier.Verify(t.Context(), image, byAlicePolicy)
	if actions.CodeOf(err) != actions.CodeManifestTooLarge || !strings.Contains(err.Error(), "100000 manifests refer to") {
		t.Errorf("%v", err)
	}
	if n := (allocated() - before) >> 20; n > 512 { // for a list of 17 MB
		t.Errorf("%d MB of memory were asked for", n)
	}
	tree, err := w.verifier.Tree(t.Context(), image)
	if err != nil || len(tree.Children) != 1 || actions.CodeOf(tree.Children[0].Err) != actions.CodeManifestTooLarge {
		t.Errorf("the tree: %v %+v", err, tree)
	}
	if n := asked.Load(); n > 40 {
		t.Errorf("%d requests were made", n)
	}
}

// TestReferrersThatReferToEachOther: a registry for which everything refers to everything. Each list is asked for once.
func TestReferrersThatReferToEachOther(t *testing.T) {
	w := newWorld(t)
	w.attach(w.sign(byAlice))
	var asked atomic.Int64
	image := w.between(func(out http.ResponseWriter, in *http.Request) bool {
		if !strings.Contains(in.URL.Path, "/referrers/") {
			return false
		}
		asked.Add(1)
		out.Header().Set("Content-Type", "application/vnd.oci.image.index.v1+json")
		_, _ = fmt.Fprintf(out, `{"schemaVersion":2,"manifests":[{"mediaType":%q,"digest":%q,"size":1,"artifactType":"application/vnd.example+json"}]}`, manifestType, w.image.DigestStr())
		return true
	})
	before := allocated()
	report, err := w.verifier.Everything(t.Context(), image, byAlicePolicy)
	if err != nil || len(report.Verified()) != 1 {
		t.Errorf("%v", err)
	}
	if tree, err := w.verifier.Tree(t.Context(), image); err != nil || len(tree.Children) != 2 {
		t.Errorf("the tree: %v %+v", err, tree)
	}
	if n := asked.Load(); n > 12 {
		t.Errorf("%d lists were asked for", n)
	}
	if n := (allocated() - before) >> 20; n > 64 { // for lists of 200 bytes
		t.Errorf("%d MB of memory were asked for", n)
	}
}

// TestSlowRegistry: one that sends a byte now and then, so that no timeout of a connection ever ends it.
func TestSlowRegistry(t *testing.T) {
	for name, slow := range map[string]string{"manifest": ".sig", "referrers": "/referrers/", "blob": "/blobs/"} {
		w := newWorld(t)
		w.attach(w.sign(byAlice))
		image := w.between(func(out http.ResponseWriter, in *http.Request) bool {
			if !strings.Contains(in.URL.Path, slow) || in.Method != http.MethodGet {
				return false
			}
			out.Header().Set("Content-Type", manifestType)
			for {
				if _, err := io.WriteString(out, " "); err != nil {
					return true
				}
				_ = http.NewResponseController(out).Flush()
				select { // the slowness itself
				case <-in.Context().Done():
					return true
				case <-time.After(20 * time.Millisecond):
				}
			}
		})
		opts := w.opts
		opts.Patience = 300 * time.Millisecond
		report, err := verification.New(opts).Verify(t.Context(), image, byAlicePolicy)
		if name == "referrers" {
			// The signature of the tag is there all the same. On a machine that is busy its own answers may take longer.
			for ; actions.CodeOf(err) == actions.CodeUnreachable && opts.Patience < time.Minute; opts.Patience *= 4 {
				report, err = verification.New(opts).Verify(t.Context(), image, byAlicePolicy)
			}
			if err != nil || len(report.Verified()) != 1 {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if actions.CodeOf(err) != actions.CodeUnreachable || !strings.Contains(err.Error(), "was not complete after") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
