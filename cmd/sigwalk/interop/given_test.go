//go:build interop

package interop

import (
	"strings"
	"testing"
)

// TestGivenAuthorities asks cosign 2 and sigwalk for the same verdict under the flags that name certificate authorities, and
// sigwalk once more in the workshop's shell and of a pack, where no network is used.
func TestGivenAuthorities(t *testing.T) {
	b := up(t)
	b.lesson(t)
	prepare := terminal + `cosign2 initialize >&2; cd "$DIR"; `
	o := b.sh(t, prepare+`
		curl -sf "$COSIGN_FULCIO_URL/api/v2/trustBundle" | jq -r '.chains[0].certificates[]' | tee chain.pem |
			awk '/BEGIN/ { n++ } { print > ("part" n ".pem") } END { print n }'`)
	parts := strings.TrimSpace(o.stdout)
	b.sh(t, prepare+`
		mv part`+parts+`.pem roots.pem; cat part*.pem > intermediates.pem 2>/dev/null || true
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /dev/null -subj /CN=stranger -out stranger.pem
		cat stranger.pem roots.pem > both.pem
		cosign2 download signature "$IMAGE" | jq -r .Cert.Raw | base64 -d | openssl x509 -inform der -out cert.pem
		sigwalk pack --dir "$DIR" -f image.tar "$IMAGE"
		curl -sf "$COSIGN_REKOR_URL/api/v1/log/publicKey" > rekor.pub
		for f in chain roots stranger both cert; do sigwalk exec --dir "$DIR" -- "cat > $f.pem" < $f.pem; done
		tar -xOf image.tar trusted_root.json | jq -r '.ctlogs[0].publicKey.rawBytes' | base64 -d | openssl pkey -pubin -inform der -out ctlog.pub`)
	// Without a trust root cosign asks a TUF client for the keys of the logs whose own root has expired, unless they are named.
	keys := `export SIGSTORE_REKOR_PUBLIC_KEY=rekor.pub SIGSTORE_CT_LOG_PUBLIC_KEY_FILE=ctlog.pub; `
	who := ` --certificate-identity "$OIDC_USER"`
	accepted := 0
	for _, flags := range []string{
		"--certificate-chain chain.pem", "--certificate-chain stranger.pem", "--ca-roots both.pem", "--ca-roots stranger.pem",
		"--ca-roots roots.pem --ca-intermediates chain.pem", "--certificate cert.pem", "--certificate cert.pem --certificate-chain chain.pem",
		"--certificate cert.pem --certificate-chain stranger.pem", "--certificate-chain missing.pem",
		"--ca-roots roots.pem --certificate-chain chain.pem",
	} {
		for _, more := range []string{"", " --insecure-ignore-sct --offline"} {
			named := keys
			if flags == "--certificate cert.pem" {
				named = "" // where no authority is named, it takes the trust root
			}
			theirs := b.try(t, prepare+named+`cosign2 verify `+flags+more+who+` "$IMAGE"`)
			ours := b.try(t, prepare+`sigwalk verify --dir "$DIR" `+flags+more+who+` "$IMAGE"`)
			built := b.try(t, prepare+`sigwalk exec --dir "$DIR" -- 'cosign verify `+flags+more+who+` "$IMAGE"'`)
			packed := b.try(t, prepare+`sigwalk verify --dir "$DIR" --pack image.tar `+flags+more+who+` --certificate-oidc-issuer "$COSIGN_CERTIFICATE_OIDC_ISSUER"`)
			if theirs.code == 0 {
				accepted++
			}
			if (theirs.code == 0) != (ours.code == 0) || (theirs.code == 0) != (built.code == 0) || ours.code != packed.code {
				t.Errorf("%s%s\ncosign2 says %s\nsigwalk says %s\nthe built-in says %s\nof the pack %s", flags, more, theirs, ours, built, packed)
			}
		}
	}
	t.Logf("%d accepted by cosign", accepted)
	if accepted < 8 {
		t.Errorf("only %d were accepted", accepted)
	}
}
