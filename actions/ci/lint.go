package ci

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
)

// Options are what Lint knows beside the file.
type Options struct {
	// Audience is the client that Fulcio's configuration names for the CI system's issuer; empty when it is not known.
	Audience string
}

// Lint returns what is wrong with a pipeline of GitHub Actions or GitLab CI where it signs or verifies, in the order of the
// lines. What it cannot see, such as a reusable workflow or an included file, it leaves alone. It fails with an
// *actions.Error of CodePipelineUnreadable when the file is no pipeline, and with the file's own errors.
func Lint(file io.Reader, options Options) ([]Finding, error) {
	p, err := read(file)
	if err != nil {
		return nil, err
	}
	l := &linter{pipeline: p, options: options}
	for i := range p.jobs {
		l.job(&p.jobs[i])
	}
	return order(l.findings), nil
}

type linter struct {
	pipeline *pipeline
	options  Options
	findings []Finding
}

func (l *linter) add(line int, rule, what, why, next string) {
	l.findings = append(l.findings, Finding{max(1, line), rule, what, why, next})
}

// doing is what a job has been seen to do so far, in the order of its commands.
type doing struct {
	job         *job
	initialized bool
	tokenGiven  bool     // a token was put into SIGSTORE_ID_TOKEN
	keyless     *command // the first command that signs without a key
	hasToken    bool     // a token was given before it
	pushes      *command
}

func (l *linter) job(j *job) {
	d := &doing{job: j}
	usesCosign := false
	for i := range j.steps {
		s := &j.steps[i]
		if strings.HasPrefix(s.uses, "sigstore/cosign-installer@") {
			l.installer(s)
		}
		for _, text := range s.scripts {
			for _, c := range commands(text) {
				usesCosign = usesCosign || c.cosign() != ""
				l.command(d, s, &c)
			}
		}
	}
	if !usesCosign {
		return
	}
	l.environment(j)
	l.image(j)
	l.rights(d)
}

// command looks at one command of a job.
func (l *linter) command(d *doing, s *step, c *command) {
	l.secrets(c)
	if slices.Contains(c.assigns, "SIGSTORE_ID_TOKEN") || mentions(c, "SIGSTORE_ID_TOKEN=") {
		d.tokenGiven = true
	}
	if len(c.words) > 1 && (c.words[0] == "docker" || c.words[0] == "podman" || c.words[0] == "buildah") && c.words[1] == "push" {
		d.pushes = c
	}
	verb := c.cosign()
	switch verb {
	case "initialize":
		d.initialized = true
		l.pinned(s, c)
	case "sign", "attest":
		l.named(s, c)
		l.question(s, c)
		if key, ok := c.flag("--key", "-key"); !ok || key == "" {
			if given, ok := c.flag("--identity-token"); ok && given != "" {
				d.tokenGiven = true
			}
			if d.keyless == nil {
				d.keyless, d.hasToken = c, d.tokenGiven
			}
			l.trusted(d, s, c)
		}
	case "verify", "verify-attestation":
		l.named(s, c)
		l.policy(s, c)
	}
	if verb != "" {
		l.unsafe(c)
	}
}

// private reports whether the variables in force name a Fulcio of one's own.
func private(env scope) bool {
	fulcio, ok := env["COSIGN_FULCIO_URL"]
	return ok && fulcio.value != "" && !strings.Contains(fulcio.value, "fulcio.sigstore.dev")
}

// trusted wants a trust root before a signature at a deployment of one's own.
func (l *linter) trusted(d *doing, s *step, c *command) {
	own := private(s.env)
	if given, ok := c.flag("--fulcio-url"); ok && !strings.Contains(given, "fulcio.sigstore.dev") {
		own = true
	}
	_, bySigstoreRoot := s.env["SIGSTORE_ROOT_FILE"]
	if own && !d.initialized && !bySigstoreRoot {
		l.add(c.line, RuleTrustRoot, "cosign signs at a deployment of your own and has only the public trust root",
			"it checks the certificate's time stamp of the certificate log by the keys of the trust root, and those of the public one are others",
			"run `cosign initialize` before, in the same job, with COSIGN_MIRROR, COSIGN_ROOT and COSIGN_ROOT_CHECKSUM")
	}
}

// pinned wants a checksum for a first root that comes over the network.
func (l *linter) pinned(s *step, c *command) {
	root, ok := c.flag("--root")
	if !ok {
		root = s.env["COSIGN_ROOT"].value
	}
	if root == "" || !strings.Contains(root, "://") {
		return
	}
	if _, ok := c.flag("--root-checksum"); ok || s.env["COSIGN_ROOT_CHECKSUM"].value != "" {
		return
	}
	l.add(c.line, RuleChecksum, "the first trust root is taken from the network as it comes",
		"whoever can answer for "+root+" decides whom this job trusts; cosign warns of it, and a job's log is read by nobody",
		"set COSIGN_ROOT_CHECKSUM to the root's SHA-256, got in another way: sha256sum root.json, or sigwalk trust")
}

