package explain_test

import (
	"bytes"
	"context"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/explain"
	"github.com/sigwalk/sigwalk/actions/verification"
)

// declared are the codes in actions/codes.go, read from its source so that none can be forgotten.
func declared(t *testing.T) []actions.Code {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../codes.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var codes []actions.Code
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		for _, value := range spec.Values {
			if literal, ok := value.(*ast.BasicLit); ok {
				text, err := strconv.Unquote(literal.Value)
				if err != nil {
					t.Fatal(err)
				}
				codes = append(codes, actions.Code(text))
			}
		}
		return true
	})
	if len(codes) < 50 {
		t.Fatalf("only %d codes found", len(codes))
	}
	return codes
}

func TestEveryCodeIsExplained(t *testing.T) {
	codes := declared(t)
	for _, id := range verification.Checks() {
		codes = append(codes, actions.Code(id))
	}
	for _, code := range codes {
		e, ok := explain.Code(code)
		switch {
		case !ok:
			t.Errorf("%s has no entry", code)
		case e.Code != code || e.What == "" || e.Why == "" || e.Next == "":
			t.Errorf("%s is incomplete: %+v", code, e)
		case !strings.HasSuffix(e.What, ".") && !strings.HasSuffix(e.What, "?"), strings.Count(e.What, ". ") > 0:
			t.Errorf("%s: not one sentence: %q", code, e.What)
		}
	}
	for _, code := range explain.Codes() {
		if !slices.Contains(codes, code) {
			t.Errorf("%s is explained and does not exist", code)
		}
	}
	if _, ok := explain.Code("nonsense"); ok {
		t.Error("nonsense is explained")
	}
	if near := explain.Near("claims-mismtch"); !slices.Contains(near, actions.CodeClaims) {
		t.Errorf("near claims-mismtch: %v", near)
	}
	if near := explain.Near("CLAIMS-MISMATCH"); !slices.Contains(near, actions.CodeClaims) {
		t.Errorf("near CLAIMS-MISMATCH: %v", near)
	}
	if near := explain.Near("12"); !slices.Equal(near, []actions.Code{actions.CodeNoMatch}) {
		t.Errorf("near 12: %v", near)
	}
}

// TestReferences follows every "sigwalk explain CODE" inside an entry.
func TestReferences(t *testing.T) {
	reference := regexp.MustCompile("sigwalk explain ([a-z-]+)`")
	for _, code := range explain.Codes() {
		e, _ := explain.Code(code)
		for _, match := range reference.FindAllStringSubmatch(e.Why+e.Next, -1) {
			if _, ok := explain.Code(actions.Code(match[1])); !ok {
				t.Errorf("%s refers to %s", code, match[1])
			}
		}
	}
}

