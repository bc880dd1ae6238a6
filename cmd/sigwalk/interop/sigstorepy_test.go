//go:build interop

package interop

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// TestSigstorePython has a third judge, which shares no code with the others: sigstore-python verifies bundles that sigwalk
// writes, and sigwalk those that it writes against the sandbox.
func TestSigstorePython(t *testing.T) {
	judge, err := program("SIGSTORE_PYTHON")
	if err != nil {
		t.Fatal(err)
	}
	b := up(t)
	b.lesson(t) // entry 0 of the log; bundles leave out an index of 0, and sigstore-python does not take one without
	image := strings.TrimSpace(b.sh(t, terminal+`echo "$IMAGE"`).stdout)
	issuer := strings.TrimSpace(b.sh(t, terminal+`echo "$COSIGN_CERTIFICATE_OIDC_ISSUER"`).stdout)
	token := b.token(t)
	targets, err := filepath.Glob(filepath.Join(b.dir, "tuf", "*", "targets"))
	if err != nil || len(targets) != 1 {
		t.Fatal(err, targets)
	}
	b.sh(t, fmt.Sprintf(`jq -n --slurpfile root %[1]s/trusted_root.json --slurpfile config %[1]s/signing_config.v0.2.json '{
		mediaType: "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json", trustedRoot: $root[0], signingConfig: $config[0]}' > trust.json`, targets[0]))
	// It keeps a cache below HOME, and the person's own is to stay empty.
	python := "export HOME=$PWD/python; python() { " + judge + ` --trust-config trust.json "$@"; }` + "\n"
	who := " --cert-identity user1@demo.redhat.com --cert-oidc-issuer " + issuer + " "

	t.Run("theirs", func(t *testing.T) {
		b.sh(t, "echo an artifact > artifact.txt; echo another > other.txt")
		b.sh(t, python+`python sign --oidc-client-id trusted-artifact-signer --identity-token "$TOKEN" --bundle theirs.json artifact.txt`, "TOKEN="+token)
		verify := `sigwalk verify --dir "$DIR" --bundle theirs.json --trusted-root ` + targets[0] + `/trusted_root.json --certificate-oidc-issuer ` + issuer
		o := b.sh(t, verify+" --certificate-identity user1@demo.redhat.com --artifact artifact.txt -o json | jq -e '.verified and .signature.defect == null'")
		if strings.TrimSpace(o.stdout) != "true" {
			t.Error(o)
		}
		for _, wrong := range []string{" --certificate-identity user1@demo.redhat.com --artifact other.txt", " --certificate-identity nobody@example.com --artifact artifact.txt"} {
			if o := b.try(t, verify+wrong); o.code == 0 {
				t.Errorf("%s: %s", wrong, o)
			}
		}
	})
	t.Run("ours", func(t *testing.T) {
		if o := b.exec(t, "cosign sign --yes --new-bundle-format "+image, "SIGSTORE_ID_TOKEN="+token); o.code != 0 {
			t.Fatal(o)
		}
		digest := strings.TrimSpace(b.sh(t, `DOCKER_CONFIG="$DIR/docker" crane digest `+image).stdout)
		repository, _, _ := strings.Cut(image, ":latest")
		b.sh(t, fmt.Sprintf(`export DOCKER_CONFIG="$DIR/docker"
			manifest=$(crane manifest %[1]s:%[2]s | jq -er '.manifests[0].digest')
			crane blob "%[1]s@$(crane manifest "%[1]s@$manifest" | jq -er '.layers[0].digest')" > ours.json`, repository, strings.Replace(digest, ":", "-", 1)))
		if o := b.try(t, python+"python verify identity --bundle ours.json"+who+digest); o.code != 0 || !strings.Contains(o.stdout+o.stderr, "OK") {
			t.Errorf("sigstore-python: %s", o)
		}
		for name, wrong := range map[string]string{
			"another image":    who + "sha256:" + strings.Repeat("0", 64),
			"another identity": " --cert-identity nobody@example.com --cert-oidc-issuer " + issuer + " " + digest,
		} {
			if o := b.try(t, python+"python verify identity --bundle ours.json"+wrong); o.code == 0 {
				t.Errorf("%s: %s", name, o)
			}
		}
	})
}
