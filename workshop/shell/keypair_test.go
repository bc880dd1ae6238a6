package shell_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/keys"
	"github.com/sigwalk/sigwalk/actions/signing"
	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/workshop/environment"
	"github.com/sigwalk/sigwalk/workshop/shell"
)

// typist is a person who types these answers, one after the other.
type typist struct {
	answers []string
	prompts []string
}

func (*typist) Event(context.Context, actions.Event) {}

func (p *typist) Ask(_ context.Context, q actions.Question) (actions.Answer, error) {
	p.prompts = append(p.prompts, q.Text+q.Prompt)
	if len(p.answers) == 0 {
		return actions.Answer{}, actions.ErrNobodyToAsk
	}
	line := p.answers[0]
	p.answers = p.answers[1:]
	return q.Read(line), nil
}

// asked runs line with a person watching and fails the test unless it ends with code and prints what stderr holds.
func (b *bench) asked(t *testing.T, line string, code int, stderr string, answers ...string) *typist {
	t.Helper()
	p := &typist{answers: answers}
	out, errs, result := b.runWith(t.Context(), t, line, nil, p)
	if result.ExitCode != code || !strings.Contains(errs, stderr) || len(p.answers) > 0 {
		t.Fatalf("$ %s\nexit code %d, want %d; %d answers left\n%s%s", line, result.ExitCode, code, len(p.answers), out, errs)
	}
	return p
}

