package ci_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/ci"
)

// deployments are the kinds that a pipeline is written for.
func deployments() []ci.Settings {
	own := actions.Endpoints{
		Fulcio: "https://fulcio.example.com", Rekor: "https://rekor.example.com", TUFMirror: "https://tuf.example.com",
		TUFRoot: "https://tuf.example.com/root.json", TUFRootChecksum: strings.Repeat("ab", 32),
	}
	withAll := own
	withAll.Timestamp, withAll.CAFile = "https://tsa.example.com/api/v1/timestamp", "/etc/ca.pem"
	var all []ci.Settings
	for _, endpoints := range []actions.Endpoints{{}, own, withAll} {
		for _, image := range []string{"", "quay.example.com/it's/app"} {
			for _, audience := range []string{"sigstore", "trusted-artifact-signer"} {
				if endpoints.Fulcio == "" && audience != "sigstore" {
					continue
				}
				all = append(all, ci.Settings{Endpoints: endpoints, Image: image, Audience: audience, Cosign: "v2.6.5"})
			}
		}
	}
	return all
}

// TestWrittenIsClean holds what is written to what is looked for.
func TestWrittenIsClean(t *testing.T) {
	for i, settings := range deployments() {
		for system, issuer := range map[string]string{ci.GitHub: ci.GitHubIssuer, ci.GitLab: ci.GitLabIssuer} {
			settings.Issuer = issuer
			text, err := ci.Write(system, settings)
			if err != nil {
				t.Fatal(err)
			}
			findings, err := ci.Lint(strings.NewReader(text), ci.Options{Audience: settings.Audience})
			if err != nil {
				t.Fatalf("%v in\n%s", err, text)
			}
			for _, f := range findings {
				t.Errorf("%d: %s", i, f.String(system))
			}
			for _, want := range []string{settings.Endpoints.Fulcio, settings.Endpoints.TUFRootChecksum, settings.Endpoints.Timestamp, issuer} {
				if !strings.Contains(text, want) {
					t.Errorf("%s lacks %s", system, want)
				}
			}
			if strings.Contains(text, "\t") || strings.Contains(text, " \n") {
				t.Errorf("%s has tabs or spaces at the end of a line:\n%s", system, text)
			}
		}
	}
	if _, err := ci.Write("jenkins", ci.Settings{}); actions.CodeOf(err) != actions.CodeUsage {
		t.Errorf("jenkins: %v", err)
	}
}

// trap is a pipeline in which each line with "<- RULE" at its end has that finding, and no other has one.
type trap struct{ name, text, audience string }

func lines(t *testing.T, c trap) {
	t.Helper()
	var want, got []string
	var text strings.Builder
	for i, line := range strings.Split(c.text, "\n") {
		code, rules, found := strings.Cut(line, "<-")
		if found {
			for rule := range strings.FieldsSeq(rules) {
				want = append(want, fmt.Sprintf("%d %s", i+1, rule))
			}
		}
		text.WriteString(strings.TrimRight(code, " #") + "\n")
	}
	findings, err := ci.Lint(strings.NewReader(text.String()), ci.Options{Audience: c.audience})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range findings {
		got = append(got, fmt.Sprintf("%d %s", f.Line, f.Rule))
		if f.What == "" || f.Why == "" || f.Next == "" {
			t.Errorf("%+v does not say what, why and what next", f)
		}
	}
	if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
		t.Errorf("found\n%s\nwant\n%s", g, w)
	}
}

