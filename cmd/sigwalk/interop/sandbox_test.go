//go:build interop

package interop

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// variables are what `sigwalk sandbox env` promises to scripts.
var variables = []string{
	"COSIGN_CERTIFICATE_OIDC_ISSUER", "COSIGN_FULCIO_URL", "COSIGN_MIRROR", "COSIGN_OIDC_CLIENT_ID", "COSIGN_OIDC_ISSUER",
	"COSIGN_REKOR_URL", "COSIGN_ROOT", "COSIGN_ROOT_CHECKSUM", "COSIGN_TIMESTAMP_SERVER_URL", "COSIGN_YES",
	"DEX_API", "DEX_API_TOKEN", "DOCKER_CONFIG",
	"IMAGE", "OIDC_PASSWORD", "OIDC_USER", "QUAY", "QUAY_PASSWORD", "QUAY_TOKEN", "QUAY_USER", "SOURCE_IMAGE", "TUF_ROOT",
}

// notFor3 are those of them that cosign 3 refuses beside the signing configuration that it gets from TUF.
var notFor3 = []string{
	"COSIGN_FULCIO_URL", "COSIGN_OIDC_CLIENT_ID", "COSIGN_OIDC_ISSUER", "COSIGN_REKOR_URL", "COSIGN_TIMESTAMP_SERVER_URL",
}

// TestSandbox: what scripts rely on. That it prints ready and nothing else, and ends well on SIGTERM, is looked at wherever
// one is started and stopped.
func TestSandbox(t *testing.T) {
	b := up(t)
	names := func(script string) []string {
		// Only what the lines export counts, not what the script started with.
		o := b.sh(t, "env | cut -d = -f 1 | sort >before\n"+script+"env | cut -d = -f 1 | sort >after\ncomm -13 before after")
		return strings.Fields(o.stdout)
	}
	if got := names(terminal); !slices.Equal(got, variables) {
		t.Errorf("the variables are %q, want %q", got, variables)
	}
	for3 := slices.DeleteFunc(slices.Clone(variables), func(v string) bool { return slices.Contains(notFor3, v) })
	if got := names(terminal3); !slices.Equal(got, for3) {
		t.Errorf("the variables for cosign 3 are %q, want %q", got, for3)
	}
	before := b.sh(t, `sigwalk sandbox env --dir "$DIR"`)

	second := b.try(t, `sigwalk sandbox up --dir "$DIR"`)
	if second.code != 1 || second.stdout != "" || !strings.Contains(second.stderr, b.dir) || !strings.Contains(second.stderr, "next: ") {
		t.Errorf("a second owner: %s", second)
	}
	running := b.sh(t, `sigwalk sandbox status --dir "$DIR"`)
	if !regexp.MustCompile(`(?m)^running +` + regexp.QuoteMeta(b.dir) + `$`).MatchString(running.stdout) {
		t.Error(running)
	}
	b.stop(t)
	if o := b.try(t, `sigwalk sandbox status --dir "$DIR"`); o.code != 1 || !strings.HasPrefix(o.stdout, "not running") {
		t.Error(o)
	}
	if o := b.try(t, `sigwalk sandbox env --dir "$DIR"`); o.code != 1 || o.stdout != "" || !strings.Contains(o.stderr, "sigwalk sandbox up --dir "+b.dir) {
		t.Error(o)
	}
	b.start(t)
	if after := b.sh(t, `sigwalk sandbox env --dir "$DIR"`); after != before {
		t.Errorf("after a restart: %s\nbefore: %s", after, before)
	}
}
