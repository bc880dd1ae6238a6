package shell_test

import "testing"

// TestRepository keeps signatures and attestations in the repository that COSIGN_REPOSITORY names, and finds them there and nowhere
// else; bundles stay beside the image, as cosign's do.
func TestRepository(t *testing.T) {
	b := newSigner(t, "elsewhere")
	const there = "COSIGN_REPOSITORY=${IMAGE%:*}-signatures "
	b.want(t, "echo '{}' > said.json; "+there+"cosign sign $IMAGE", 0, `^$`, `(?s)Pushing signature to: l3-students/\S+-elsewhere-signatures\n`)
	b.want(t, there+"cosign attest --key cosign.key --predicate said.json $IMAGE", 0, `^$`, ``)
	b.want(t, "crane ls ${IMAGE%:*}", 0, `^latest\n$`, ``)
	b.want(t, "crane ls ${IMAGE%:*}-signatures", 0, `^sha256-[0-9a-f]{64}\.att\nsha256-[0-9a-f]{64}\.sig\n$`, ``)
	b.want(t, there+"cosign verify "+me+"$IMAGE | jq length", 0, `^1\n$`, ``)
	b.want(t, there+"cosign verify-attestation --key cosign.pub $IMAGE | jq -r .payloadType", 0, `^application/vnd.in-toto\+json\n$`, ``)
	b.want(t, there+"cosign tree $IMAGE", 0, `(?s)Signatures for an image tag: \S+-elsewhere-signatures:sha256-`, ``)
	b.want(t, "cosign verify "+me+"$IMAGE", 10, `^$`, `no signatures found`)
	b.want(t, there+"cosign sign --new-bundle-format $IMAGE", 0, `^$`, ``)
	b.want(t, "crane ls ${IMAGE%:*}", 0, `(?m)^sha256-[0-9a-f]{64}$`, ``)
	b.want(t, there+"cosign clean -f $IMAGE", 1, `^$`, `clean with COSIGN_REPOSITORY, which keeps signatures in another repository, is not built`)
	b.want(t, "COSIGN_REPOSITORY=Not:A:Repository cosign sign $IMAGE", 1, `^$`, `COSIGN_REPOSITORY names no repository`)
}
