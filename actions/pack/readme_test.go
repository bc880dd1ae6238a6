package pack_test

import (
	"archive/tar"
	"io"
	"os"
	"strings"
	"testing"
)

// TestReadmeNamesKeyPairs: whoever signed with a key pair is no nobody, though no signature could be verified when it was packed.
func TestReadmeNamesKeyPairs(t *testing.T) {
	w := newWorld(t)
	req := w.request("key.tar")
	req.Signers, req.KeyPairs = nil, 1
	result, err := w.write(t.Context(), req, nil)
	w.must(err)
	if result.KeyPairs != 1 {
		t.Errorf("%+v", result.Description)
	}
	file, err := os.Open(result.File)
	w.must(err)
	defer file.Close()
	in := tar.NewReader(file)
	_, err = in.Next()
	w.must(err)
	page, err := io.ReadAll(in)
	w.must(err)
	for text, want := range map[string]bool{
		"the holder of a key pair (1 signature), which the public key alone verifies": true,
		"nobody whose signature verified":                                             false,
		"cosign wants --key cosign.pub in place of identity and issuer":               true,
	} {
		if strings.Contains(string(page), text) != want {
			t.Errorf("%q is in it: %t\n%s", text, !want, page)
		}
	}
}
