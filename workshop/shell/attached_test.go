package shell_test

import (
	"strings"
	"testing"

	"github.com/sigwalk/sigwalk/actions/attachments"
)

// What hangs off an image is found, printed, copied and removed.
func TestWhatIsAttached(t *testing.T) {
	b := newSigner(t, "hangs")
	b.want(t, `echo '{"spdxVersion":"SPDX-2.3"}' > sbom.json && cosign sign $IMAGE 2>/dev/null && cosign sign --new-bundle-format $IMAGE 2>/dev/null &&
		cosign attest --type spdxjson --predicate sbom.json $IMAGE 2>/dev/null`, 0, ``, ``)
	r := b.want(t, "cosign attach sbom --sbom sbom.json $IMAGE", 0, `^$`,
		`^WARNING: SBOM attachments are deprecated .*\nWARNING: Attaching SBOMs this way does not sign them\. .*\nUploading SBOM file for \[\S+-hangs:latest\] to \[\S+\.sbom\] with mediaType \[text/spdx\+json\]\.\n\n$`)
	if attached := r.Values[0].(*attachments.Attached); attached.Replaced != "" || !strings.HasSuffix(attached.Tag.TagStr(), ".sbom") {
		t.Errorf("%+v", attached)
	}
	b.want(t, `echo '{"spdxVersion":"SPDX-2.2"}' | cosign attach sbom --sbom - --input-format json $IMAGE`, 0, `^$`, `WARNING: it replaced another SBOM, which can still be read as \S+-hangs@sha256:`)
	b.want(t, "cosign attach sbom $IMAGE", 1, `^$`, `no SBOM is named`)
	b.want(t, "cosign attach sbom --sbom ../../../etc/passwd $IMAGE", 1, `^$`, `outside the lesson's directory`)
	b.want(t, "cosign download sbom $IMAGE | jq -r .spdxVersion", 0, `^SPDX-2\.2\n$`, `Found SBOM of media type: text/spdx\+json\n$`)
	b.want(t, "cosign download sbom ${IMAGE%:*}@sha256:"+strings.Repeat("0", 64), 1, `^$`, `no sbom attached to reference\n  why: .*\n  next: `)

	// What was signed elsewhere; each wrong part is told, and nothing outside the lesson's directory is read.
	b.want(t, "cosign attach signature --payload sbom.json $IMAGE", 1, `^$`, `no signature is named\n  next: give a file with --signature`)
	b.want(t, "cosign attach signature --signature ../../../etc/passwd $IMAGE", 1, `^$`, `outside the lesson's directory`)
	b.want(t, "echo AAAA | cosign attach signature --signature - --rekor-response missing.json $IMAGE", 1, `^$`, `missing\.json`)
	b.want(t, "echo nothing > bad.json; echo AAAA | cosign attach signature --signature - --rekor-response bad.json $IMAGE", 1, `^$`, `what the log says of the signature cannot be read`)
	b.want(t, "cosign attach attestation --attestation bad.json $IMAGE", 1, `^$`, `an envelope cannot be read`)
	b.want(t, `echo '{"payloadType":"application/vnd.in-toto+json","payload":"","signatures":[]}' > bare.json; cosign attach attestation --attestation bare.json $IMAGE`, 1, `^$`, `without having signatures`)

	b.want(t, "cosign triangulate $IMAGE; cosign triangulate --type digest $IMAGE", 0, `^\S+-hangs:sha256-[0-9a-f]{64}\.sig\n\S+-hangs@sha256:[0-9a-f]{64}\n$`, `^$`)
	b.want(t, "cosign download signature $IMAGE | jq -r '.Cert != null, .Bundle.Payload.logIndex > -1'", 0, `^true\ntrue\n$`, `^$`)
	b.want(t, "cosign download attestation $IMAGE | jq -r '.payloadType // .mediaType'", 0, `^application/vnd.dev.sigstore.bundle.v0.3\+json\napplication/vnd.in-toto\+json\n$`, `^$`)
	b.want(t, "cosign download attestation --predicate-type nonsense $IMAGE", 1, `^$`, `invalid predicate type: nonsense`)

	// Copied, both can be verified there; copied again, nothing happens; a second image is not overwritten.
	b.want(t, "cosign copy $IMAGE ${IMAGE%:*}-copy:latest", 0, `^$`, `^(Copying \S+ to \S+\.\.\.\n){5}$`)
	b.want(t, "cosign verify "+me+"${IMAGE%:*}-copy:latest | jq length", 0, `^2\n$`, ``)
	b.want(t, "cosign verify-attestation --type spdxjson "+me+"${IMAGE%:*}-copy:latest | jq -r .payloadType", 0, `in-toto`, ``)
	b.want(t, "cosign copy --only=sig,att $IMAGE ${IMAGE%:*}-copy:latest", 0, `^$`, ``)
	b.want(t, "crane copy ${SOURCE_IMAGE%:*}:multiarch ${IMAGE%:*}-other:latest && cosign copy $IMAGE ${IMAGE%:*}-other:latest", 1, `^$`,
		"already exists\\. Use `-f` to overwrite\n  why: ")
	b.want(t, "cosign copy --platform nonsense $IMAGE $QUAY/l3-students/x:y", 1, `^$`, `"nonsense" is not a platform`)

	// Removing asks, kind by kind.
	b.want(t, "cosign clean $IMAGE", 1, `^$`, `nobody is there to answer it`)
	p := b.asked(t, "cosign clean --type attestation $IMAGE", 1, "nothing was removed", "n")
	if len(p.prompts) != 1 || !strings.Contains(p.prompts[0], "this will remove all attestations from the image") {
		t.Errorf("asked %q", p.prompts)
	}
	b.asked(t, "cosign clean --type attestation $IMAGE", 0, ".att from ", "y")
	b.want(t, "cosign verify "+me+"$IMAGE | jq length", 0, `^2\n$`, ``)
	r = b.want(t, "cosign clean -f $IMAGE", 0, `^$`, `^(Removed \S+ from \S+\n){4}$`)
	if removed := r.Values[0].([]attachments.Removed); len(removed) != 4 {
		t.Errorf("%v", removed)
	}
	b.want(t, "cosign verify "+me+"$IMAGE", 10, `^$`, `no signatures found`)
	b.want(t, "cosign clean -f $IMAGE", 0, `^$`, `^$`)
	b.want(t, "cosign verify "+me+"${IMAGE%:*}-copy:latest | jq length", 0, `^2\n$`, ``)
}
