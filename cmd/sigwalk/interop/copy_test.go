//go:build interop

package interop

import (
	"strings"
	"testing"
)

// TestCopies: whoever copies, with sigwalk's commands or with skopeo and crane, all of them find the same digest at both
// ends, for an image and for an index with all its platforms.
func TestCopies(t *testing.T) {
	b := up(t)
	b.exec(t, "cosign login $QUAY -u $QUAY_USER -p $QUAY_PASSWORD")
	const tools = terminal + `export REGISTRY_AUTH_FILE="$DOCKER_CONFIG/config.json"` + "\n"
	quayIO := strings.TrimSuffix(strings.TrimSpace(b.sh(t, terminal+`echo "$SOURCE_IMAGE"`).stdout), ":latest")
	quay := strings.TrimSpace(b.sh(t, terminal+`echo "$QUAY"`).stdout)
	const plain = " --src-tls-verify=false --dest-tls-verify=false "
	copiers := []struct {
		name string
		copy func(from, to string) outcome
	}{
		{"sigwalk-skopeo", func(from, to string) outcome {
			return b.exec(t, "skopeo copy --all"+plain+"docker://"+from+" docker://"+to)
		}},
		{"sigwalk-crane", func(from, to string) outcome { return b.exec(t, "crane copy "+from+" "+to) }},
		{"sigwalk-script", func(from, to string) outcome {
			return b.exec(t, "SOURCE_IMAGE="+from+"; IMAGE="+to+"; source ./copy-image-to-quay.sh")
		}},
		{"terminal-script", func(from, to string) outcome {
			return b.sh(t, terminal+"SOURCE_IMAGE="+from+"\nIMAGE="+to+"\n"+`. "$DIR/workspace/copy-image-to-quay.sh"`)
		}},
		{"skopeo", func(from, to string) outcome {
			return b.sh(t, tools+"skopeo copy --all"+plain+"docker://"+from+" docker://"+to)
		}},
		{"crane", func(from, to string) outcome { return b.sh(t, tools+"crane copy "+from+" "+to) }},
	}
	for _, tag := range []string{"latest", "multiarch"} {
		source := quayIO + ":" + tag
		want := b.digests(t, tools, source)
		if platforms := want.amd64 != "none" && want.arm64 != "none" && want.amd64 != want.arm64; platforms != (tag == "multiarch") {
			t.Fatalf("%s has the digests %v", source, want)
		}
		for _, c := range copiers {
			image := quay + "/l3-students/" + c.name + ":" + tag
			if o := c.copy(source, image); o.code != 0 {
				t.Errorf("%s of %s: %s", c.name, source, o)
				continue
			}
			if got := b.digests(t, tools, image); got != want {
				t.Errorf("%s of %s: the digests are %v, at the source %v", c.name, source, got, want)
			}
			// Every blob of every platform is there and has the digest that it is named by.
			b.sh(t, tools+"crane validate --remote "+image)
		}
	}
}

// digests are what the tools say about one image, for itself and for two platforms; those of a tool agree with the others'.
type digests struct{ image, amd64, arm64 string }

func (b *bench) digests(t *testing.T, tools, image string) digests {
	t.Helper()
	// skopeo has no digest of one platform; it hashes what it would get.
	skopeo := strings.Fields(b.sh(t, tools+`image=`+image+`
		raw() { skopeo inspect --raw --tls-verify=false "docker://$1" | sha256sum | cut -d ' ' -f 1; }
		child() { skopeo inspect --raw --tls-verify=false "docker://$image" |
			jq -r --arg a "$1" 'if .manifests then .manifests[] | select(.platform.architecture == $a).digest else empty end'; }
		skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$image"
		echo "sha256:$(raw "$image")"
		for architecture in amd64 arm64; do
			digest=$(child "$architecture")
			if [ -n "$digest" ]; then
				echo "sha256:$(raw "${image%:*}@$digest")"
			else
				echo none
			fi
		done`).stdout)
	if len(skopeo) != 4 || skopeo[0] != skopeo[1] {
		t.Fatalf("skopeo says of %s: %q", image, skopeo)
	}
	d := digests{skopeo[0], skopeo[2], skopeo[3]}
	ask := "crane digest " + image
	if d.amd64 != "none" {
		ask += " && crane digest --platform linux/amd64 " + image + " && crane digest --platform linux/arm64 " + image
	} else {
		ask += " && echo none && echo none"
	}
	want := d.image + "\n" + d.amd64 + "\n" + d.arm64 + "\n"
	if crane := b.sh(t, tools+ask); crane.stdout != want {
		t.Errorf("crane says of %s: %s\nskopeo\n%s", image, crane, want)
	}
	if ours := b.exec(t, ask); ours.stdout != want {
		t.Errorf("sigwalk says of %s: %s\nskopeo\n%s", image, ours, want)
	}
	return d
}
