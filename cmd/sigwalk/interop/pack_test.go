//go:build interop

package interop

import (
	"fmt"
	"strings"
	"testing"
)

// TestPack carries an image that sigwalk, cosign 2 and cosign 3 signed to where there is no network, and has each of the real
// tools read it there; and sigwalk what they save.
func TestPack(t *testing.T) {
	b := up(t)
	b.lesson(t)
	image := strings.TrimSpace(b.sh(t, terminal+`echo "$IMAGE"`).stdout)
	issuer := strings.TrimSpace(b.sh(t, terminal+`echo "$COSIGN_CERTIFICATE_OIDC_ISSUER"`).stdout)
	token := "SIGSTORE_ID_TOKEN=" + b.token(t)
	b.sh(t, terminal+"cosign2 initialize && cosign2 sign --yes "+image, token)

	packed := b.sh(t, `sigwalk pack --dir "$DIR" --file tags.tar `+image)
	if !strings.Contains(packed.stdout, "2 of 2 signatures verified for any identity, 0 network calls") {
		t.Fatal(packed)
	}
	// What the README in the pack says, where nothing but the pack is known.
	who := ` --certificate-identity=user1@demo.redhat.com --certificate-oidc-issuer=` + issuer + " "
	unpack := "rm -rf image && mkdir image && tar -xf %s -C image && cd image && sha256sum --quiet -c SHA256SUMS\n"
	for _, cosign := range []string{"cosign2", "cosign3"} {
		o := b.sh(t, fmt.Sprintf(unpack, "tags.tar")+cosign+" verify --local-image --trusted-root trusted_root.json --offline"+who+".")
		if !strings.Contains(o.stdout, "docker-manifest-digest") {
			t.Errorf("%s: %s", cosign, o)
		}
		if o := b.try(t, fmt.Sprintf(unpack, "tags.tar")+cosign+" verify --local-image --trusted-root trusted_root.json --offline --certificate-identity=nobody@example.com --certificate-oidc-issuer="+issuer+" ."); o.code == 0 {
			t.Errorf("%s for nobody: %s", cosign, o)
		}
	}
	there := b.sh(t, "sigwalk verify --dir elsewhere -o tsv --pack tags.tar"+who)
	if strings.Count(there.stdout, "user1@demo.redhat.com") != 1 || !strings.Contains(there.stderr, "network calls: 0\n") {
		t.Error(there)
	}

	// The proofs that signatures in a tag do not carry came along from the log.
	b.sh(t, "sigwalk verify --dir elsewhere -o json --pack tags.tar"+anyoneAtAll+
		` | jq -e '.networkCalls == 0 and ([.signatures[].checks[] | select(.id == "log-proof" and .state == "ok")] | length == 2)'`)

	// The image itself arrives whole, with the digest that was signed.
	digest := strings.TrimSpace(b.sh(t, "DOCKER_CONFIG=\"$DIR/docker\" crane digest "+image).stdout)
	b.sh(t, "skopeo --insecure-policy copy --all --preserve-digests oci-archive:tags.tar:latest dir:copied >/dev/null")
	if got := strings.TrimSpace(b.sh(t, "sha256sum < copied/manifest.json | cut -d' ' -f1").stdout); "sha256:"+got != digest {
		t.Errorf("skopeo got sha256:%s of %s", got, digest)
	}

	// What cosign 2 saved, and what skopeo copied, which has no signatures.
	b.sh(t, terminal+"cosign2 save --dir saved2 "+image)
	anyone := anyoneAtAll
	root := "--trusted-root image/trusted_root.json"
	o := b.sh(t, "sigwalk verify --dir elsewhere -o tsv "+root+anyone+"oci:saved2")
	if strings.Count(o.stdout, "@demo.redhat.com") != 2 {
		t.Errorf("of cosign 2: %s", o)
	}
	// One that was changed on the disk is not the one that was signed, whoever looks.
	b.sh(t, "cp -r saved2 changed && printf ' ' >> changed/blobs/sha256/"+strings.TrimPrefix(digest, "sha256:"))
	for _, verify := range []string{
		"sigwalk verify --dir elsewhere " + root + anyone + "oci:", "cosign2 verify --local-image --offline " + root + anyone, "cosign3 verify --local-image --offline " + root + anyone,
	} {
		if o := b.try(t, verify+"saved2"); o.code != 0 {
			t.Errorf("as it was saved: %s", o)
		}
		if o := b.try(t, verify+"changed"); o.code == 0 {
			t.Errorf("changed: %s", o)
		}
	}
	b.sh(t, "skopeo copy --authfile \"$DIR/docker/config.json\" --src-tls-verify=false docker://"+image+" oci:bare:v1 >/dev/null")
	if o := b.try(t, "sigwalk verify --dir elsewhere "+root+anyone+"oci:bare:v1"); o.code != 10 {
		t.Errorf("of skopeo: %s", o)
	}

	// With a bundle of cosign 3 beside them.
	b.sh(t, terminal3+"cosign3 initialize && cosign3 sign --yes "+image, token)
	b.sh(t, `sigwalk pack --dir "$DIR" --file all.tar `+image)
	there = b.sh(t, "sigwalk verify --dir elsewhere -o tsv --pack all.tar"+anyone)
	if strings.Count(there.stdout, "@demo.redhat.com") != 3 || !strings.Contains(there.stderr, "network calls: 0\n") {
		t.Error(there)
	}
	b.sh(t, fmt.Sprintf(unpack, "all.tar")+"cosign3 verify --local-image --trusted-root trusted_root.json --offline"+who+".")
	b.sh(t, terminal3+"cosign3 save --dir saved3 "+image)
	if o := b.sh(t, "sigwalk verify --dir elsewhere -o tsv "+root+anyone+"oci:saved3"); strings.Count(o.stdout, "@demo.redhat.com") != 3 {
		t.Errorf("of cosign 3: %s", o)
	}
}

const anyoneAtAll = " --certificate-identity-regexp . --certificate-oidc-issuer-regexp . "
