package main

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"

	"github.com/sigstore/sigstore-go/pkg/tuf"

	"github.com/sigwalk/sigwalk/actions/newfile"
	"github.com/sigwalk/sigwalk/workshop/environment"
)

// fromPublic is the source of the addresses of public Sigstore.
const fromPublic environment.Source = "public Sigstore"

// publicVariables are the addresses of public Sigstore, as cosign has them built in. The initial root is the one that
// sigstore-go carries, pinned by its checksum; base is where it is written to.
func publicVariables(base string) ([]environment.Variable, error) {
	root := tuf.DefaultRoot()
	file := filepath.Join(base, "root.json")
	if err := os.MkdirAll(base, 0o700); err != nil {
		return nil, unwritable(base, err)
	}
	if err := newfile.Replace(file, root); err != nil {
		return nil, unwritable(file, err)
	}
	sum := sha256.Sum256(root)
	var vars []environment.Variable
	for _, v := range [][2]string{
		{"COSIGN_FULCIO_URL", "https://fulcio.sigstore.dev"},
		{"COSIGN_REKOR_URL", "https://rekor.sigstore.dev"},
		{"COSIGN_MIRROR", tuf.DefaultMirror},
		{"COSIGN_ROOT", file},
		{"COSIGN_ROOT_CHECKSUM", hex.EncodeToString(sum[:])},
		{"COSIGN_OIDC_ISSUER", "https://oauth2.sigstore.dev/auth"},
		{"COSIGN_OIDC_CLIENT_ID", "sigstore"},
		{"SIGWALK_REKOR_SEARCH_URL", "https://search.sigstore.dev"},
	} {
		vars = append(vars, variable(v[0], v[1], fromPublic))
	}
	return vars, nil
}