// TestTraps has each trap at its line. The first two are the examples that people start from.
func TestTraps(t *testing.T) {
	for _, c := range []trap{
		{name: "a workflow as people copy it", text: `name: Build and Sign
on: [push]
permissions:
  contents: read
  id-token: write
  packages: write
jobs:
  build-sign:
    runs-on: ubuntu-latest
    env:
      COSIGN_FULCIO_URL: "https://fulcio.yourdomain.com"
      COSIGN_REKOR_URL: "https://rekor.yourdomain.com"
      COSIGN_MIRROR: "https://tuf.yourdomain.com"
      COSIGN_ROOT: "https://tuf.yourdomain.com/root.json"
      COSIGN_YES: "true"
    steps:
      - uses: actions/checkout@v4
      - name: Install Cosign
        uses: sigstore/cosign-installer@v3 #<- version-floats
      - name: Initialize
        run: cosign initialize #<- root-not-pinned
      - name: Build and push image
        run: |
          docker build -t ghcr.io/${{ github.repository }}:${{ github.sha }} .
          docker push ghcr.io/${{ github.repository }}:${{ github.sha }}
      - name: Sign image
        run: cosign sign ghcr.io/${{ github.repository }}:${{ github.sha }} #<- tag-signed wrong-audience
      - name: Get OIDC token
        run: |
          IDTOKEN=$(curl -H "Authorization: bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN" "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=tas" | jq -r '.value') #<- secret-in-arguments
          echo "SIGSTORE_ID_TOKEN=$IDTOKEN" >> $GITHUB_ENV #<- token-shown
`},
		{name: "a GitLab job as people copy it", text: `variables:
  COSIGN_FULCIO_URL: "https://fulcio.yourdomain.com"
  COSIGN_ROOT: "https://tuf.yourdomain.com/root.json"
  COSIGN_YES: "true"
  SIGSTORE_OIDC_ISSUER: "https://gitlab.com" #<- issuer-not-read
sign-image:
  stage: sign
  image: gcr.io/projectsigstore/cosign:latest #<- image-without-shell version-floats
  id_tokens:
    SIGSTORE_ID_TOKEN:
      aud: trusted-artifact-signer
  before_script:
    - cosign initialize #<- root-not-pinned
  script:
    - cosign sign $CI_REGISTRY_IMAGE:$CI_COMMIT_SHA #<- tag-signed
`},
		{name: "no rights", text: `on: push
permissions: #
  contents: read #<- no-identity-token
jobs:
  sign:
    runs-on: ubuntu-latest
    env: {COSIGN_YES: "true", IMAGE: ghcr.io/o/r}
    steps:
      - run: docker push "$IMAGE" #<- no-right-to-push
      - run: cosign sign "$IMAGE@$DIGEST"
`},
		{name: "no permissions at all", text: `on: push
jobs:
  sign:
    runs-on: ubuntu-latest
    steps:
      - run: |
          set -eux
          cosign sign --yes "$IMAGE@$DIGEST" #<- no-identity-token
`},
		{name: "the audience is known", audience: "sigstore", text: `on: push
permissions: write-all
jobs:
  sign:
    runs-on: ubuntu-latest
    env:
      COSIGN_FULCIO_URL: https://fulcio.example.com
    steps:
      - run: cosign sign "$IMAGE@$DIGEST" #<- nobody-to-ask trust-root-missing
`},
		{name: "another audience than Fulcio's", audience: "tas", text: `sign:
  id_tokens:
    SIGSTORE_ID_TOKEN: #<- wrong-audience
      aud: [https://vault.example.com]
  script: cosign sign -y "$IMAGE@$DIGEST"
no-audience:
  id_tokens:
    SIGSTORE_ID_TOKEN: {} #<- no-identity-token
  script: cosign sign -y "$IMAGE@$DIGEST"
other-name:
  id_tokens:
    TOKEN: {aud: tas}
  script: cosign sign -y "$IMAGE@$DIGEST" #<- no-identity-token
none:
  script: [cosign sign -y "$IMAGE@$DIGEST"] #<- no-identity-token
by-key:
  script: [cosign sign -y --key env://COSIGN_KEY "$IMAGE@$DIGEST"]
`},
		{name: "what a job extends", text: `.signed:
  id_tokens:
    SIGSTORE_ID_TOKEN: {aud: tas}
  variables: {COSIGN_YES: "true"}
default:
  image: gcr.io/projectsigstore/cosign:v2.6.5 #<- image-without-shell
sign:
  extends: .signed
  script:
    - cosign sign "$IMAGE@$DIGEST"
old:
  extends: .signed
  image: alpine
  variables:
    SIGSTORE_ID_TOKEN: $CI_JOB_JWT_V2 #<- no-longer-there
  script:
    - cosign sign --identity-token $CI_JOB_JWT "$IMAGE@$DIGEST" #<- no-longer-there secret-in-arguments
`},
		{name: "verifications", text: `verify:
  script:
    - cosign verify $IMAGE@$DIGEST #<- signer-not-named signer-not-named
    - cosign verify --certificate-identity-regexp '.*' --certificate-oidc-issuer https://i.example.com $IMAGE@$DIGEST #<- signer-not-named
    - cosign verify --key cosign.pub $IMAGE@$DIGEST
    - cosign verify --key cosign.pub --insecure-ignore-tlog $IMAGE@$DIGEST #<- check-switched-off
    - cosign verify --key cosign.pub --allow-insecure-registry=false quay.io/o/r #<- tag-signed
`},
		{name: "secrets", text: `on: push
env:
  COSIGN_PASSWORD: hunter2 #<- secret-in-file
permissions: write-all
jobs:
  sign:
    runs-on: ubuntu-latest
    steps:
      - run: cosign login quay.io -u me -p "${{ secrets.QUAY_PASSWORD }}" #<- secret-in-arguments
      - run: |
          echo "$SIGSTORE_ID_TOKEN" #<- token-shown
          echo "::add-mask::$SIGSTORE_ID_TOKEN"
          echo "$QUAY_PASSWORD" | cosign login quay.io -u me --password-stdin
          cosign sign --yes --key env://COSIGN_KEY "$IMAGE@$DIGEST"
`},
		{name: "not about signing", text: `on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps: [{uses: actions/checkout@v4}, {run: make test}]
`},
	} {
		t.Run(c.name, func(t *testing.T) { lines(t, c) })
	}
}

// TestNoPipeline has files that are none.
func TestNoPipeline(t *testing.T) {
	for _, text := range []string{"", "words", "a: [", "- list", "a: b", "x: &a [*a]\n", strings.Repeat("a", 1<<20+1)} {
		if findings, err := ci.Lint(strings.NewReader(text), ci.Options{}); actions.CodeOf(err) != actions.CodePipelineUnreadable {
			t.Errorf("%.20q: %v %v", text, findings, err)
		}
	}
}

// FuzzLint feeds the reader with what nobody expects: it may refuse, and may not fall.
func FuzzLint(f *testing.F) {
	for _, settings := range deployments()[:4] {
		for _, system := range []string{ci.GitHub, ci.GitLab} {
			text, err := ci.Write(system, settings)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(text)
		}
	}
	f.Add("a: &a\n  extends: a\n  script: [*a, [[cosign sign $X]]]\n")
	f.Add("jobs: {a: {steps: [{run: 'cosign sign ${{ x }} $((' }]}}")
	f.Add("0: \n  script: [[\r\r[cosign sign ]]]")
	// What ends a line in YAML 1.1 (5.4), of which editors know the first two or three.
	breaks := strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n")
	f.Fuzz(func(t *testing.T, text string) {
		findings, err := ci.Lint(strings.NewReader(text), ci.Options{})
		if err != nil && actions.CodeOf(err) != actions.CodePipelineUnreadable {
			t.Errorf("%v", err)
		}
		lines := strings.Count(breaks.Replace(text), "\n") + 1
		for _, found := range findings {
			if found.Line < 1 || found.Line > lines+1 {
				t.Errorf("line %d of %d: %+v", found.Line, lines, found)
			}
		}
	})
}
