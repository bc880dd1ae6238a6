package lesson_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/muesli/termenv"

	"github.com/sigwalk/sigwalk/actions/keys"
	"github.com/sigwalk/sigwalk/actions/signing"
	"github.com/sigwalk/sigwalk/tui/lesson"
	"github.com/sigwalk/sigwalk/tui/lesson/lessontest"
	"github.com/sigwalk/sigwalk/tui/theme"
)

// What a key pair did is told apart from what an identity did: nobody vouches for it, and the log may be left out.
func TestResultsOfKeyPairs(t *testing.T) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	digest, err := name.NewDigest("quay.example.com/demo@sha256:" + strings.Repeat("5", 64))
	if err != nil {
		t.Fatal(err)
	}
	plain := theme.New(theme.Options{Dark: true, Profile: termenv.Ascii})
	for _, c := range []struct {
		value any
		want  []string
		never []string
	}{
		{
			&signing.Result{Digest: digest, KeyReference: "cosign.key", PublicKey: private.Public(), Total: 1},
			[]string{"signed with the key cosign.key", "whoever verifies needs the public key", "the log was left out"},
			[]string{"signed by", "1970", "0001-"},
		},
		{
			&signing.Result{Digest: digest, KeyReference: "cosign.key", PublicKey: private.Public(), Integrated: lessontest.Now(), Total: 1},
			[]string{"0, logged "},
			[]string{"left out"},
		},
		{
			&keys.Files{Private: "cosign.key", Public: "cosign.pub", PublicKey: private.Public()},
			[]string{"cosign.key", "cosign.pub", "sha256:"},
			[]string{"cluster"},
		},
		{
			&keys.Files{Public: "cosign.pub", PublicKey: private.Public()},
			[]string{"in the cluster, with its password", "cosign.pub"},
			nil,
		},
	} {
		got := strings.Join(lesson.Result(plain, c.value, lessontest.Now(), 100), "\n")
		for _, want := range c.want {
			if !strings.Contains(got, want) {
				t.Errorf("no %q in\n%s", want, got)
			}
		}
		for _, never := range c.never {
			if strings.Contains(got, never) {
				t.Errorf("%q in\n%s", never, got)
			}
		}
	}
}