// outputs are what people put into issues, shortened, with the code of the first cause and a part of what is said.
var outputs = []struct {
	output string
	want   actions.Code
	part   string
}{
	// As cosign 2.6.5 and 3.1.3 printed them.
	{"Error: cannot specify service URLs and use signing config\nerror during command execution: cannot specify service URLs and use signing config", actions.CodeUsage, "signing configuration"},
	{
		"error during command execution: signing [127.0.0.1:21250/l3-students/demo:latest]: recursively signing: signing digest: getting Fulcio signer: getting key from Fulcio: retrieving cert: go-jose/go-jose: compact JWS format must have three parts",
		actions.CodeTokenMalformed, "three parts",
	},
	{"error during command execution: incorrect checksum for file http://127.0.0.1:21257/root.json: expected 00 but got 8fe4ed0c", actions.CodeRootChecksum, "not the one whose checksum was given"},
	{"error during command execution: parsing reference: could not parse reference: BAD::ref", actions.CodeReference, "no name of an image"},
	{"error during command execution: loading public key: open nosuch.pub: no such file or directory", actions.CodeKeyUnreadable, "is not there"},
	{"Error: no matching attestations: \nerror during command execution: no matching attestations: ", actions.CodeNoMatch, "no attestation"},
	{
		"Error: none of the expected identities matched what was in the certificate, got subjects [https://github.com/smallstep/workflows/.github/workflows/goreleaser.yml@refs/heads/main] with issuer https://token.actions.githubusercontent.com\nmain.go:74: error during command execution: none of the expected identities matched what was in the certificate, got subjects [https://github.com/smallstep/workflows/.github/workflows/goreleaser.yml@refs/heads/main] with issuer https://token.actions.githubusercontent.com",
		actions.CodeSubject, "made by https://github.com/smallstep/workflows/.github/workflows/goreleaser.yml@refs/heads/main, vouched for by https://token.actions.githubusercontent.com",
	},
	{
		"Error: no matching signatures: error verifying bundle: nil certificate provided\n error verifying bundle: verifying bundle: rekor log public key not found for payload\nmain.go:69: error during command execution: no matching signatures: error verifying bundle: nil certificate provided",
		actions.CodeLogUnknown, "a log that your trust root does not know",
	},
	{"Error: --certificate-identity or --certificate-identity-regexp is required for verification in keyless mode", actions.CodeUsage, "does not list who signed"},
	{"Error: no matching signatures: expected a signed timestamp to verify an expired certificate", actions.CodeExpired, "ten-minute certificate"},
	{
		"Error: no matching signatures:\nx509: certificate signed by unknown authority\nmain.go:62: error during command execution: no matching signatures:\nx509: certificate signed by unknown authority",
		actions.CodeTLS, "trust root is the wrong one",
	},
	{
		"Error: getting ctlog public keys: no matching targets by custom metadata, fallbacks not found: ctfe.pub\nmain.go:74: error during command execution: getting ctlog public keys",
		actions.CodeTrustRoot, "has no target ctfe.pub",
	},
	{
		"Error: getting ctlog public keys: updating local metadata and targets: error updating to TUF remote mirror: invalid key\nremote status:{\n\t\"mirror\": \"https://sigstore-tuf-root.storage.googleapis.com/\",",
		actions.CodeTrustRoot, "too old",
	},
	{
		"Error: initializing root client: updating from remote TUF repository: updating tuf metadata: tuf: failed to decode timestamp.json: expired at 2021-12-02 15:41:56 +0000 UTC",
		actions.CodeTrustRoot, "timestamp.json has expired at 2021-12-02",
	},
	{
		`Error: signing test.txt: getting key from Fulcio: retrieving cert: POST https://fulcio.sigstore.dev/api/v1/signingCert returned 400 Bad Request: "{\"code\":3,\"message\":\"There was an error processing the identity token\",\"details\":[]}"`,
		actions.CodeTokenRefused, "does not say which",
	},
	{
		"Error: signing [cosign docker.io/x/nginx:latest]: accessing entity: GET https://index.docker.io/v2/library/cosign/manifests/latest: UNAUTHORIZED: authentication required; [map[Action:pull Class: Name:library/cosign Type:repository]]",
		actions.CodeUnauthorized, "superfluous word",
	},
	{
		"failed to upload layer: POST https://ghcr.io/v2/smana/charts/runlore/blobs/uploads/:\nUNAUTHORIZED: User cannot be authenticated with the token provided.",
		actions.CodeWrongPassword, "refused the credentials",
	},
	{"refreshing fulcio cert: verifying SCT: ctfe public key not found for payload.\nCheck your TUF root", actions.CodeSCT, "old, or another deployment's"},
	{"Error: no matching signatures: error verifying bundle: comparing public key PEMs, expected -----BEGIN PUBLIC KEY-----", actions.CodeLogEntry, "names the wrong key"},
	{"FATA[0000] Source image rejected: A signature was required, but no signature exists", actions.CodeNoSignatures, "policy.json wants a signature"},
	{"FATA[0001] Source image rejected: Invalid crypto engine", actions.CodeNoMatch, "Invalid crypto engine"},
	{"Can not copy signatures to docker://x: Pushing signatures for OCI images is not supported", actions.CodeUsage, "cannot keep the signatures"},
	{`Get "https://192.168.y.z/v2/": dial tcp 192.168.y.z:443: connect: no route to host`, actions.CodeUnreachable, "cannot be reached"},
	{"Error: no signatures found", actions.CodeNoSignatures, "never signed"},
	{"Error: no matching signatures: something new", actions.CodeNoMatch, "does not say why"},
}

