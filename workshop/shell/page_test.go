package shell_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/actions/signing"
	"github.com/sigwalk/sigwalk/actions/trust"
	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/workshop/environment"
	"github.com/sigwalk/sigwalk/workshop/sandbox/sandboxtest"
	"github.com/sigwalk/sigwalk/workshop/shell"
)

func TestMain(m *testing.M) { os.Exit(sandboxtest.Main(m)) }

// workspace is where the page's terminal has the scripts.
const workspace = "/workspace/l3-enablement-helpers/security-concepts"

// newClassroom is a shell with the workshop's scripts, pointed at the sandbox.
func newClassroom(t *testing.T, opts shell.Options, more ...environment.Variable) *bench {
	t.Helper()
	settings := sandboxtest.Start(t)
	opts.Homes = actions.HomesBelow(t.TempDir())
	opts.Aliases = map[string]string{workspace: "scripts"}
	var vars []environment.Variable
	for _, v := range environment.Sandbox(settings, opts.Homes) {
		// The scripts make these two.
		if v.Name != "IMAGE" {
			vars = append(vars, v)
		}
	}
	vars = append(vars, more...)
	b := newBench(t, opts, vars...)
	scripts, err := filepath.Glob("../../assets/scripts/*.sh")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, script := range scripts {
		text, err := os.ReadFile(script)
		if err != nil {
			t.Fatal(err)
		}
		b.write(t, "scripts/"+filepath.Base(script), text)
	}
	return b
}

// want runs line and fails the test unless it ends with code and prints what matches the patterns.
func (b *bench) want(t *testing.T, line string, code int, stdout, stderr string) shell.Result {
	t.Helper()
	gotOut, gotErr, result := b.run(t, line)
	if result.ExitCode != code || !regexp.MustCompile(stdout).MatchString(gotOut) || !regexp.MustCompile(stderr).MatchString(gotErr) {
		t.Fatalf("$ %s\nexit code %d, want %d\nstdout, want %q:\n%s\nstderr, want %q:\n%s", line, result.ExitCode, code, stdout, gotOut, stderr, gotErr)
	}
	return result
}