var digest = regexp.MustCompile(`@(sha256:[0-9a-f]{64}|[^/@]*[$\x{2983}])`)

// named wants a digest where an image is signed or verified.
func (l *linter) named(s *step, c *command) {
	for _, image := range c.images() {
		image = l.expand(s.env, image)
		if digest.MatchString(image) || strings.HasPrefix(image, "-") || image == "" {
			continue
		}
		tag := image[strings.LastIndexByte(image, '/')+1:]
		if _, after, ok := strings.Cut(tag, ":"); ok {
			tag = after
		} else if strings.ContainsAny(image, "$") && !strings.Contains(image, "/") {
			continue // all of it is a variable that is set elsewhere: it may be a digest
		} else if _, err := name.ParseReference(image); err != nil && !strings.ContainsAny(image, "${") {
			continue // no image: an artefact, or what a shell makes of it
		} else {
			tag = "latest"
		}
		l.add(c.line, RuleTag, fmt.Sprintf("cosign %s is given a tag, %s", c.cosign(), tag),
			"between the push and this line somebody may push another image under the tag, and that one is signed or verified",
			"take the digest from the push (docker buildx build --push --metadata-file, or docker inspect) and write IMAGE@DIGEST")
	}
}

var variable = regexp.MustCompile(`\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?`)

// expand puts in the values of variables that the file sets.
func (l *linter) expand(env scope, word string) string {
	for range 4 {
		next := variable.ReplaceAllStringFunc(word, func(v string) string {
			if set, ok := env[variable.FindStringSubmatch(v)[1]]; ok && set.value != "" {
				return set.value
			}
			return v
		})
		if next == word {
			break
		}
		word = next
	}
	return word
}

// question wants a yes beforehand.
func (l *linter) question(s *step, c *command) {
	_, yes := c.flag("--yes", "-y")
	if yes || s.env["COSIGN_YES"].value != "" {
		return
	}
	if upload, ok := c.flag("--tlog-upload"); ok && upload == "false" {
		return
	}
	l.add(c.line, RuleQuestion, "cosign asks whether it may write to the transparency log, and nobody is there",
		"with no terminal the answer is no, and the image stays unsigned", "set COSIGN_YES to \"true\", or add --yes")
}

// policy wants a verification to say whose signature it is after.
func (l *linter) policy(s *step, c *command) {
	if _, key := c.flag("--key"); key {
		return
	}
	for _, want := range []struct{ what, flag string }{{"identity", "--certificate-identity"}, {"issuer", "--certificate-oidc-issuer"}} {
		exact, byName := c.flag(want.flag)
		pattern, byPattern := c.flag(want.flag + "-regexp")
		env := strings.ToUpper(strings.ReplaceAll(strings.TrimPrefix(want.flag, "--"), "-", "_"))
		if !byName {
			exact = s.env["COSIGN_"+env].value
		}
		if !byPattern {
			pattern = s.env["COSIGN_"+env+"_REGEXP"].value
		}
		switch {
		case exact != "":
		case pattern == "":
			l.add(c.line, RulePolicy, "cosign verify is not told the "+want.what+" that it wants",
				"a signature says who signed, and cosign refuses to verify without both the signer and who vouches for the signer",
				"add "+want.flag)
		case slices.Contains([]string{".", ".*", ".+", "^.*$"}, pattern):
			l.add(c.line, RulePolicy, "cosign verify takes any "+want.what,
				"everybody who can sign in somewhere can make a signature that passes", "name it: "+want.flag)
		}
	}
}

// unsafe finds the flags that leave a check out.
func (l *linter) unsafe(c *command) {
	for _, out := range []struct{ flag, proven string }{
		{"--insecure-ignore-tlog", "that the signature was made while the certificate was valid"},
		{"--insecure-ignore-sct", "that the certificate was made public"},
		{"--insecure-skip-verify", "what was stored"},
		{"--allow-insecure-registry", "that this is the registry: its certificate is not checked"},
		{"--allow-http-registry", "that this is the registry, and what it sends may be changed on the way"},
	} {
		if value, ok := c.flag(out.flag); ok && value != "false" {
			l.add(c.line, RuleUnsafe, out.flag+" leaves a check out", "nobody proves any more "+out.proven, "remove the flag")
		}
	}
}

// installer looks at the version of cosign that GitHub's action brings.
func (l *linter) installer(s *step) {
	if s.with["cosign-release"].value == "" {
		l.add(s.line, RuleVersion, "the installer brings whichever cosign is its newest",
			"cosign 3 stores signatures as bundles, which cosign 2 does not list and Quay's page does not mark",
			"add `with: cosign-release: v2.6.5`, or the version that you have tried")
	}
}

