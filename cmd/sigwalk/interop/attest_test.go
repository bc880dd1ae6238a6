//go:build interop

package interop

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// predicates are what the tests say about an image: the type, its URI, and the content of a file TYPE.json. The names are
// those that both cosigns know.
var predicates = []struct{ kind, uri, content string }{
	{"custom", "https://cosign.sigstore.dev/attestation/v1", `{"any":"thing"}`},
	{"slsaprovenance", "https://slsa.dev/provenance/v0.2", `{"builder":{"id":"https://example.com/builder"},"buildType":"https://example.com/build"}`},
	{"slsaprovenance1", "https://slsa.dev/provenance/v1", `{"buildDefinition":{"buildType":"https://example.com/build","externalParameters":{}},"runDetails":{"builder":{"id":"https://example.com/builder"}}}`},
	{"spdxjson", "https://spdx.dev/Document", `{"spdxVersion":"SPDX-2.3","name":"demo"}`},
	{"cyclonedx", "https://cyclonedx.org/bom", `{"bomFormat":"CycloneDX","specVersion":"1.5"}`},
	{"vuln", "https://cosign.sigstore.dev/attestation/vuln/v1", `{"scanner":{"uri":"https://example.com/scanner","result":null},"metadata":{}}`},
	{"https://example.com/checked", "https://example.com/checked", `{"by":"hand"}`},
}

// predicateFile is the name of the file for a type.
func predicateFile(kind string) string { return filepath.Base(kind) + ".json" }

