//go:build interop

package interop

import "testing"

// TestAttachedParts: a signature and an attestation that one of them takes apart are put together by the other as it would have done
// itself, and verify; a second time changes nothing. What is attested and not uploaded is nowhere but in the file.
func TestAttachedParts(t *testing.T) {
	b, token := attesting(t)
	const empty = "COSIGN_PASSWORD="
	b.sh(t, terminal+`cosign2 sign --yes "$IMAGE" && cosign2 attest --key cosign.key --no-upload --predicate custom.json "$IMAGE" > envelope.json
		cosign2 download signature "$IMAGE" > sig.json
		jq -rj .Base64Signature sig.json > sig.b64 && jq -rj .Payload sig.json | base64 -d > payload.json
		jq '{base64Signature: .Base64Signature, rekorBundle: .Bundle}' sig.json > bundle.json
		crane manifest $(cosign2 triangulate "$IMAGE") > manifest.json
		jq -rj '.layers[0].annotations["dev.sigstore.cosign/certificate"]' manifest.json > cert.pem
		jq -rj '.layers[0].annotations["dev.sigstore.cosign/chain"]' manifest.json > chain.pem
		COSIGN_TIMESTAMP_SERVER_URL= cosign2 sign-blob --yes --key cosign.key --tlog-upload=false payload.json > keyed.b64
		cp *.b64 *.json *.pem "$DIR/workspace"`, token, empty)
	theirs, ours := b.copies(t, "theirs"), b.copies(t, "ours")
	for _, line := range []string{
		"cosign attach signature --signature sig.b64 --payload payload.json --certificate cert.pem --certificate-chain chain.pem --rekor-response bundle.json ",
		"cosign attach signature --signature keyed.b64 --payload payload.json ",
		"cosign attach attestation --attestation envelope.json ",
	} {
		b.sh(t, terminal+`cosign() { cosign2 "$@"; }`+"\n"+line+theirs)
		for range 2 {
			if o := b.exec(t, line+ours); o.code != 0 {
				t.Fatalf("%s: %s", line, o)
			}
		}
	}
	for _, kind := range []string{"signature", "attestation"} {
		layers := func(image string) string {
			return b.sh(t, terminal+"crane manifest $(cosign2 triangulate --type "+kind+" "+image+") | jq -S .layers").stdout
		}
		if there, here := layers(theirs), layers(ours); there != here {
			t.Errorf("%ss: the real cosign attached %s\nthe built-in %s", kind, there, here)
		}
	}
	b.sh(t, terminal+"cosign2 verify"+anybody+ours+" >/dev/null && cosign2 verify --key cosign.pub --insecure-ignore-tlog "+ours+
		" >/dev/null && cosign2 verify-attestation --key cosign.pub --insecure-ignore-tlog "+ours+" >/dev/null")

	before := b.logInfo(t)
	image := b.copies(t, "mine")
	for _, line := range []string{
		"cosign attest --key cosign.key --no-upload --predicate custom.json " + image + " > keyed.json",
		"cosign attest --yes --no-upload --type spdxjson --predicate spdxjson.json " + image + " > keyless.json",
	} {
		if o := b.exec(t, line, token, empty); o.code != 0 {
			t.Fatalf("%s: %s", line, o)
		}
	}
	if after := b.logInfo(t); after != before {
		t.Errorf("the log was written: %v, before %v", after, before)
	}
	if o := b.exec(t, "cosign download attestation "+image); o.stdout != "" {
		t.Errorf("an attestation was attached: %s", o)
	}
	b.sh(t, terminal+`cosign2 attach attestation --attestation "$DIR/workspace/keyed.json" --attestation "$DIR/workspace/keyless.json" `+image+
		" && cosign2 verify-attestation --key cosign.pub --insecure-ignore-tlog "+image+" >/dev/null")
}