// The page's own lines, as they stand, from the copy to the table.
func TestThePage(t *testing.T) {
	yes := environment.Variable{Name: "COSIGN_YES", Value: "true", Source: "test", Exported: true}
	b := newClassroom(t, shell.Options{}, yes)
	b.want(t, "cd "+workspace, 0, `^$`, `^$`)
	b.want(t, "pwd", 0, "^"+workspace+"\n$", `^$`)

	r := b.want(t, "source ./copy-image-to-quay.sh", 0,
		`(?s)Getting image source signatures\n(Copying blob [0-9a-f]{12} .*\n){4}Copying config [0-9a-f]{10} .*\nWriting manifest to image destination\n.*Success!`, `^$`)
	if len(r.Values) != 1 {
		t.Fatalf("%d values, want the copy's", len(r.Values))
	}
	if copied := r.Values[0].(*registry.CopyResult); copied.Blobs != 5 {
		t.Errorf("%d blobs, want 5", copied.Blobs)
	}
	b.want(t, "echo $IMAGE", 0, `^127\.0\.0\.1:\d+/l3-students/l3-rhads-demoimage:latest\n$`, `^$`)
	b.want(t, "echo $QUAY", 0, `^127\.0\.0\.1:\d+\n$`, `^$`)
	if v, ok := b.env.Get("IMAGE"); !ok || !v.Exported || v.Source != "source ./copy-image-to-quay.sh" {
		t.Errorf("IMAGE in the environment is %+v", v)
	}

	r = b.want(t, "cosign initialize", 0,
		`(?s)^Root status: \n \{\n\t"local": ".*",\n\t"remote": "http://127.*"metadata": \{\n\t\t"root.json": \{\n\t\t\t"version": 1,\n\t\t\t"len": \d+,\n\t\t\t"expiration": "\d\d \w\w\w \d\d \d\d:\d\d UTC",\n\t\t\t"error": ""\n.*"targets": \[.*"trusted_root.json"`, `^$`)
	if status := r.Values[0].(*trust.Status); !status.Pinned {
		t.Error("the root was not pinned by COSIGN_ROOT_CHECKSUM")
	}
	b.want(t, `cosign login $QUAY -u $QUAY_USER -p $QUAY_PASSWORD`, 0, `^$`,
		`^\nWARNING! Your credentials are stored unencrypted in '.*/docker/config\.json'\.\n(.*\n){2}\nlogged in via .*/docker/config\.json\n$`)

	b.want(t, "cosign sign $IMAGE", 1, `^$`, `(?m)^Error: signing .*: there is no identity token`)
	out, _, _ := b.run(t, "source ./get-access-token.sh #also sets the SIGSTORE_ID_TOKEN")
	token, ok := b.env.Get("SIGSTORE_ID_TOKEN")
	if !ok || !token.Secret || !token.Exported || strings.Count(token.Value, ".") != 2 {
		t.Fatalf("no token after:\n%s", out)
	}
	if strings.Contains(out, token.Value) || !strings.Contains(out, "pipeline-auth@demo.redhat.com") {
		t.Errorf("the script says:\n%s", out)
	}
	r = b.want(t, "cosign sign $IMAGE", 0, `^$`, `(?s)^WARNING: Image reference 127\S+ uses a tag, not a digest.*`+
		`Generating ephemeral keys\.\.\.\nRetrieving signed certificate\.\.\.\nSuccessfully verified SCT\.\.\.\n`+
		`.*immutable record.*By typing 'y', you attest[^\n]*\nTimestamp fetched with time:  \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+0000 UTC\ntlog entry created with index: \d+\nPushing signature to: 127\.0\.0\.1:\d+/l3-students/l3-rhads-demoimage\n$`)
	signed := r.Values[0].(*signing.Result)
	if signed.Subject != "pipeline-auth@demo.redhat.com" || !signed.ByTag {
		t.Errorf("signed as %q, by tag %v", signed.Subject, signed.ByTag)
	}

	r = b.want(t, "cosign tree $IMAGE", 0, `^📦 Supply Chain Security Related artifacts for an image: 127\S+:latest\n`+
		`└── 🔐 Signatures for an image tag: 127\S+:sha256-[0-9a-f]{64}\.sig\n(   ├── 🍒 sha256:[0-9a-f]{64}\n)*   └── 🍒 sha256:[0-9a-f]{64}\n$`, `^$`)
	if _, ok := r.Values[0].(*verification.Node); !ok {
		t.Errorf("the tree's value is %T", r.Values[0])
	}
	header := `(?s)^\nVerification for 127\S+:latest --\nThe following checks were performed on each of these signatures:\n` +
		`  - The cosign claims were validated\n  - Existence of the claims in the transparency log was verified offline\n` +
		`  - The code-signing certificate was verified using trusted certificate authority certificates\n$`
	b.want(t, "cosign verify --certificate-identity=pipeline-auth@demo.redhat.com $IMAGE | jq", 0,
		`(?s)^\[\n  \{\n    "critical": \{\n      "identity": \{\n        "docker-reference": "127.*"Subject": "pipeline-auth@demo.redhat.com"`, header)
	b.want(t, `cosign verify --certificate-identity-regexp '.*@.*redhat\.com$' --certificate-oidc-issuer-regexp '\.redhatworkshops\.io/' $IMAGE | jq -r '["logIndex", "Subject", "Issuer"], (.[] | [.optional.Bundle.Payload.logIndex, .optional.Subject, .optional.Issuer]) | @tsv' | column -t`,
		0, `^logIndex  Subject                        Issuer\n(\d+ +pipeline-auth@demo\.redhat\.com  http://127\.0\.0\.1:\d+/sso\.\S+/realms/trusted-artifact-signer\n)+$`, header)

	r = b.want(t, "cosign verify --certificate-identity=nobody@demo.redhat.com $IMAGE", 12, `^$`, `(?s)^Error: no matching signatures: .*pipeline-auth@.*\n  why:  .*nobody@demo\.redhat\.com.*\n  next: `)
	if actions.CodeOf(r.Err) != actions.CodeNoMatch {
		t.Errorf("the error is %v", r.Err)
	}
	if _, ok := r.Values[0].(*verification.Report); !ok {
		t.Errorf("a verification that fails still has its report, and not %v", r.Values)
	}
	b.want(t, "echo $SIGSTORE_ID_TOKEN", 0, `^•+\n$`, `^$`)
}

// Only verify has exit codes of its own, as in cosign; and two images are signed one after the other, each with its warning.
func TestExitCodesAndWarningsAreCosigns(t *testing.T) {
	b := newClassroom(t, shell.Options{})
	b.want(t, "cosign initialize", 0, ``, `^$`)
	b.want(t, "cosign login $QUAY -u $QUAY_USER -p $QUAY_PASSWORD", 0, ``, ``)
	b.want(t, "cosign verify --certificate-identity=x $QUAY/l3-students/nothing:latest", 11, `^$`, `^Error: there is no repository`)
	b.want(t, "cosign tree $QUAY/l3-students/nothing:latest", 1, `^$`, `^Error: there is no repository`)
	b.want(t, "source ./scripts/get-access-token.sh", 0, `Success!`, `^$`)
	b.want(t, "cosign sign --yes $QUAY/l3-students/nothing:latest", 1, `^$`, `(?m)^Error: signing .*: there is no repository`)
	b.want(t, "source ./scripts/copy-image-to-quay.sh", 0, `Success!`, `^$`)
	b.want(t, "cosign sign --yes $IMAGE $IMAGE", 0, `^$`,
		`(?s)^WARNING: Image reference.*Pushing signature to: \S+\nWARNING: Image reference.*Pushing signature to: \S+\n$`)
}

// The variables of cosign 3 name no issuer to sign in at, only the one that verification asks for.
func TestTokenWithoutAnIssuerToSignInAt(t *testing.T) {
	b := newClassroom(t, shell.Options{})
	b.env.Unset("COSIGN_OIDC_ISSUER")
	b.want(t, "source ./scripts/get-access-token.sh", 0, `(?s)Issuer: http://127\..*Success!.*Identity: pipeline-auth@demo\.redhat\.com`, `^$`)
	b.env.Unset("COSIGN_CERTIFICATE_OIDC_ISSUER")
	b.want(t, "source ./scripts/get-access-token.sh", 1, ``, `must be set`)
}
