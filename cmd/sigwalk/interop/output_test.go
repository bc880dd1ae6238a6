//go:build interop

package interop

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// both runs a line of cosign's twice: by the real cosign 2 in a terminal, and by the one that is built into the workshop
// shell. $QUAY and $IMAGE stand for the same in either.
func (b *bench) both(t *testing.T, line string, more ...string) (theirs, ours outcome) {
	t.Helper()
	theirs = b.try(t, terminal+`cosign() { cosign2 "$@"; }`+"\n"+line, more...)
	ours = b.exec(t, line, more...)
	return theirs, ours
}

// varying is what two runs of the same cosign would not print alike.
var varying = []struct {
	pattern *regexp.Regexp
	by      string
}{
	{regexp.MustCompile(`tlog entry created with index: \d+`), "tlog entry created with index: N"},
	{regexp.MustCompile(`Timestamp fetched with time:  \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+0000 UTC`), "Timestamp fetched with time:  T"},
}

func alike(stderr string) string {
	for _, v := range varying {
		stderr = v.pattern.ReplaceAllString(stderr, v.by)
	}
	return stderr
}

// TestOutput: what the built-in cosign prints is what the real cosign 2 prints, byte for byte but for the number of the log
// entry and the time of the time stamp in the two lines that name them.
func TestOutput(t *testing.T) {
	b := up(t)
	b.exec(t, "source ./copy-image-to-quay.sh && cosign initialize && cosign login $QUAY -u $QUAY_USER -p $QUAY_PASSWORD")
	token := "SIGSTORE_ID_TOKEN=" + b.token(t)
	b.sh(t, `cosign2 generate-key-pair && cp cosign.pub "$DIR/workspace"`, "COSIGN_PASSWORD=")
	for _, line := range []string{
		`cosign tree $IMAGE`,
		`cosign sign --yes $IMAGE`,
		`cosign sign -y -a build=7 -a by=hand $(crane digest --full-ref $IMAGE)`,
		`cosign sign --yes --timestamp-server-url= $IMAGE $IMAGE`,
		`cosign tree $IMAGE`,
		`cosign tree $(crane digest --full-ref $IMAGE)`,
		`cosign verify --certificate-identity=user1@demo.redhat.com $IMAGE`,
		`cosign verify --certificate-identity user1@demo.redhat.com --certificate-oidc-issuer $COSIGN_OIDC_ISSUER $IMAGE $IMAGE`,
		`cosign verify --certificate-identity-regexp '.*@.*redhat\.com$' --certificate-oidc-issuer-regexp '\.redhatworkshops\.io/' $IMAGE`,
		`cosign verify --certificate-identity user1@demo.redhat.com --output text $IMAGE`,
		`cosign verify --certificate-identity user1@demo.redhat.com -a build=7 $IMAGE`,
		`cosign verify --certificate-identity user1@demo.redhat.com --insecure-ignore-tlog $IMAGE`,
		`cosign verify --certificate-identity user1@demo.redhat.com --insecure-ignore-sct --offline $(crane digest --full-ref $IMAGE)`,
		`cosign verify --certificate-identity user1@demo.redhat.com --use-signed-timestamps $IMAGE`,
		`cosign verify --certificate-identity user1@demo.redhat.com --check-claims=false $IMAGE`,
	} {
		b.assertSame(t, line, token)
	}
	b.sh(t, terminal+`cosign2 sign --key cosign.key "$IMAGE"`, "COSIGN_PASSWORD=")
	for _, line := range []string{
		`cosign verify --key cosign.pub $IMAGE`,
		`cosign verify --key cosign.pub --insecure-ignore-tlog $IMAGE`,
		`cosign verify --key cosign.pub --output text $IMAGE`,
		`cosign verify --certificate-identity user1@demo.redhat.com $IMAGE`,
	} {
		b.assertSame(t, line)
	}
}

// TestLogin: a login that is new prints the real cosign's lines.
func TestLogin(t *testing.T) {
	b := up(t)
	stored := filepath.Join(b.dir, "docker", "config.json")
	for _, line := range []string{
		`cosign login $QUAY -u $QUAY_USER -p $QUAY_PASSWORD`,
		`echo $QUAY_PASSWORD | cosign login $QUAY --username=$QUAY_USER --password-stdin`,
	} {
		theirs := b.sh(t, terminal+`cosign() { cosign2 "$@"; }`+"\n"+line)
		theirFile := taken(t, stored)
		ours := b.exec(t, line)
		ourFile := taken(t, stored)
		if theirs != ours || theirFile != ourFile {
			t.Errorf("$ %s\nthe real cosign: %s\n%s\nthe built-in: %s\n%s", line, theirs, theirFile, ours, ourFile)
		}
	}
}

