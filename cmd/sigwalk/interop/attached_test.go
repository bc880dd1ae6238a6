//go:build interop

package interop

import (
	"slices"
	"strings"
	"testing"
)

// TestAttachedOutput: the built-in cosign finds, prints and attaches what hangs off an image as the real cosign 2 does.
func TestAttachedOutput(t *testing.T) {
	b, token := attesting(t)
	b.sh(t, terminal+`cosign2 sign --yes "$IMAGE" && cosign2 sign --key cosign.key --tlog-upload=false "$IMAGE" &&
		cosign2 attest --yes --predicate custom.json "$IMAGE" && cosign2 attest --yes --type spdxjson --predicate spdxjson.json "$IMAGE"`,
		token, "COSIGN_PASSWORD=")
	for _, line := range []string{
		`cosign triangulate $IMAGE`,
		`cosign triangulate --type attestation $IMAGE`,
		`cosign triangulate --type sbom $(crane digest --full-ref $IMAGE)`,
		`cosign triangulate --type digest $IMAGE`,
		`cosign download signature $IMAGE`,
		`cosign download attestation --predicate-type spdxjson $IMAGE`,
		`cosign attach sbom --sbom spdxjson.json $IMAGE`,
		`cosign download sbom $IMAGE`,
		`cosign attach sbom --sbom cyclonedx.json --type cyclonedx --input-format json $(crane digest --full-ref $QUAY/l3-students/other:latest)`,
	} {
		if strings.Contains(line, "other:latest") {
			b.copies(t, "other")
		}
		b.assertSame(t, line)
	}
	// What is there comes in no certain order from the real one, which asks for all at once.
	theirs, ours := b.both(t, `cosign download attestation $IMAGE`)
	sorted := func(o outcome) []string {
		lines := strings.Split(o.stdout, "\n")
		slices.Sort(lines)
		return lines
	}
	if theirs.code != 0 || ours.code != 0 || !slices.Equal(sorted(theirs), sorted(ours)) {
		t.Errorf("the real cosign: %s\nthe built-in: %s", theirs, ours)
	}
	// cosign 3 prints the bundles of an image that has nothing else, and so does ours.
	image := b.copies(t, "bundled")
	b.sh(t, terminal3+"cosign3 sign --yes "+image, token)
	b.assertSame(t, "cosign tree --experimental-oci11 "+image)
	three := b.sh(t, terminal3+"cosign3 download signature "+image)
	if here := b.exec(t, "cosign download signature "+image); here.code != 0 || here.stdout != three.stdout {
		t.Errorf("cosign 3: %s\nthe built-in: %s", three, here)
	}
	for _, line := range []string{
		`cosign download signature $QUAY/l3-students/other:latest`,
		`cosign download attestation --predicate-type https://example.com/nobody $IMAGE`,
		`cosign download sbom $QUAY/l3-students/elsewhere:latest`,
		`cosign attach signature --signature nothing.b64 $IMAGE`,
		`echo '{"payloadType":"other","payload":"","signatures":[{}]}' > other.json; cosign attach attestation --attestation other.json $IMAGE`,
		`cosign triangulate --type nonsense $IMAGE`,
		`cosign triangulate $QUAY/l3-students/nothing:latest`,
		`cosign attach sbom --sbom nothing.json $IMAGE`,
		`cosign attach sbom --sbom spdxjson.json --type nonsense $IMAGE`,
		`cosign clean --force --type nonsense $IMAGE`,
		`cosign copy --only nonsense $IMAGE $QUAY/l3-students/elsewhere:latest`,
		`echo n | cosign clean $IMAGE`,
	} {
		if theirs, ours := b.both(t, line); theirs.code != 1 || ours.code != 1 {
			t.Errorf("$ %s\nthe real cosign: %s\nthe built-in: %s", line, theirs, ours)
		}
	}
}

// TestClean: what one of them attached the other removes, kind by kind, and nothing else.
func TestClean(t *testing.T) {
	b, token := attesting(t)
	prepare := `cosign2 sign --yes $IMAGE && cosign2 attest --yes --predicate custom.json $IMAGE && cosign2 attach sbom --sbom spdxjson.json $IMAGE`
	for _, kind := range []string{"signature", "attestation", "sbom", "all"} {
		line := "cosign clean --force --type " + kind + " $IMAGE"
		b.sh(t, terminal+prepare, token)
		theirs := b.sh(t, terminal+`cosign() { cosign2 "$@"; }`+"\n"+line)
		left := b.sh(t, terminal+`crane ls "${IMAGE%:*}"`)
		b.sh(t, terminal+prepare, token)
		ours := b.exec(t, line)
		if theirs != ours {
			t.Errorf("$ %s\nthe real cosign: %s\nthe built-in: %s", line, theirs, ours)
		}
		if here := b.sh(t, terminal+`crane ls "${IMAGE%:*}"`); here != left {
			t.Errorf("$ %s left\n%swhere the real cosign left\n%s", line, here.stdout, left.stdout)
		}
	}
	// Beside cosign 2's, what cosign 3 keeps goes, too, and what neither knows stays.
	image := b.copies(t, "bundles")
	b.sh(t, terminal3+"cosign3 sign --yes "+image, token)
	if o := b.exec(t, "cosign attest --yes --new-bundle-format --predicate custom.json "+image, token); o.code != 0 {
		t.Fatal(o)
	}
	if o := b.exec(t, "echo y | cosign clean "+image); o.code != 0 || strings.Count(o.stderr, "Removed ") != 3 {
		t.Error(o)
	}
	if o := b.try(t, terminal3+"cosign3 verify"+anybody+image); o.code == 0 {
		t.Errorf("it still verifies: %s", o)
	}
	if o := b.exec(t, "cosign clean --force "+image); o.code != 0 || o.stderr != "" {
		t.Errorf("a second time: %s", o)
	}
}

