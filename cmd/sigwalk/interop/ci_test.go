//go:build interop

package interop

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"go.yaml.in/yaml/v3"
)

// jobs is a stand-in for what a CI system answers to its jobs: discovery, keys, and identity tokens in the way of GitHub
// ("OpenID Connect reference", ACTIONS_ID_TOKEN_REQUEST_URL). GitHub itself is not to be had here.
type jobs struct {
	url    string
	claims map[string]any
	signer jose.Signer
}

// requestToken is what GitHub gives a job with which to ask for identity tokens.
const requestToken = "the right to ask for a token"

func newJobs(t *testing.T, claims map[string]any) *jobs {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	j := &jobs{claims: claims}
	if j.signer, err = jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: "1"}}, nil); err != nil {
		t.Fatal(err)
	}
	answer := func(w http.ResponseWriter, value any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(value)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{
			"issuer": j.url, "jwks_uri": j.url + "/keys", "response_types_supported": []string{"id_token"},
			"subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{"ES256"},
		})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "1", Algorithm: "ES256", Use: "sig"}}})
	})
	mux.HandleFunc("GET /token", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "bearer "+requestToken && r.Header.Get("Authorization") != "Bearer "+requestToken {
			http.Error(w, "who asks?", http.StatusUnauthorized)
			return
		}
		answer(w, map[string]any{"count": 1, "value": j.token(t, r.URL.Query().Get("audience"))})
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	j.url = server.URL
	return j
}

func (j *jobs) token(t *testing.T, audience string) string {
	now := time.Now()
	token, err := jwt.Signed(j.signer).Claims(j.claims).Claims(jwt.Claims{
		Issuer: j.url, Subject: "job", Audience: jwt.Audience{audience},
		IssuedAt: jwt.NewNumericDate(now), NotBefore: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(5 * time.Minute)),
	}).Serialize()
	if err != nil {
		t.Error(err)
	}
	return token
}

// environment is what GitHub gives a job.
func (j *jobs) environment() []string {
	return []string{
		"GITHUB_ACTIONS=true", "ACTIONS_ID_TOKEN_REQUEST_URL=" + j.url + "/token?api-version=2.0", "ACTIONS_ID_TOKEN_REQUEST_TOKEN=" + requestToken,
		"GITHUB_REPOSITORY=Workshop/Demo", "GITHUB_SHA=0123456789012345678901234567890123456789",
	}
}

const workflow = "Workshop/Demo/.github/workflows/sign.yaml@refs/heads/main"

func gitHubClaims() map[string]any {
	return map[string]any{
		"job_workflow_ref": workflow, "workflow_ref": workflow, "sha": "0123456789", "job_workflow_sha": "0123456789", "workflow_sha": "0123456789",
		"event_name": "push", "repository": "Workshop/Demo", "workflow": "Build and sign", "ref": "refs/heads/main", "runner_environment": "github-hosted",
		"repository_id": "1", "repository_owner": "Workshop", "repository_owner_id": "2", "repository_visibility": "public", "run_id": "3", "run_attempt": "1",
	}
}

// ciBench is a sandbox whose Fulcio trusts a stand-in for a CI system, with an image that was pushed to it.
func ciBench(t *testing.T, kind string, claims map[string]any) (b *bench, j *jobs, repository, digest string) {
	t.Helper()
	j = newJobs(t, claims)
	b = up(t, "--oidc-issuer", j.url, "--oidc-client-id", "trusted-artifact-signer", "--oidc-type", kind)
	o := b.sh(t, terminal+`skopeo copy --all --quiet --src-tls-verify=false --dest-tls-verify=false --dest-creds "$QUAY_USER:$QUAY_PASSWORD" "docker://$SOURCE_IMAGE" "docker://$QUAY/l3-students/ci:1" >&2
		echo "$QUAY/l3-students/ci"; crane digest "$SOURCE_IMAGE"`)
	words := strings.Fields(o.stdout)
	if len(words) != 2 {
		t.Fatal(o)
	}
	b.link(t, "COSIGN2", "cosign") // the shell steps call it by its own name
	if o := b.exec(t, `cosign login $QUAY -u $QUAY_USER -p "$QUAY_PASSWORD" && cosign initialize`); o.code != 0 {
		t.Fatal(o)
	}
	return b, j, words[0], words[1]
}