// taken reads a file and removes it. The space around its content does not count.
func taken(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

func (b *bench) assertSame(t *testing.T, line string, more ...string) {
	t.Helper()
	theirs, ours := b.both(t, line, more...)
	if theirs.code != 0 || ours.code != 0 || theirs.stdout != ours.stdout || alike(theirs.stderr) != alike(ours.stderr) {
		t.Errorf("$ %s\nthe real cosign: %s\nthe built-in: %s", line, theirs, ours)
	}
}

// TestExitCodes: the built-in cosign ends as the real one does, and `sigwalk verify` as `cosign verify`.
func TestExitCodes(t *testing.T) {
	b := up(t)
	b.exec(t, `source ./copy-image-to-quay.sh && cosign initialize && cosign login $QUAY -u $QUAY_USER -p $QUAY_PASSWORD`)
	token := "SIGSTORE_ID_TOKEN=" + b.token(t)
	check := func(line string, code int, says string) {
		t.Helper()
		theirs, ours := b.both(t, line, token)
		if theirs.code != code || ours.code != code || ours.stdout != "" ||
			!strings.HasPrefix(theirs.stderr, says) || !strings.HasPrefix(ours.stderr, says) {
			t.Errorf("$ %s\nwant exit code %d and a message that begins with %q\nthe real cosign: %s\nthe built-in: %s", line, code, says, theirs, ours)
		}
		if arguments, ok := strings.CutPrefix(line, "cosign verify "); ok && code > 1 {
			if alone := b.try(t, terminal+`sigwalk verify --dir "$DIR" `+arguments); alone.code != code {
				t.Errorf("$ sigwalk verify %s\nwant exit code %d, as cosign's\n%s", arguments, code, alone)
			}
		}
	}
	const identity = "--certificate-identity user1@demo.redhat.com "
	check("cosign verify "+identity+"$IMAGE", 10, "Error: no signatures found")
	check("cosign verify "+identity+"$QUAY/l3-students/nothing:latest", 11, "Error: ")
	check("cosign verify "+identity+"$QUAY/l3-students/l3-rhads-demoimage:nothing", 11, "Error: ")
	check("cosign verify $IMAGE", 1, "Error: --certificate-identity or --certificate-identity-regexp is required for verification in keyless mode")
	check("cosign sign --yes $QUAY/l3-students/nothing:latest", 1, "WARNING: Image reference ")
	check("cosign sign --yes --no-such-flag $IMAGE", 1, "Error: unknown flag: --no-such-flag")
	check("cosign sign --yes --identity-token no.such.token $IMAGE", 1, "WARNING: Image reference ")

	b.sh(t, terminal+`cosign2 sign "$IMAGE"`, token)
	check("cosign verify --certificate-identity somebody-else@demo.redhat.com $IMAGE", 12,
		"Error: no matching signatures: none of the expected identities matched what was in the certificate, got subjects [user1@demo.redhat.com] with issuer http://127.0.0.1:")
	check("cosign verify "+identity+"--certificate-oidc-issuer https://elsewhere.example $IMAGE", 12,
		"Error: no matching signatures: none of the expected identities matched what was in the certificate, got subjects [user1@demo.redhat.com] with issuer http://127.0.0.1:")
	check("cosign verify "+identity+"-a build=8 $IMAGE", 12, "Error: no matching signatures: ")

	// A signature without a certificate: cosign has the exit code 13 for that, which its verify turns into 12.
	b.exec(t, `IMAGE=$QUAY/l3-students/keys:latest; source ./copy-image-to-quay.sh`)
	b.sh(t, terminal+`export IMAGE="$QUAY/l3-students/keys:latest"
		cosign2 generate-key-pair
		cosign2 sign --key cosign.key --tlog-upload=false --timestamp-server-url= "$IMAGE"`, "COSIGN_PASSWORD=")
	check("cosign verify "+identity+"--insecure-ignore-tlog $QUAY/l3-students/keys:latest", 12, "WARNING: Skipping tlog verification is an insecure practice")
}

// TestPage runs the page's table, as it stands, in a terminal with the real cosign, jq and column, and through
// `sigwalk exec`.
func TestPage(t *testing.T) {
	b := up(t)
	b.lesson(t)
	b.sh(t, terminal+`OIDC_USER=user1@demo.redhat.com`+"\n"+signIn+`cosign2 sign "$IMAGE"`)
	const line = `cosign verify --certificate-identity-regexp '.*@.*redhat\.com$' --certificate-oidc-issuer-regexp '\.redhatworkshops\.io/' $IMAGE | jq -r '["logIndex", "Subject", "Issuer"], (.[] | [.optional.Bundle.Payload.logIndex, .optional.Subject, .optional.Issuer]) | @tsv' | column -t`
	theirs, ours := b.both(t, line)
	if theirs != ours || theirs.code != 0 {
		t.Errorf("the real tools: %s\nthe built-in ones: %s", theirs, ours)
	}
	issuer := strings.TrimSpace(b.sh(t, terminal+`echo "$COSIGN_CERTIFICATE_OIDC_ISSUER"`).stdout)
	want := "logIndex  Subject                        Issuer\n" +
		"0         pipeline-auth@demo.redhat.com  " + issuer + "\n" +
		"1         user1@demo.redhat.com          " + issuer + "\n"
	if ours.stdout != want {
		t.Errorf("%s\nwant\n%s", ours, want)
	}
}

// token signs user1@demo.redhat.com in, in a terminal.
func (b *bench) token(t *testing.T) string {
	t.Helper()
	if _, err := os.Stat(filepath.Join(b.dir, "workspace")); err != nil {
		b.exec(t, "pwd") // lays out the scripts
	}
	return b.sh(t, terminal+"OIDC_USER=user1@demo.redhat.com\n"+signIn+`printf %s "$SIGSTORE_ID_TOKEN"`).stdout
}