// attesting is a sandbox with an image, logins, key pair and predicates in both places where lines run.
func attesting(t *testing.T) (b *bench, token string) {
	t.Helper()
	b = up(t)
	b.exec(t, "source ./copy-image-to-quay.sh && cosign initialize && cosign login $QUAY -u $QUAY_USER -p $QUAY_PASSWORD")
	token = "SIGSTORE_ID_TOKEN=" + b.token(t)
	for _, dir := range []string{b.work, filepath.Join(b.dir, "workspace")} {
		for _, p := range predicates {
			if err := os.WriteFile(filepath.Join(dir, predicateFile(p.kind)), []byte(p.content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	b.sh(t, `cosign2 generate-key-pair && cp cosign.key cosign.pub "$DIR/workspace"`, "COSIGN_PASSWORD=")
	return b, token
}

// copies gives a test an image of its own.
func (b *bench) copies(t *testing.T, name string) string {
	t.Helper()
	image := strings.TrimSpace(b.sh(t, terminal+`crane copy "$SOURCE_IMAGE" "$QUAY/l3-students/`+name+`:latest" 2>/dev/null && echo "$QUAY/l3-students/`+name+`:latest"`).stdout)
	return image
}

// anybody is the identity of the tests, and of nobody else.
const anybody = ` --certificate-identity user1@demo.redhat.com `

// TestAttestOutput: what the built-in cosign prints when it attests, signs in bundles or every platform, and verifies what is
// said, is what the real cosign 2 prints.
func TestAttestOutput(t *testing.T) {
	b, token := attesting(t)
	for _, line := range []string{
		`cosign attest --yes --predicate custom.json $IMAGE`,
		`cosign attest -y --type spdxjson --predicate spdxjson.json $(crane digest --full-ref $IMAGE) $IMAGE`,
		`cosign attest --yes --type https://example.com/checked --predicate checked.json --rekor-entry-type intoto $IMAGE`,
		`cosign attest --yes --type cyclonedx --predicate cyclonedx.json --timestamp-server-url= $IMAGE`,
		`echo '{"a":1}' | cosign attest --yes --predicate - $IMAGE`,
		`cosign attest --yes --key cosign.key --predicate custom.json $IMAGE`,
		`cosign attest --key cosign.key --tlog-upload=false --predicate custom.json $IMAGE`,
		`cosign tree $IMAGE`,
		`cosign verify-attestation` + anybody + `$IMAGE`,
		`cosign verify-attestation --type spdxjson` + anybody + `$IMAGE $(crane digest --full-ref $IMAGE)`,
		`cosign verify-attestation --type https://example.com/checked` + anybody + `$IMAGE`,
		`cosign verify-attestation --use-signed-timestamps` + anybody + `$IMAGE`,
		`cosign verify-attestation --check-claims=false` + anybody + `$IMAGE`,
		`cosign verify-attestation --key cosign.pub $IMAGE`,
		`cosign verify-attestation --key cosign.pub --insecure-ignore-tlog $IMAGE`,
		`cosign sign --yes --recursive $QUAY/l3-students/l3-rhads-demoimage:latest`,
		`cosign attest --yes --new-bundle-format --type slsaprovenance1 --predicate slsaprovenance1.json $IMAGE`,
		`cosign sign --yes --new-bundle-format $IMAGE`,
		`cosign verify-attestation --type slsaprovenance1` + anybody + `$IMAGE`,
	} {
		b.assertSame(t, line, token, "COSIGN_PASSWORD=")
	}
	b.sh(t, terminal+`crane copy "${SOURCE_IMAGE%:*}:multiarch" "$QUAY/l3-students/many:latest"`)
	for _, line := range []string{
		`cosign sign --yes --recursive $QUAY/l3-students/many:latest`,
		`cosign sign --yes -r --new-bundle-format $(crane digest --full-ref $QUAY/l3-students/many:latest)`,
	} {
		b.assertSame(t, line, token)
	}
}

// TestAttestExitCodes: the built-in cosign refuses what the real one refuses.
func TestAttestExitCodes(t *testing.T) {
	b, token := attesting(t)
	check := func(line, says string) {
		t.Helper()
		theirs, ours := b.both(t, line, token)
		if theirs.code != 1 || ours.code != 1 || ours.stdout != "" || !strings.Contains(theirs.stderr, says) || !strings.Contains(ours.stderr, says) {
			t.Errorf("$ %s\nwant exit code 1 and %q\nthe real cosign: %s\nthe built-in: %s", line, says, theirs, ours)
		}
	}
	check("cosign attest --yes $IMAGE", "at least one of the flags in the group [predicate statement] is required")
	check("cosign attest --yes --predicate nothing.json $IMAGE", "no such file or directory")
	check("cosign attest --yes --predicate custom.json --type nonsense $IMAGE", "invalid predicate type: nonsense")
	check("cosign attest --yes --predicate custom.json --rekor-entry-type x $IMAGE", "unknown value for rekor-entry-type")
	check("cosign attest --yes --predicate custom.json --type slsaprovenance1 $IMAGE", "provenance predicate: required field buildDefinition missing")
	check("cosign verify-attestation"+anybody+"$IMAGE", "Error: no matching attestations: ")
	check("cosign verify-attestation $IMAGE", "Error: --certificate-identity or --certificate-identity-regexp is required for verification in keyless mode")
	b.exec(t, "cosign attest --yes --predicate custom.json $IMAGE", token)
	check("cosign verify-attestation --type spdxjson"+anybody+"$IMAGE",
		"Error: none of the attestations matched the predicate type: spdxjson, found: https://cosign.sigstore.dev/attestation/v1")
	check("cosign verify-attestation --certificate-identity somebody@example.com $IMAGE",
		"Error: no matching attestations: none of the expected identities matched what was in the certificate, got subjects [user1@demo.redhat.com]")
}

// TestCosignsVerifyWhatSigwalkAttested: each type in each form, without a key and with one, passes with the real cosigns; and
// what they attest passes with sigwalk.
func TestCosignsVerifyWhatSigwalkAttested(t *testing.T) {
	b, token := attesting(t)
	env := []string{token, "COSIGN_PASSWORD="}
	// attest is how each tool attests, in the form that its name says; of cosign 3 the services come with the trust root.
	const ours, theirs2, theirs3 = "sigwalk", "cosign2", "cosign3"
	type way struct {
		tool, name, flags string
		bundle            bool
	}
	ways := []way{
		{tool: ours, name: "tag"},
		{tool: ours, name: "bundle", flags: "--new-bundle-format", bundle: true},
		{tool: theirs2, name: "tag2"},
		{tool: theirs2, name: "bundle2", flags: "--new-bundle-format", bundle: true},
		{tool: theirs3, name: "bundle3", bundle: true},
	}
	for _, w := range ways {
		for _, key := range []string{"", "--key cosign.key"} {
			if w.tool == theirs3 && key != "" {
				continue // that cosign 3 takes cosign.key is cosign's business
			}
			t.Run(w.name+strings.TrimSuffix(key, " cosign.key"), func(t *testing.T) {
				image := b.copies(t, strings.ToLower(w.name)+map[bool]string{true: "-key"}[key != ""])
				who, whoHere := anybody, anybody
				if key != "" {
					who, whoHere = " --key cosign.pub ", " --key cosign.pub "
				}
				for _, p := range predicates {
					line := fmt.Sprintf("attest --yes --type %s --predicate %s %s %s %s", p.kind, predicateFile(p.kind), w.flags, key, image)
					switch w.tool {
					case ours:
						if o := b.exec(t, "cosign "+line, env...); o.code != 0 {
							t.Fatal(o)
						}
					case theirs2:
						b.sh(t, terminal+"cosign2 "+line, env...)
					case theirs3:
						b.sh(t, terminal3+"cosign3 "+line, env...)
					}
				}
				for _, p := range predicates {
					verify := fmt.Sprintf("verify-attestation --type %s%s%s", p.kind, who, image)
					for _, c := range cosigns() {
						flags := ""
						if !w.bundle && c.name == theirs3 {
							flags = " --new-bundle-format=false"
						}
						o := b.sh(t, c.begin+c.name+" "+verify+flags, "COSIGN_PASSWORD=")
						assertPredicate(t, c.name+" "+verify, o, p.uri, p.content)
					}
					here := fmt.Sprintf("cosign verify-attestation --type %s%s%s", p.kind, whoHere, image)
					assertPredicate(t, here, b.exec(t, here), p.uri, p.content)
				}
				if o := b.exec(t, "cosign verify-attestation --type spdxjson --certificate-identity nobody@example.com "+image); o.code != 1 {
					t.Errorf("for another identity: %s", o)
				}
				// sigwalk lists each of them beside the signatures, of which there are none.
				var report struct {
					Signatures, Attached []struct {
						Kind, PredicateType string
						Verified            bool
					}
				}
				o := b.run(t, append([]string{"sigwalk", "verify", "--dir", b.dir, "--all", "-o", "json", image}, listing(key)...))
				if err := json.Unmarshal([]byte(o.stdout), &report); err != nil {
					t.Fatalf("%v: %s", err, o)
				}
				found := map[string]int{}
				for _, row := range append(report.Signatures, report.Attached...) {
					if row.Kind != "attestation" || !row.Verified {
						t.Errorf("%+v", row)
					}
					found[row.PredicateType]++
				}
				for _, p := range predicates {
					if found[p.uri] != 1 {
						t.Errorf("%s is listed %d times", p.uri, found[p.uri])
					}
				}
			})
		}
	}
}

func listing(key string) []string {
	if key != "" {
		return []string{"--key", "cosign.pub"}
	}
	return []string{"--certificate-identity-regexp", ".", "--certificate-oidc-issuer-regexp", "."}
}

// assertPredicate looks whether a verification printed one envelope, with a statement of the type that says the content.
func assertPredicate(t *testing.T, line string, o outcome, uri, content string) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(o.stdout), "\n")
	var envelope struct{ Payload []byte }
	var statement struct {
		PredicateType string
		Predicate     json.RawMessage
	}
	if o.code != 0 || len(lines) != 1 || json.Unmarshal([]byte(lines[0]), &envelope) != nil || json.Unmarshal(envelope.Payload, &statement) != nil {
		t.Errorf("$ %s: %s", line, o)
		return
	}
	var want, got any
	if err := json.Unmarshal([]byte(content), &want); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(statement.Predicate, &got); err != nil {
		t.Fatal(err)
	}
	if statement.PredicateType != uri || !holdsAll(got, want) {
		t.Errorf("$ %s: the statement is %s, want %s with %s", line, envelope.Payload, uri, content)
	}
}

// holdsAll reports whether got says everything that want does: cosign adds fields to some predicates, and puts a custom one
// into a text.
func holdsAll(got, want any) bool {
	fields, ok := want.(map[string]any)
	if !ok {
		return fmt.Sprint(got) == fmt.Sprint(want)
	}
	there, ok := got.(map[string]any)
	if !ok {
		return false
	}
	if text, ok := there["Data"].(string); ok {
		var inside any
		return json.Unmarshal([]byte(text), &inside) == nil && holdsAll(inside, want)
	}
	for k, v := range fields {
		if !holdsAll(there[k], v) {
			return false
		}
	}
	return true
}

// TestBundleSignatures: an image signed in a bundle by sigwalk passes with both cosigns, annotations and platforms included, and
// the other way round.
func TestBundleSignatures(t *testing.T) {
	b, token := attesting(t)
	b.sh(t, terminal+`crane copy "${SOURCE_IMAGE%:*}:multiarch" "$QUAY/l3-students/many:latest"`)
	many := strings.TrimSpace(b.sh(t, terminal+`echo "$QUAY/l3-students/many"`).stdout)
	if o := b.exec(t, "cosign sign --yes --recursive --new-bundle-format -a stage=test "+many+":latest", token); o.code != 0 {
		t.Fatal(o)
	}
	all := strings.Fields(b.sh(t, terminal+`crane digest `+many+`:latest; crane manifest `+many+`:latest | jq -r '.manifests[].digest'`).stdout)
	if len(all) != 3 {
		t.Fatalf("digests %v", all)
	}
	for _, digest := range all {
		for _, c := range cosigns() {
			flags := map[string]string{"cosign2": " --new-bundle-format", "cosign3": ""}[c.name]
			b.sh(t, c.begin+c.name+" verify"+flags+anybody+many+"@"+digest)
			if o := b.try(t, c.begin+c.name+" verify"+flags+" --certificate-identity nobody@example.com "+many+"@"+digest); o.code == 0 {
				t.Errorf("%s accepts it of nobody: %s", c.name, o)
			}
		}
		b.sh(t, terminal3+"cosign3 verify -a stage=test"+anybody+many+"@"+digest)
		if o := b.try(t, terminal3+"cosign3 verify -a stage=other"+anybody+many+"@"+digest); o.code == 0 {
			t.Errorf("another annotation passes: %s", o)
		}
	}
	// Whatever either of them adds to the list, the others' stay.
	for _, line := range []string{"cosign2 sign --yes --new-bundle-format ", "cosign3 sign --yes "} {
		begin := terminal
		if strings.HasPrefix(line, "cosign3") {
			begin = terminal3
		}
		b.sh(t, begin+line+many+"@"+all[0], token)
		if o := b.exec(t, "cosign sign --yes --new-bundle-format "+many+"@"+all[0], token); o.code != 0 {
			t.Error(o)
		}
	}
	o := b.sh(t, terminal+"crane manifest "+many+":"+strings.Replace(all[0], ":", "-", 1)+` | jq '.manifests | length'`)
	if strings.TrimSpace(o.stdout) != "5" {
		t.Errorf("the list holds %s", o.stdout)
	}
	verified := b.sh(t, terminal+`sigwalk verify --dir "$DIR" -o tsv`+anybody+many+"@"+all[0])
	if n := strings.Count(verified.stdout, "user1@demo.redhat.com"); n != 5 {
		t.Errorf("%d of 5 verify: %s", n, verified)
	}
}
