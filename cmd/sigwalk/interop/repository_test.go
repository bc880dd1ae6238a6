//go:build interop

package interop

import (
	"strings"
	"testing"
)

// TestRepositoryElsewhere: with COSIGN_REPOSITORY the built-in cosign and the real one find what the other signed and attested, in
// that repository, and say the same about where it goes.
func TestRepositoryElsewhere(t *testing.T) {
	b, token := attesting(t)
	image := b.copies(t, "apart")
	there := "export COSIGN_REPOSITORY=" + strings.TrimSuffix(image, ":latest") + "-signatures; "
	env := []string{token, "COSIGN_PASSWORD=", "COSIGN_YES=true"}
	ours := func(line string) outcome { return b.sh(t, `sigwalk exec --dir "$DIR" -- '`+there+line+`'`, env...) }
	real := func(line string) outcome { return b.sh(t, terminal+there+line, env...) }

	said := ours("cosign sign " + image)
	same := real("cosign2 sign " + image)
	for _, o := range []outcome{said, same} {
		if !strings.Contains(o.stderr, "Pushing signature to: l3-students/apart-signatures\n") {
			t.Errorf("it does not say where the signature goes: %s", o)
		}
	}
	ours("cosign attest --key cosign.key --predicate custom.json " + image)
	real("cosign2 attest --key cosign.key --predicate custom.json " + image)
	ours("cosign sign --key cosign.key --new-bundle-format " + b.copies(t, "apart-bundle"))

	const whose = "--certificate-identity-regexp . --certificate-oidc-issuer-regexp . "
	for _, verify := range []string{"verify " + whose, "verify-attestation --key cosign.pub "} {
		a, z := ours("cosign "+verify+image), real("cosign2 "+verify+image)
		if strings.Count(a.stdout, "\n") != strings.Count(z.stdout, "\n") || a.stdout == "" {
			t.Errorf("%s finds something else: %s\n%s", verify, a, z)
		}
	}
	if tags := strings.Fields(real("crane ls " + strings.TrimSuffix(image, ":latest")).stdout); len(tags) != 1 {
		t.Errorf("beside the image there are %v", tags)
	}
	real("cosign2 verify --key cosign.pub --new-bundle-format " + strings.Replace(image, "apart", "apart-bundle", 1))
}
