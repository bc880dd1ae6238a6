package sandbox_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/sigwalk/sigwalk/workshop/sandbox"
	"github.com/sigwalk/sigwalk/workshop/sandbox/sandboxtest"
)

func init() { roles["provoked"] = startProvoked }

// startProvoked gives every server of a sandbox a reason to log an error.
func startProvoked(dir string) int {
	ctx := context.Background()
	s, err := sandbox.Start(ctx, sandbox.Options{Dir: dir, Stay: true})
	if err != nil {
		return 1
	}
	settings := s.Settings()
	source, _, _ := strings.Cut(settings.SourceImage, "/")
	refused := 0
	for _, ask := range []struct{ url, kind, body string }{
		{"http://" + settings.Registry + "/v2/l3-students/none/manifests/none", "", ""},
		{"http://" + source + "/v2/none/manifests/none", "", ""},
		{settings.OIDCIssuer + "/protocol/openid-connect/token", "application/x-www-form-urlencoded", "grant_type=password&client_id=" + settings.OIDCClientID},
		{settings.Fulcio + "/api/v2/signingCert", "application/json", `{"credentials":{"oidcIdentityToken":"none"}}`},
		{settings.CTLog + "/ct/v1/add-chain", "application/json", `{"chain":["bm9uZQ=="]}`},
		{settings.Rekor + "/api/v1/log/entries", "application/json", `{"kind":"none","apiVersion":"0.0.1"}`},
		{settings.Timestamp, "application/timestamp-query", "none"},
		{settings.TUFMirror + "/none.json", "", ""},
	} {
		method := http.MethodPost
		if ask.body == "" {
			method = http.MethodGet
		}
		request, err := http.NewRequestWithContext(ctx, method, ask.url, strings.NewReader(ask.body))
		if err != nil {
			return 1
		}
		request.Header.Set("Content-Type", ask.kind)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return 1
		}
		_ = response.Body.Close()
		if response.StatusCode >= 400 {
			refused++
		}
	}
	if s.Close() != nil {
		return 1
	}
	fmt.Printf("refused %d\n", refused)
	return 0
}

func TestNothingReachesTheStandardStreams(t *testing.T) {
	provoked := command(t, "provoked", t.TempDir())
	out, err := io.ReadAll(provoked.out)
	if err != nil {
		t.Fatal(err)
	}
	if err := provoked.cmd.Wait(); err != nil {
		t.Error(err)
	}
	if string(out) != "refused 8\n" {
		t.Errorf("standard output: %s", out)
	}
	if provoked.stderr.Len() != 0 {
		t.Errorf("standard error: %s", provoked.stderr)
	}
}

func TestLogIsAFile(t *testing.T) {
	text, err := os.ReadFile(sandboxtest.Start(t).LogFile)
	if err != nil || !bytes.Contains(text, []byte("Rekor")) {
		t.Errorf("the log says %q (%v)", text, err)
	}
}

func TestSurfaceThatLeftLeavesNothingRunning(t *testing.T) {
	dir := t.TempDir()
	up(t, dir)
	ignore := goleak.IgnoreCurrent()
	for range 3 {
		h, err := sandbox.Join(within(t), dir)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := sandbox.StatusOf(within(t), dir); err != nil {
			t.Error(err)
		}
		if err := h.Leave(); err != nil {
			t.Error(err)
		}
	}
	goleak.VerifyNone(t, ignore)
}
