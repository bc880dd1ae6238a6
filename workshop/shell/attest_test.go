package shell_test

import (
	"crypto/rand"
	"fmt"
	"strings"
	"testing"

	"github.com/sigwalk/sigwalk/actions/signing"
	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/workshop/environment"
	"github.com/sigwalk/sigwalk/workshop/shell"
)

// newSigner is a classroom with the trust root, a login, a key pair, and an image of the test's own in $IMAGE.
func newSigner(t *testing.T, repository string) *bench {
	t.Helper()
	repository = strings.ToLower(rand.Text()[:8]) + "-" + repository // however often the test runs
	b := newClassroom(t, shell.Options{}, environment.Variable{Name: "COSIGN_PASSWORD", Value: "pw", Source: "test", Exported: true},
		environment.Variable{Name: "COSIGN_YES", Value: "true", Source: "test", Exported: true})
	b.want(t, "cd "+workspace+" && source ./copy-image-to-quay.sh >/dev/null && cosign initialize >/dev/null && cosign login $QUAY -u $QUAY_USER -p $QUAY_PASSWORD 2>/dev/null", 0, ``, ``)
	b.want(t, fmt.Sprintf("cosign generate-key-pair 2>/dev/null; source ./get-access-token.sh >/dev/null; export IMAGE=$QUAY/l3-students/%s:latest; crane copy $SOURCE_IMAGE $IMAGE", repository), 0, ``, ``)
	return b
}

const me = "--certificate-identity=pipeline-auth@demo.redhat.com --certificate-oidc-issuer=$COSIGN_OIDC_ISSUER "

// What is said about an image, by an identity and with a key, in a tag and in a bundle.
func TestAttest(t *testing.T) {
	b := newSigner(t, "attested")
	b.want(t, `echo '{"by":"hand"}' > said.json`, 0, ``, ``)
	r := b.want(t, "cosign attest --type https://example.com/checked --predicate said.json $IMAGE", 0, `^$`,
		`(?s)^WARNING: Image reference .*\nUsing payload from: said.json\nGenerating ephemeral keys\.\.\.\n.*\ntlog entry created with index: \d+\n$`)
	if got := r.Values[0].(*signing.Result); got.PredicateType != "https://example.com/checked" || got.Subject != "pipeline-auth@demo.redhat.com" {
		t.Errorf("%+v", got)
	}
	b.want(t, "cat said.json | cosign attest --key cosign.key --predicate - --new-bundle-format $IMAGE", 0, `^$`, `\nUsing payload from: standard input\n`)
	r = b.want(t, "cosign verify-attestation --type https://example.com/checked "+me+"$IMAGE | jq -r .payload | base64 -d | jq -c .predicate", 0,
		`^\{"by":"hand"\}\n$`, `(?s)claims were validated.*\nCertificate subject: pipeline-auth@demo.redhat.com\n`)
	if report := r.Values[0].(*verification.Report); len(report.Verified()) != 1 || len(report.Signatures) != 2 {
		t.Errorf("%d of %d verified", len(report.Verified()), len(report.Signatures))
	}
	b.want(t, "cosign verify-attestation --key cosign.pub $IMAGE | jq -r .payloadType", 0, `^application/vnd.in-toto\+json\n$`, `specified public key`)
	b.want(t, "cosign verify-attestation --type spdxjson "+me+"$IMAGE", 1, `^$`, `none of the attestations matched the predicate type: spdxjson, found: https://example.com/checked\n.*\n  next: .*--type: https://example.com/checked\n$`)
	b.want(t, "cosign verify $IMAGE "+me, 12, `^$`, ``) // a bundle with a statement is one that somebody else signed

	// What is not here says so, and a predicate lies in the lesson's directory.
	for _, flag := range []string{"--no-upload --new-bundle-format", "--replace", "--statement said.json", "--sk", "--use-signing-config"} {
		b.want(t, "cosign attest --predicate said.json "+flag+" $IMAGE", 1, `^$`, `is not built into the workshop shell\n  next: the real command`)
	}
	b.want(t, "cosign attest --no-upload --predicate said.json $IMAGE | jq -r .payloadType", 0, `^application/vnd.in-toto\+json\n$`, ``)
	b.want(t, "cosign attest --predicate ../../../etc/passwd $IMAGE", 1, `^$`, `outside the lesson's directory`)
	b.want(t, "cosign verify-attestation --policy p.rego --key cosign.pub $IMAGE", 1, `^$`, `--policy is not built`)
	b.want(t, "cosign attest --predicate said.json --new-bundle-format --rekor-entry-type intoto $IMAGE", 1, `^$`, `a bundle cannot have a log entry of the type intoto`)
}

// Every platform of an index, and bundles.
func TestSignRecursively(t *testing.T) {
	b := newSigner(t, "platforms")
	b.want(t, "crane copy ${SOURCE_IMAGE%:*}:multiarch $IMAGE && crane manifest $IMAGE | jq -r '.manifests | length'", 0, `^2\n$`, ``)
	r := b.want(t, "cosign sign --recursive -a stage=test $IMAGE", 0, `^$`, `(?s)(tlog entry created with index: \d+\nPushing signature to: \S+-platforms\n.*){3}`)
	if len(r.Values) != 3 {
		t.Errorf("%d results", len(r.Values))
	}
	b.want(t, `for digest in $(crane digest $IMAGE) $(crane manifest $IMAGE | jq -r '.manifests[].digest'); do
		cosign verify -a stage=test `+me+` ${IMAGE%:*}@$digest | jq length; done`, 0, `^1\n1\n1\n$`, ``)
	b.want(t, "cosign sign --recursive $QUAY/l3-students/nothing:latest", 1, `^$`, `(?s)nothing`)
	r = b.want(t, "cosign sign --new-bundle-format -a stage=bundle $IMAGE", 0, `^$`, `(?s)By typing 'y'.*`)
	if got := r.Values[0].(*signing.Result); got.Signature.Identifier() == "" || got.Total != 1 {
		t.Errorf("%+v", got)
	}
	b.want(t, "cosign verify -a stage=bundle "+me+"$IMAGE | jq length", 0, `^1\n$`, ``)
}