func TestOutput(t *testing.T) {
	for _, c := range outputs {
		causes, err := explain.Output(t.Context(), strings.NewReader("WARNING: something else\n"+c.output+"\n"))
		if err != nil || len(causes) == 0 {
			t.Errorf("%q: %v %v", c.output, causes, err)
			continue
		}
		first := causes[0]
		if first.Code != c.want || !strings.Contains(first.What, c.part) || first.Next == "" || !strings.Contains(c.output, strings.Trim(first.Evidence, ".")) {
			t.Errorf("%.60q: %+v, want %s and %q", c.output, first, c.want, c.part)
		}
		if _, ok := explain.Code(first.Code); !ok {
			t.Errorf("%s is no code", first.Code)
		}
	}
	for output, want := range map[string]string{
		"": "nothing came", "\n\n": "nothing came", "all is well\n": "is known", string([]byte{0, 1, 2, 0xff, 0xfe, 27}): "is known",
	} {
		causes, err := explain.Output(t.Context(), strings.NewReader(output))
		if err == nil || causes == nil || len(causes) != 0 || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v %v", output, causes, err)
		}
	}
}

// TestProvoked checks that what real programs print when they fail is explained first by the right cause, with the line
// that says so and a next step in which nothing was left open by the pattern.
func TestProvoked(t *testing.T) {
	for _, c := range provoked {
		causes, err := explain.Output(t.Context(), strings.NewReader(c.output+"\n"))
		if err != nil {
			t.Errorf("%s: %.120q: %v", c.program, c.output, err)
			continue
		}
		first := causes[0]
		if first.Code != c.want || !strings.Contains(c.output, strings.Trim(first.Evidence, ".")) {
			t.Errorf("%s: %.120q: %+v, want %s", c.program, c.output, first, c.want)
		}
		if said := first.What + first.Next; strings.Contains(said, "$1") || strings.Contains(said, "()") || strings.Contains(said, ": .") {
			t.Errorf("%s: %.120q: %+v", c.program, c.output, first)
		}
	}
}

// TestOutputSafely checks that secrets and control characters of an output are not passed on, that it ends with its
// context, and that it reads no more than it must.
func TestOutputSafely(t *testing.T) {
	secret := "eyJhbGciOiJSUzI1NiJ9.eyJlbWFpbCI6ImEifQ.c2lnbmF0dXJl"
	causes, err := explain.Output(t.Context(), strings.NewReader("\x1b[31mtoken "+secret+": There was an error processing the identity token\x1b[0m"))
	if err != nil || len(causes) != 1 {
		t.Fatalf("%v %v", causes, err)
	}
	if strings.Contains(causes[0].Evidence, secret) || strings.Contains(causes[0].Evidence, "\x1b") {
		t.Errorf("evidence %q", causes[0].Evidence)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := explain.Output(ctx, strings.NewReader("a\n")); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	endless := &counter{}
	if causes, err := explain.Output(t.Context(), endless); err == nil || len(causes) != 0 || endless.read > 300<<20 {
		t.Errorf("%d bytes read: %v %v", endless.read, causes, err)
	}
}

// TestOutputOfLongRuns checks that the last line of a long output is found, where programs say why they give up: behind
// many megabytes, and behind a line without an end.
func TestOutputOfLongRuns(t *testing.T) {
	last := "\nError: no signatures found\nerror during command execution: no signatures found\n"
	for name, output := range map[string]string{
		"many lines":        strings.Repeat("pulling layer after layer\n", 1<<20) + last,
		"one long line":     strings.Repeat("x", 8<<20) + last,
		"repeated lines":    strings.Repeat("retrying GET https://x: 503\n", 1000) + last,
		"at the beginning":  last + strings.Repeat("more and more\n", 1<<20),
		"a carriage return": strings.ReplaceAll(last, "\n", "\r\n"),
	} {
		causes, err := explain.Output(t.Context(), strings.NewReader(output))
		if err != nil || len(causes) != 1 || causes[0].Code != actions.CodeNoSignatures {
			t.Errorf("%s: %+v %v", name, causes, err)
		}
	}
}

// counter is an output without end.
type counter struct{ read int }

func (c *counter) Read(p []byte) (int, error) {
	copy(p, bytes.Repeat([]byte("no line end "), len(p)/12+1))
	c.read += len(p)
	return len(p), nil
}

// FuzzOutput feeds any output to the catalogue.
func FuzzOutput(f *testing.F) {
	for _, c := range outputs {
		f.Add(c.output)
	}
	f.Fuzz(func(t *testing.T, output string) {
		causes, err := explain.Output(t.Context(), strings.NewReader(output))
		if (err == nil) != (len(causes) > 0) {
			t.Fatal(causes, err)
		}
		for _, c := range causes {
			if c.What == "" || c.Next == "" || c.Code == "" || strings.ContainsAny(c.Evidence+c.What+c.Next, "\x1b\x00") {
				t.Errorf("%+v", c)
			}
		}
	})
}
