package shell_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sigwalk/sigwalk/workshop/environment"
	"github.com/sigwalk/sigwalk/workshop/sandbox/sandboxtest"
	"github.com/sigwalk/sigwalk/workshop/shell"
)

// TestEveryLineOfThePage runs every command line of the page as it stands and compares what the tools print with what they
// print on the page, line by line.
func TestEveryLineOfThePage(t *testing.T) {
	text, err := os.ReadFile("testdata/page/lines.txt")
	if err != nil {
		t.Fatal(err)
	}
	organization := "page-" + strings.ToLower(rand.Text()[:8])
	b := newClassroom(t, shell.Options{}, variable("QUAY_ORGANIZATION", organization), variable("COSIGN_YES", "true"))
	b.want(t, "sigwalk organization", 0, "made", `^$`)
	b.env.Unset("COSIGN_ROOT_CHECKSUM") // for the warning that the page shows
	b.env.Unset("KUBECONFIG")
	for name, from := range map[string]string{
		"ISSUER_URL": "COSIGN_OIDC_ISSUER", "CLIENT_ID": "COSIGN_OIDC_CLIENT_ID", "USERNAME": "OIDC_USER", "PASSWORD": "OIDC_PASSWORD",
	} {
		v, _ := b.env.Get(from)
		b.env.Set(variable(name, v.Value))
	}
	issuer := "https://sso.{openshift_cluster_ingress_domain}/realms/trusted-artifact-signer"
	fill := strings.NewReplacer(
		"{quay_admin_user}", "$QUAY_USER", "{quay_admin_password}", "$QUAY_PASSWORD", "<YOUR_OIDC_TOKEN>", "$TOKEN", issuer, "$COSIGN_OIDC_ISSUER",
		"<identity>", "pipeline-auth@demo.redhat.com", "<issuer>", "$COSIGN_OIDC_ISSUER", "your-image:tag", "$IMAGE",
		"[NAMESPACE]/[KEY]", "tssc-tas/cosign", "<image digest>", "$IMAGE", "ghcr.io/${{ github.repository }}:${{ github.sha }}", "$IMAGE",
	)
	for _, s := range steps(string(text)) {
		pipeline(t, b, s.line, organization)
		var out bytes.Buffer // both, in the order in which a terminal shows them
		result, err := b.shell.Run(t.Context(), fill.Replace(s.line), shell.Streams{Out: &out, Err: &out}, &guest{t: t, reads: &out})
		if err != nil {
			t.Fatalf("$ %s\n%v", s.line, err)
		}
		printed := normal(out.String(), organization)
		code, wanted, exactly := expectation(s.want)
		if result.ExitCode != code {
			t.Fatalf("$ %s\nexit code %d, want %d\n%s", s.line, result.ExitCode, code, out.String())
		}
		if why := missing(printed, wanted, exactly); why != "" {
			t.Errorf("$ %s\n%s\nit prints\n%s", s.line, why, strings.Join(printed, "\n"))
		}
		// The comparison can fail: each line that is wanted is.
		for i := range wanted {
			other := slices.Clone(wanted)
			other[i] += "."
			if missing(printed, other, exactly) == "" {
				t.Errorf("$ %s\nnobody notices that it does not print %s", s.line, other[i])
			}
		}
	}
}

// pipeline sets what GitLab and GitHub do for a line of their examples. The token is the sandbox's own.
func pipeline(t *testing.T, b *bench, line, organization string) {
	t.Helper()
	if strings.Contains(line, "$CI_") {
		quay, _ := b.env.Get("QUAY")
		b.env.Set(variable("CI_REGISTRY_IMAGE", quay.Value+"/"+organization+"/l3-rhads-demoimage"))
		b.env.Set(variable("CI_COMMIT_SHA", "latest"))
	}
	if !strings.Contains(line, "$ACTIONS_") {
		return
	}
	token := sandboxtest.Token(t, "pipeline-auth@demo.redhat.com")
	github := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "bearer of-the-job" || r.URL.Query().Get("audience") != "trusted-artifact-signer" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]string{"value": token})
	}))
	t.Cleanup(github.Close)
	for name, value := range map[string]string{
		"ACTIONS_ID_TOKEN_REQUEST_URL": github.URL + "/?api-version=2.0", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "of-the-job", "GITHUB_ENV": "github.env",
	} {
		b.env.Set(variable(name, value))
	}
	t.Cleanup(func() {
		if kept, err := os.ReadFile(filepath.Join(b.dir, "scripts", "github.env")); err != nil || strings.TrimSpace(string(kept)) != "SIGSTORE_ID_TOKEN="+token {
			t.Errorf("the pipeline kept %d bytes, %v", len(kept), err)
		}
	})
}

func variable(name, value string) environment.Variable {
	return environment.Variable{Name: name, Value: value, Source: "test", Exported: true}
}

// expectation reads what a step of the page wants.
func expectation(want string) (code int, lines []string, exactly bool) {
	var kept strings.Builder
	for line := range strings.Lines(want) {
		switch {
		case line == "[exactly]\n":
			exactly = true
		case regexp.MustCompile(`^\[\d+\]\n$`).MatchString(line):
			_, _ = fmt.Sscanf(line, "[%d]", &code)
		default:
			kept.WriteString(line)
		}
	}
	return code, normal(kept.String(), "l3-students"), exactly
}

// forms replace what differs from place to place by its form.
var forms = []struct {
	what *regexp.Regexp
	by   string
}{
	{regexp.MustCompile(`https?://`), "URL:"},
	{regexp.MustCompile(`127\.0\.0\.1:\d+(/sso\.sandbox\.redhatworkshops\.io)?|[a-z0-9.-]+\.redhatworkshops\.io|quay\.io`), "HOST"},
	{regexp.MustCompile(`(sha256[:-])[0-9a-f]{64}`), "${1}DIGEST"},
	{regexp.MustCompile(`(blob|config) [0-9a-f]{10,12}`), "$1 DIGEST"},
	{regexp.MustCompile(`\d\d \w{3} \d\d \d\d:\d\d UTC`), "TIME"},
	{regexp.MustCompile(`("len": |index: )\d+`), "${1}N"},
	{regexp.MustCompile(`^\d+ `), "N "},
	{regexp.MustCompile(`"local": ".*"`), `"local": "PATH"`},
	{regexp.MustCompile(`[^' ]*/\.?docker/config\.json`), "PATH"},
	{regexp.MustCompile(`[ \t]+`), " "},
}

// normal makes lines that can be compared.
func normal(text, organization string) []string {
	var lines []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(strings.ReplaceAll(line, organization, "l3-students"))
		for _, f := range forms {
			line = f.what.ReplaceAllString(line, f.by)
		}
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, strings.TrimSuffix(line, ","))
		}
	}
	return lines
}

// missing says which line was not printed after those before it, or which was printed although nothing else may be; "" when
// all is well.
func missing(printed, wanted []string, exactly bool) string {
	if exactly && !slices.Equal(printed, wanted) {
		return "on the page stands exactly\n" + strings.Join(wanted, "\n")
	}
	at := 0
	for _, line := range wanted {
		i := slices.Index(printed[at:], line)
		if i < 0 {
			return "it lacks, or has not in its place: " + line
		}
		at += i + 1
	}
	return ""
}