func (b *bench) read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(b.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestKeyPairs(t *testing.T) {
	b := newBench(t, shell.Options{})
	p := b.asked(t, "cosign generate-key-pair", 0, "Private key written to cosign.key\nPublic key written to cosign.pub\n", "pw", "pw")
	if len(p.prompts) != 2 || p.prompts[1] != "Enter password for private key again:" {
		t.Errorf("asked %q", p.prompts)
	}
	key, public := b.read(t, "cosign.key"), b.read(t, "cosign.pub")
	if !strings.HasPrefix(key, "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n") || !strings.HasPrefix(public, "-----BEGIN PUBLIC KEY-----\n") {
		t.Errorf("%s%s", key, public)
	}
	if info, err := os.Stat(filepath.Join(b.dir, "cosign.key")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}

	// Wrong turns leave the files as they are.
	b.asked(t, "cosign generate-key-pair", 1, "passwords do not match", "pw", "other")
	b.asked(t, "cosign generate-key-pair", 1, "cosign.key is in the way", "pw", "pw", "n")
	b.want(t, "cosign generate-key-pair", 1, `^$`, `nobody is there to type it\n  next: set COSIGN_PASSWORD`)
	b.want(t, "printf 'y' | COSIGN_PASSWORD=pw cosign import-key-pair --key cosign.pub", 1, `^$`, `unsupported private key`)
	b.want(t, "cosign import-key-pair", 1, `^$`, `there is no key to import\n.*--key is not given\n.*cosign import-key-pair --key FILE`)
	b.want(t, "cosign generate-key-pair awskms://x", 1, `^$`, `not built into the workshop shell\n  next: the real command.*: cosign generate-key-pair awskms://x\n`)
	b.want(t, "cosign generate-key-pair --kms awskms:///alias/x", 1, `^$`, `--kms is not built`)
	b.want(t, "cosign generate-key-pair nonsense", 1, `^$`, `^Error: could not parse scheme, use <scheme>://<ref> format\n$`)
	b.want(t, "COSIGN_PASSWORD= cosign generate-key-pair --output-key-prefix ../outside", 1, `^$`, `outside the lesson's directory`)
	if b.read(t, "cosign.key") != key || b.read(t, "cosign.pub") != public {
		t.Error("the key pair has changed")
	}

	// The public key comes out of the private one, and only with the password.
	b.want(t, "COSIGN_PASSWORD=pw cosign public-key --key cosign.key > out.pub", 0, `^$`, `^$`)
	if b.read(t, "out.pub") != public {
		t.Error("public-key prints another key")
	}
	b.asked(t, "cosign public-key --key cosign.key --outfile again.pub", 0, "Public key written to again.pub\n", "pw")
	if b.read(t, "again.pub") != public {
		t.Error("again.pub is another key")
	}
	b.asked(t, "cosign public-key --key cosign.key", 1, "decryption failed. The password is wrong", "PW")
	b.want(t, "cosign public-key", 1, `^$`, `^Error: exactly one of: key reference \(--key\), or hardware token \(--sk\) must be provided\n$`)

	// A pipe brings the answer, or the password, whole.
	b.want(t, "echo y | COSIGN_PASSWORD=pw cosign generate-key-pair", 0, `^$`,
		`^WARNING: File cosign.key already exists. Overwrite\?\nAre you sure you would like to continue\? \[y/N\] Private key written to cosign.key\n`)
	if b.read(t, "cosign.key") == key {
		t.Error("yes did not replace the key")
	}
	b.want(t, "echo maybe | COSIGN_PASSWORD=pw cosign generate-key-pair", 1, `^$`, `invalid input "maybe" \(allowed values y, n\)`)
	b.want(t, "printf 'from a pipe' | cosign generate-key-pair --output-key-prefix piped", 0, `^$`, `^Private key written to piped.key`)
	b.want(t, "COSIGN_PASSWORD='from a pipe' cosign public-key --key piped.key && echo got it", 0, `(?s)^-----BEGIN PUBLIC KEY.*got it\n$`, `^$`)
	r := b.want(t, `KEY="$(cat piped.key)"; export KEY; COSIGN_PASSWORD='from a pipe' cosign public-key --key env://KEY --outfile env.pub`, 0, `^$`, `^Public key written to env.pub\n$`)
	if b.read(t, "env.pub") != b.read(t, "piped.pub") || len(r.Values) != 0 {
		t.Error("env:// gives another key")
	}
	b.asked(t, "COSIGN_PASSWORD='from a pipe' cosign public-key --key piped.key --outfile cosign.pub", 1, "cosign.pub is in the way", "n")
}

// The password of a key, wherever it came from, is in nothing that the line printed or returned.
func TestPasswordsAreNotShown(t *testing.T) {
	const secret = "correct horse battery"
	b := newBench(t, shell.Options{}, environment.Variable{Name: "COSIGN_PASSWORD", Value: secret, Source: "test", Exported: true, Secret: true})
	out, errs, result := b.run(t, `cosign generate-key-pair; echo "$COSIGN_PASSWORD"; cosign public-key --key cosign.key; cat cosign.key; cosign sign --key awskms://x 127.0.0.1:1/x`)
	if strings.Contains(out+errs, secret) {
		t.Error("the password was printed")
	}
	for _, value := range result.Values {
		if files, ok := value.(*keys.Files); !ok || files.Private != "cosign.key" {
			t.Errorf("%+v", value)
		}
	}
}

// Keyful signing as the page has it, in the sandbox.
func TestSignWithAKey(t *testing.T) {
	b := newClassroom(t, shell.Options{}, environment.Variable{Name: "COSIGN_PASSWORD", Value: "pw", Source: "test", Exported: true})
	b.want(t, "cd "+workspace+" && source ./copy-image-to-quay.sh >/dev/null && cosign initialize >/dev/null && cosign login $QUAY -u $QUAY_USER -p $QUAY_PASSWORD 2>/dev/null", 0, ``, ``)
	b.want(t, "cosign generate-key-pair && crane copy $IMAGE $QUAY/l3-students/keyful:latest; IMAGE=$QUAY/l3-students/keyful:latest", 0, ``, ``)
	r := b.want(t, "echo y | cosign sign --key cosign.key $IMAGE", 0, `^$`, `(?s)^WARNING: Image reference .* uses a tag.*`+
		`\n\tThe sigstore service, .*you attest that.*\nAre you sure you would like to continue\? \[y/N\] `+
		`Timestamp fetched with time:  20\d\d-\d\d-\d\d \d\d:\d\d:\d\d \+0000 UTC\ntlog entry created with index: \d+\nPushing signature to: \S+/l3-students/keyful\n$`)
	if signed := r.Values[0].(*signing.Result); signed.KeyReference != "cosign.key" || signed.Subject != "" {
		t.Errorf("%+v", signed)
	}
	header := `(?s)^\nVerification for \S+/keyful:latest --\nThe following checks were performed on each of these signatures:\n` +
		`  - The cosign claims were validated\n%s  - The signatures were verified against the specified public key\n$`
	r = b.want(t, "cosign verify --key cosign.pub $IMAGE | jq length", 0, `^1\n$`,
		strings.Replace(header, "%s", "  - Existence of the claims in the transparency log was verified offline\n", 1))
	if report := r.Values[0].(*verification.Report); len(report.Verified()) != 1 {
		t.Errorf("%+v", report)
	}
	b.want(t, "cosign verify --key cosign.key $IMAGE", 1, `^$`, `loading public key: cosign.key\n  why:  it holds a private key`)
	b.want(t, "echo n | cosign sign --key cosign.key $IMAGE", 1, `^$`, `nothing was signed\n  why:.*\n  next: .*--tlog-upload=false`)
	b.want(t, "cosign sign --key cosign.key --tlog-upload=false $IMAGE", 0, `^$`, `(?s)\nTimestamp fetched.*UTC\nPushing signature to: \S+/keyful\n$`)
	b.want(t, "cosign verify --key cosign.pub --insecure-ignore-tlog $IMAGE | jq length", 0, `^2\n$`, `^WARNING: Skipping tlog`)
	b.want(t, "cosign sign --key awskms:///alias/k $IMAGE", 1, `^$`, `cosign sign --key awskms:///alias/k is not built into the workshop shell\n  next: .* cosign sign --key awskms:///alias/k \S+/keyful:latest\n$`)
	b.want(t, "cosign generate-key-pair --output-key-prefix other && cosign verify --key other.pub $IMAGE", 12, `^$`, `no matching signatures`)
}
