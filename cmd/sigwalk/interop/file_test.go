//go:build interop

package interop

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/sigwalk/sigwalk/actions/verification/verificationtest"
)

// bodyIgnored is where sigwalk differs from cosign 3, as docs/interop.md says: it builds an entry of the second generation from the rest of the bundle, and
// does not look at the one that the bundle carries.
const bodyIgnored = "message, the entry was changed, second generation"

// TestFileVerdicts asks the unmodified cosign 3 what it thinks of bundles over a file, whole and changed, by the file and by
// its digest: sigwalk gives the same verdict.
func TestFileVerdicts(t *testing.T) {
	b := &bench{dir: t.TempDir(), home: t.TempDir(), work: t.TempDir()}
	d := verificationtest.MustNew()
	artifact := []byte("an artifact\n")
	sum := sha256.Sum256(artifact)
	digest := "sha256:" + hex.EncodeToString(sum[:])
	subject, err := name.NewDigest("example.com/artifact@" + digest)
	if err != nil {
		t.Fatal(err)
	}
	root, err := d.TrustedRootJSON()
	if err != nil {
		t.Fatal(err)
	}
	write := func(file string, content []byte) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(b.work, file), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("root.json", root)
	write("artifact", artifact)
	write("another", []byte("another"))
	tiles := with(func(s *verificationtest.Spec) { s.Tiles, s.Stamp = true, true })
	message := func(spec verificationtest.Spec, change func(*protobundle.Bundle)) *protobundle.Bundle {
		t.Helper()
		m, err := d.Message(artifact, spec)
		if err != nil {
			t.Fatal(err)
		}
		change(m)
		return m
	}
	statement := func(spec verificationtest.Spec) *protobundle.Bundle {
		t.Helper()
		s, err := d.Attest(subject, "https://example.com/predicate", spec)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	whole := func(*protobundle.Bundle) {}
	otherDigest := func(m *protobundle.Bundle) { m.GetMessageSignature().GetMessageDigest().Digest[0] ^= 1 }
	otherAlgorithm := func(m *protobundle.Bundle) { m.GetMessageSignature().GetMessageDigest().Algorithm = 2 }
	noAlgorithm := func(m *protobundle.Bundle) { m.GetMessageSignature().GetMessageDigest().Algorithm = 0 }
	otherBody := func(m *protobundle.Bundle) {
		entry := m.GetVerificationMaterial().GetTlogEntries()[0]
		entry.CanonicalizedBody = append(entry.GetCanonicalizedBody(), ' ')
	}
	elsewhere := func(s verificationtest.Spec) verificationtest.Spec { s.Elsewhere = true; return s }
	withdrawn := tiles
	withdrawn.Withdrawn = true

	good, other := 0, 0
	for _, c := range []struct {
		name   string
		bundle *protobundle.Bundle
	}{
		{"message", message(byAlice, whole)},
		{"message, second generation", message(tiles, whole)},
		{"message, another digest", message(byAlice, otherDigest)},
		{"message, another digest, second generation", message(tiles, otherDigest)},
		{"message, another algorithm", message(byAlice, otherAlgorithm)},
		{"message, no algorithm", message(byAlice, noAlgorithm)},
		{"message, no algorithm, second generation", message(tiles, noAlgorithm)},
		{"message, entry over something else", message(elsewhere(tiles), whole)},
		{bodyIgnored, message(tiles, otherBody)},
		{"statement", statement(byAlice)},
		{"statement, second generation", statement(tiles)},
		{"statement, entry over something else", statement(elsewhere(byAlice))},
		{"statement, entry over something else, second generation", statement(elsewhere(tiles))},
		{"statement, kind of entry that was withdrawn", statement(withdrawn)},
	} {
		content, err := protojson.Marshal(c.bundle)
		if err != nil {
			t.Fatal(err)
		}
		write("bundle.json", content)
		command := "cosign3 verify-blob "
		if c.bundle.GetDsseEnvelope() != nil {
			command = "cosign3 verify-blob-attestation --type https://example.com/predicate "
		}
		for _, about := range []string{"artifact", "another", digest} {
			given := about
			if about == digest && strings.Contains(command, "attestation") {
				given = "--digestAlg sha256 --digest " + strings.TrimPrefix(digest, "sha256:")
			}
			for _, more := range []string{"", " --insecure-ignore-tlog"} {
				flags := " --bundle bundle.json --trusted-root root.json --certificate-identity=" + alice + " --certificate-oidc-issuer=" + idp + more
				theirs := b.try(t, "TUF_ROOT=$PWD/tuf "+command+flags+" "+given)
				ours := b.try(t, `sigwalk --dir "$DIR" verify --artifact `+about+flags)
				switch {
				case theirs.code == 0 && ours.code != 0 && c.name == bodyIgnored:
					other++
				case (theirs.code == 0) != (ours.code == 0):
					t.Errorf("%s, about %s%s\ncosign 3 says %s\nsigwalk says %s", c.name, about, more, theirs, ours)
				}
				if ours.code == 0 {
					good++
				}
			}
		}
	}
	if other != 2 { // by the file and by its digest; without the log nobody looks at an entry
		t.Errorf("of an entry that was changed %d verdicts differ: docs/interop.md says otherwise", other)
	}
	if good < 10 {
		t.Errorf("only %d of them are good", good)
	}
}