// link puts the binary that a variable names into the working directory.
func (b *bench) link(t *testing.T, variable, name string) {
	t.Helper()
	path, err := program(variable)
	if err == nil {
		err = os.Symlink(path, filepath.Join(b.work, name))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// write writes the pipeline into the working directory.
func (b *bench) write(t *testing.T, system, file, issuer, repository string) string {
	t.Helper()
	o := b.sh(t, `sigwalk ci `+system+` --dir "$DIR" --ci-issuer `+issuer+` --image `+repository+` >`+file+`
		sigwalk ci lint --audience trusted-artifact-signer `+file)
	if o.stderr != "" {
		t.Error(o)
	}
	text, err := os.ReadFile(filepath.Join(b.work, file))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestActionlint has every kind of workflow that is written read by actionlint, and one that it refuses.
func TestActionlint(t *testing.T) {
	b := up(t)
	b.link(t, "ACTIONLINT", "actionlint")
	for _, line := range []string{
		`sigwalk ci github --dir "$DIR"`, `sigwalk ci github --dir "$DIR" --image quay.example.com/team/app --audience sigstore`,
		`sigwalk ci github --dir /nowhere/at/all`,
		`sigwalk ci github --dir "$DIR" --fulcio-url https://fulcio.example.com --rekor-url https://rekor.example.com --mirror https://tuf.example.com --root https://tuf.example.com/root.json --audience tas`,
	} {
		b.sh(t, line+" >sign.yaml\n./actionlint sign.yaml")
	}
	if o := b.try(t, `sigwalk ci github --dir "$DIR" | sed 's/github.workflow_ref/github.workflow_reference/' >sign.yaml; ./actionlint sign.yaml`); o.code == 0 {
		t.Errorf("actionlint reads over what is wrong: %s", o)
	}
}

// TestGitHubWorkflow runs the shell steps of the workflow that is written as GitHub does, with bash -e, the variables of the
// job and what a step left in GITHUB_ENV. In the place of the build stands an image that is there; cosign is the unmodified
// one; tokens come from a stand-in that speaks GitHub's protocol.
func TestGitHubWorkflow(t *testing.T) {
	b, j, repository, digest := ciBench(t, "github-workflow", gitHubClaims())
	text := b.write(t, "github", "sign.yaml", j.url, repository)
	var file struct {
		Jobs map[string]struct {
			Env   map[string]string
			Steps []struct {
				Name, Uses, Run string
				Env             map[string]string
			}
		}
	}
	if err := yaml.Unmarshal([]byte(text), &file); err != nil {
		t.Fatal(err)
	}
	job := file.Jobs["build-and-sign"]
	credentials := strings.Fields(b.sh(t, terminal+`echo "$QUAY_USER $QUAY_PASSWORD"`).stdout)
	given := strings.NewReplacer("${{ secrets.REGISTRY_USER }}", credentials[0], "${{ secrets.REGISTRY_PASSWORD }}", credentials[1],
		"${{ github.server_url }}/${{ github.workflow_ref }}", "https://github.com/"+workflow)
	env := append(j.environment(), "PATH="+b.work+":"+bin+":"+os.Getenv("PATH"), "HOME="+t.TempDir(), "DIGEST="+digest)
	for name, value := range job.Env {
		env = append(env, name+"="+value)
	}
	ran := map[string]bool{}
	for _, step := range job.Steps {
		if step.Run == "" || step.Name == "Build and push" {
			continue
		}
		now := env
		for name, value := range step.Env {
			now = append(now[:len(now):len(now)], name+"="+given.Replace(value))
		}
		if o := b.run(t, []string{"bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step.Run}, now...); o.code != 0 {
			t.Fatalf("%s: %s", step.Name, o)
		}
		ran[step.Name] = true
	}
	for _, name := range []string{"Log in to the registry", "Get the trust root", "Sign", "Verify"} {
		if !ran[name] {
			t.Errorf("there is no step %q", name)
		}
	}
	if o := b.sh(t, `sigwalk verify --dir "$DIR" --certificate-identity https://github.com/`+workflow+` --certificate-oidc-issuer `+j.url+" "+repository+"@"+digest); !strings.Contains(o.stdout, workflow) {
		t.Errorf("the signature is not in the table: %s", o)
	}
	// The trap that the step avoids: left to itself, cosign asks for a token for sigstore, and this Fulcio refuses it.
	if o := b.run(t, []string{"bash", "-ec", `cosign sign "$IMAGE@$DIGEST"`}, env...); o.code == 0 || !strings.Contains(o.stderr, "400") {
		t.Errorf("Fulcio takes a token for sigstore: %s", o)
	}
}

// TestGitLabPipeline has the job that signs run by gitlab-ci-local. It makes no tokens as GitLab does: the job gets one of a
// stand-in under the name that the pipeline gives it.
func TestGitLabPipeline(t *testing.T) {
	const config = "example.com/workshop/demo//.gitlab-ci.yml@refs/heads/main"
	b, j, repository, digest := ciBench(t, "gitlab-pipeline", map[string]any{
		"project_path": "workshop/demo", "pipeline_source": "push", "pipeline_id": "1", "ci_config_ref_uri": config, "job_id": "2", "ref": "main",
		"ref_type": "branch", "namespace_path": "workshop", "namespace_id": "3", "project_id": "4", "sha": "0123456789", "runner_environment": "self-hosted",
		"runner_id": 5, "ci_config_sha": "0123456789", "project_visibility": "public",
	})
	b.link(t, "GITLAB_CI_LOCAL", "gitlab-ci-local")
	b.write(t, "gitlab", ".gitlab-ci.yml", j.url, repository)
	env := []string{"HOME=" + t.TempDir(), "PATH=" + b.work + ":" + bin + ":" + os.Getenv("PATH"), "DIGEST=" + digest, "TOKEN=" + j.token(t, "trusted-artifact-signer")}
	o := b.try(t, terminal+`git init -q -b main . && git remote add origin https://example.com/workshop/demo.git
		git -c user.name=w -c user.email=w@example.com commit -q --allow-empty -m demo
		gitlab-ci-local --force-shell-executor --needs=false --variable DIGEST="$DIGEST" --variable SIGSTORE_ID_TOKEN="$TOKEN" \
			--variable REGISTRY_USER="$QUAY_USER" --variable REGISTRY_PASSWORD="$QUAY_PASSWORD" --variable CI_PROJECT_URL=https://example.com/workshop/demo sign-image`, env...)
	if o.code != 0 || !strings.Contains(o.stdout+o.stderr, config) {
		t.Fatal(o)
	}
	if o := b.sh(t, `sigwalk verify --dir "$DIR" --certificate-identity https://`+config+` --certificate-oidc-issuer `+j.url+" "+repository+"@"+digest); !strings.Contains(o.stdout, config) {
		t.Errorf("the signature is not in the table: %s", o)
	}
}