// TestCosignCopy: an index with signatures, attestations, SBOM and bundles arrives whole, and verifies at its destination with both
// cosigns; what is there already stays.
func TestCosignCopy(t *testing.T) {
	b, token := attesting(t)
	b.sh(t, terminal+`crane copy "${SOURCE_IMAGE%:*}:multiarch" "$QUAY/l3-students/many:latest"
		cosign2 sign --yes --recursive "$QUAY/l3-students/many:latest"
		cosign2 attest --yes --predicate custom.json "$QUAY/l3-students/many:latest"
		cosign2 attach sbom --sbom spdxjson.json "$QUAY/l3-students/many:latest"`, token)
	quay := strings.TrimSpace(b.sh(t, terminal+`echo "$QUAY"`).stdout)
	many := quay + "/l3-students/many:latest"

	// Without bundles the real one copies the same; but it stores each image under the tag of its bundles, too.
	theirs := b.sh(t, terminal+"cosign2 copy "+many+" "+quay+"/l3-students/theirs:latest")
	ours := b.exec(t, "cosign copy "+many+" "+quay+"/l3-students/ours:latest")
	lines := func(o outcome) []string {
		text := strings.ReplaceAll(o.stderr, "/theirs", "/ours")
		lines := slices.DeleteFunc(strings.Split(strings.TrimSpace(text), "\n"), func(line string) bool {
			to := strings.TrimSuffix(line[strings.LastIndex(line, " ")+1:], "...")
			return !strings.Contains(to, ".") || strings.HasPrefix(to[strings.LastIndex(to, ":")+1:], "sha256-") && !strings.ContainsAny(to[strings.LastIndex(to, ":"):], ".")
		})
		slices.Sort(lines)
		return lines
	}
	if ours.code != 0 || !slices.Equal(lines(theirs), lines(ours)) {
		t.Errorf("the real cosign: %s\nthe built-in: %s\n%q\n%q", theirs, ours, lines(theirs), lines(ours))
	}
	tags := func(repository string) []string {
		return strings.Fields(b.sh(t, terminal+"crane ls "+quay+"/l3-students/"+repository+" | grep '[.l]' | sort").stdout)
	}
	if a, b := tags("theirs"), tags("ours"); !slices.Equal(a, b) {
		t.Errorf("tags %v, want %v", b, a)
	}
	for _, tag := range tags("ours") {
		b.sh(t, terminal+"test $(crane digest "+quay+"/l3-students/theirs:"+tag+") = $(crane digest "+quay+"/l3-students/ours:"+tag+")")
	}
	there := quay + "/l3-students/ours:latest"
	b.sh(t, terminal+"cosign2 verify"+anybody+there+" >/dev/null && cosign2 verify-attestation"+anybody+there+" >/dev/null && cosign2 download sbom "+there+" | jq -e .spdxVersion")

	// Bundles come along, and again, and what was signed at the destination stays.
	b.sh(t, terminal3+"cosign3 sign --yes "+many+" && cosign3 sign --yes "+many, token)
	if o := b.exec(t, "cosign sign --yes "+there+" && cosign sign --yes --new-bundle-format "+there, token); o.code != 0 {
		t.Fatal(o)
	}
	if o := b.exec(t, "cosign copy "+many+" "+there); o.code != 1 || !strings.Contains(o.stderr, "already exists. Use `-f` to overwrite") {
		t.Errorf("without -f: %s", o)
	}
	for range 2 {
		if o := b.exec(t, "cosign copy -f "+many+" "+there); o.code != 0 {
			t.Fatal(o)
		}
		rows := b.sh(t, terminal+`sigwalk verify --dir "$DIR" -o tsv`+anybody+there)
		if n := strings.Count(rows.stdout, "user1@demo.redhat.com"); n != 5 {
			t.Errorf("%d rows, want 2 in the tag and 3 bundles: %s", n, rows)
		}
	}
	b.sh(t, terminal+"crane manifest $(cosign2 triangulate "+there+") | jq -e '.layers | length == 2'")
	b.sh(t, terminal3+"cosign3 verify"+anybody+there+" | jq -e 'length == 3'")

	// One platform, and its signature.
	if o := b.exec(t, "cosign copy --platform linux/arm64 "+many+" "+quay+"/l3-students/arm:latest"); o.code != 0 {
		t.Fatal(o)
	}
	b.sh(t, terminal+"cosign2 verify"+anybody+quay+"/l3-students/arm:latest >/dev/null && crane config "+quay+"/l3-students/arm:latest | jq -e '.architecture == \"arm64\"'")
	if o := b.exec(t, "cosign copy --only=att "+many+" "+quay+"/l3-students/only:latest"); o.code != 0 || strings.Count(o.stderr, "Copying ") != 1 {
		t.Error(o)
	}
}
