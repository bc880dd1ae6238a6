package shell_test

import (
	"strings"
	"testing"

	"github.com/sigwalk/sigwalk/workshop/environment"
	"github.com/sigwalk/sigwalk/workshop/shell"
)

// What a person typed is kept without what they typed as a secret.
func TestSafeLines(t *testing.T) {
	env := environment.New(
		environment.Variable{Name: "QUAY_PASSWORD", Value: "MjgwNTc5"}, environment.Variable{Name: "API_TOKEN", Value: "abcdefghijklmnopqrstuvwxyz"},
		environment.Variable{Name: "IMAGE", Value: "registry/app:latest"},
	)
	for line, want := range map[string]string{
		`cosign login $QUAY -u $QUAY_USER -p "$QUAY_PASSWORD"`:     `cosign login $QUAY -u $QUAY_USER -p "$QUAY_PASSWORD"`,
		`cosign login quay.io -u maria -p planted`:                 `cosign login quay.io -u maria -p •`,
		`cosign login --password=planted quay.io`:                  `cosign login --password=• quay.io`,
		`cosign login --password "pla$X" quay.io`:                  `cosign login --password • quay.io`,
		`cosign sign --identity-token=planted $IMAGE`:              `cosign sign --identity-token=• $IMAGE`,
		`export QUAY_PASSWORD=planted IMAGE=x; echo $IMAGE`:        `export QUAY_PASSWORD=• IMAGE=x; echo $IMAGE`,
		`curl -u maria:planted https://x`:                          `curl -u • https://x`,
		`curl -H "Authorization: Bearer planted" https://x`:        `curl -H • https://x`,
		`echo MjgwNTc5 abcdefghijklmnopqrstuvwxyz, xMjgwNTc5x`:     `echo • •, xMjgwNTc5x`,
		`cosign tree registry/app:latest | grep sha256`:            `cosign tree registry/app:latest | grep sha256`,
		"echo 'unfinished password=planted":                        "echo 'unfinished password=•",
		`TOKEN=$(curl -s x | jq -r .id_token)`:                     `TOKEN=$(curl -s x | jq -r .id_token)`,
		`echo eyJhbGciOiJub25lIn0.eyJpc3MiOiJ4In0X.c2lnbmF0dXJlWA`: `echo •`,
		`if true; then cosign login x -p 'planted two'; fi`:        `if true; then cosign login x -p •; fi`,
	} {
		got := shell.Safe(line, env)
		for strings.Contains(got, "••") {
			got = strings.ReplaceAll(got, "••", "•")
		}
		if got != want {
			t.Errorf("%s\nis kept as %s\nand not as %s", line, got, want)
		}
	}
}
