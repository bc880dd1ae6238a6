package environment_test

import (
	"strings"
	"testing"

	"github.com/sigwalk/sigwalk/workshop/environment"
)

func TestDialects(t *testing.T) {
	v := environment.Variable{Name: "A", Value: `it's \ "x" $HOME`}
	for dialect, want := range map[environment.Dialect]string{
		environment.POSIX:      `export A='it'"'"'s \ "x" $HOME'; : 'from: a b'`,
		environment.Fish:       `set -gx A 'it\'s \\ "x" $HOME' # from: a b`,
		environment.PowerShell: `$env:A = 'it''s \ "x" $HOME' # from: a b`,
	} {
		if got := dialect.Export(v, "from: a b"); got != want {
			t.Errorf("%s: %s, want %s", dialect, got, want)
		}
		if line := dialect.Note("a\nb"); dialect != environment.POSIX && strings.Contains(line, "\n") {
			t.Errorf("%s: a remark of two lines: %q", dialect, line)
		}
	}
}

func TestBothGenerations(t *testing.T) {
	got := map[string]string{}
	for _, v := range environment.BothGenerations([]environment.Variable{
		variable("COSIGN_REKOR_URL", "https://rekor"), variable("FULCIO_URL", "https://fulcio"), variable("COSIGN_ROOT", "https://tuf/root.json"),
		variable("COSIGN_MIRROR", "https://tuf"), variable("REKOR_URL", "https://another"),
	}) {
		got[v.Name] = v.Value
	}
	for name, want := range map[string]string{
		"COSIGN_FULCIO_URL": "https://fulcio", "SIGSTORE_FULCIO_URL": "https://fulcio", "SIGSTORE_REKOR_URL": "https://rekor", "REKOR_REKOR_SERVER": "https://rekor",
		"TUF_URL": "https://tuf", "REKOR_URL": "https://another", "TUF_ROOT_JSON": "", "TUF_MIRROR": "", "TSA_URL": "",
	} {
		if got[name] != want {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
}

func TestContradictions(t *testing.T) {
	e := environment.New(variable("COSIGN_REKOR_URL", "https://old/"), variable("COSIGN_TIMESTAMP_SERVER_URL", "https://tsa/api/v1/timestamp"))
	found := e.Contradictions([]environment.Variable{
		variable("SIGSTORE_REKOR_URL", "https://old"), variable("REKOR_URL", "https://new"), variable("TSA_URL", "https://tsa"), variable("FULCIO_URL", "https://f"),
	})
	if len(found) != 1 || found[0].InForce.Name != "COSIGN_REKOR_URL" || found[0].Other.Name != "REKOR_URL" {
		t.Fatalf("%+v", found)
	}
	if text := found[0].Text(); !strings.Contains(text, "https://old/") || !strings.Contains(text, "https://new") {
		t.Error(text)
	}
	older, newer := environment.Generations(e.List())
	if !older || newer {
		t.Errorf("older %v, newer %v", older, newer)
	}
}