// image looks at what a job runs in.
func (l *linter) image(j *job) {
	repository, tag, _ := strings.Cut(j.image[strings.LastIndexByte(j.image, '/')+1:], ":")
	if repository != "cosign" || !strings.Contains(j.image, "projectsigstore/") {
		return
	}
	if !strings.HasSuffix(tag, "-dev") && tag != "dev" {
		l.add(j.imageLine, RuleNoShell, "the image "+j.image+" has no shell", "it holds cosign alone; a job's script is run by a shell of its image",
			"take an image with a shell in which cosign is, or can be installed")
	}
	if tag == "" || tag == "latest" {
		l.add(j.imageLine, RuleVersion, "the image "+j.image+" is another one every few weeks", "a pipeline that passed breaks, or signs in another format, with no change of yours",
			"name a version, or better a digest")
	}
}

// environment looks at variables that do not do what they seem to.
func (l *linter) environment(j *job) {
	envs := []scope{j.env}
	for _, s := range j.steps {
		envs = append(envs, s.env)
	}
	for _, env := range envs {
		if set, ok := env["SIGSTORE_OIDC_ISSUER"]; ok {
			l.add(set.line, RuleIssuer, "cosign does not read SIGSTORE_OIDC_ISSUER",
				"its own sign-in reads COSIGN_OIDC_ISSUER, and a token of the CI system names its issuer itself", "remove the variable; with a token nothing takes its place")
		}
		for _, set := range env {
			if gone := goneVariable.FindString(set.value); gone != "" && l.pipeline.system == GitLab {
				l.gone(set.line, gone)
			}
		}
		for _, name := range []string{"COSIGN_PASSWORD", "SIGSTORE_ID_TOKEN", "COSIGN_PRIVATE_KEY", "COSIGN_IDENTITY_TOKEN"} {
			if set, ok := env[name]; ok && set.value != "" && !strings.Contains(set.value, "$") {
				l.add(set.line, RuleSecretInFile, "the value of "+name+" stands in the file", "everybody who can read the repository has it, and its history keeps it",
					"keep it among the CI system's secrets, and replace it: it is known")
			}
		}
	}
}

// rights looks at what a job that signs without a key may do.
func (l *linter) rights(d *doing) {
	if d.keyless == nil {
		return
	}
	j, line := d.job, d.keyless.line
	if l.pipeline.system == GitHub {
		l.gitHubRights(d, line)
		return
	}
	given, ok := j.tokens["SIGSTORE_ID_TOKEN"]
	switch {
	case ok && len(given.audiences) == 0:
		l.add(given.line, RuleNoToken, "the token has no audience", "GitLab makes no token without aud", "add `aud:` with the client of GitLab's entry in Fulcio's configuration")
	case ok && l.options.Audience != "" && !slices.Contains(given.audiences, l.options.Audience):
		l.add(given.line, RuleAudience, "the token is for "+strings.Join(given.audiences, ", "), "this Fulcio wants tokens for "+l.options.Audience, "set `aud: "+l.options.Audience+"`")
	case ok || d.hasToken:
	case len(j.tokens) > 0:
		l.add(line, RuleNoToken, "no token is where cosign looks for one", "it reads SIGSTORE_ID_TOKEN, and this job's id_tokens have other names", "name the token SIGSTORE_ID_TOKEN")
	default:
		l.add(line, RuleNoToken, "the job asks for no identity token", "cosign then wants to open a browser, and there is none",
			"add id_tokens with SIGSTORE_ID_TOKEN and its aud to the job")
	}
}

func (l *linter) gitHubRights(d *doing, line int) {
	j := d.job
	if !j.canAsk {
		at := line
		if j.permissionLine > 0 {
			at = j.permissionLine
		}
		l.add(at, RuleNoToken, "the job has no right to an identity token", "GitHub hands one out only to a job with the permission id-token: write; cosign then wants to open a browser",
			"add `permissions: id-token: write`")
	}
	if d.pushes != nil && !j.canPush && toGitHub(j, d.pushes) {
		l.add(d.pushes.line, RulePush, "the job may not push to ghcr.io", "with permissions given, those that are not named are none", "add `packages: write`")
	}
	switch {
	case d.hasToken || l.options.Audience == ambientAudience:
	case l.options.Audience != "":
		l.add(line, RuleAudience, "cosign asks GitHub for a token for "+ambientAudience, "this Fulcio wants tokens for "+l.options.Audience,
			"ask for the token with &audience="+l.options.Audience+" and give it as SIGSTORE_ID_TOKEN, as `sigwalk ci github` writes it")
	case private(j.env):
		l.add(line, RuleAudience, "cosign asks GitHub for a token for "+ambientAudience, "a Fulcio of one's own takes it only when its entry for GitHub names that client; most name trusted-artifact-signer",
			"ask for the token with the audience of that entry and give it as SIGSTORE_ID_TOKEN, as `sigwalk ci github` writes it")
	}
}

func toGitHub(j *job, c *command) bool {
	for _, word := range c.words {
		if strings.Contains(word, "ghcr.io/") {
			return true
		}
	}
	return strings.Contains(j.env["IMAGE"].value, "ghcr.io/")
}

func mentions(c *command, text string) bool {
	return slices.ContainsFunc(c.words, func(word string) bool { return strings.Contains(word, text) })
}
