package inspect_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/sigstore/sigstore-go/pkg/fulcio/certificate"

	"github.com/sigwalk/sigwalk/workshop/sandbox/ctlog"
	"github.com/sigwalk/sigwalk/workshop/sandbox/fulcio"
	"github.com/sigwalk/sigwalk/workshop/sandbox/ledger"
)

const client = "trusted-artifact-signer"

// kinds are the types of issuers that the world's Fulcio trusts: the path of each is its type.
func kinds() []string {
	return []string{"email", "uri", "username", "spiffe", "kubernetes", "github-workflow", "gitlab-pipeline"}
}

// world is a real Fulcio, with the sandbox's log behind it, and issuers that sign whatever a test wants, as no real one
// would.
type world struct {
	issuers *httptest.Server
	fulcio  *fulcio.Server
	key     *ecdsa.PrivateKey // of every issuer
	other   *ecdsa.PrivateKey // of none
	holder  *ecdsa.PrivateKey // whom certificates are for
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{key: newKey(t), other: newKey(t), holder: newKey(t)}
	w.issuers = httptest.NewServer(http.HandlerFunc(w.serve))
	t.Cleanup(w.issuers.Close)

	dir := t.TempDir()
	entries, err := ledger.Start(t.Context(), ledger.Config{Dir: filepath.Join(dir, "ledger")})
	closeLater(t, entries, err)
	authority, err := fulcio.OpenAuthority(filepath.Join(dir, "fulcio"))
	if err != nil {
		t.Fatal(err)
	}
	log, err := ctlog.Start(context.WithoutCancel(t.Context()), ctlog.Config{
		Dir: filepath.Join(dir, "ctlog"), Listener: listen(t), Ledger: entries, RootPEM: authority.RootPEM(),
	})
	closeLater(t, log, err)
	config := fulcio.Config{Authority: authority, Listener: listen(t), CTLog: log.URL(), CTLogKey: log.PublicKey()}
	for _, kind := range kinds() {
		issuer := fulcio.Issuer{URL: w.issuer(kind), ClientID: client, Type: kind}
		switch kind {
		case "uri":
			issuer.Domain = "http://127.0.0.1"
		case "username":
			issuer.Domain = "127.0.0.1"
		case "spiffe":
			issuer.Domain = "example.org"
		}
		config.Issuers = append(config.Issuers, issuer)
	}
	w.fulcio, err = fulcio.Start(context.WithoutCancel(t.Context()), config)
	closeLater(t, w.fulcio, err)
	return w
}

func closeLater(t *testing.T, c io.Closer, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (w *world) issuer(kind string) string { return w.issuers.URL + "/" + kind }

// serve answers discovery for every path.
func (w *world) serve(out http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/keys" {
		_ = json.NewEncoder(out).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: w.key.Public(), KeyID: "1", Algorithm: "ES256", Use: "sig"}}})
		return
	}
	path, found := strings.CutSuffix(r.URL.Path, "/.well-known/openid-configuration")
	if !found {
		http.NotFound(out, r)
		return
	}
	base := w.issuers.URL + path
	_ = json.NewEncoder(out).Encode(map[string]any{
		"issuer": base, "jwks_uri": w.issuers.URL + "/keys", "authorization_endpoint": base + "/auth", "token_endpoint": base + "/token",
		"id_token_signing_alg_values_supported": []string{"ES256"},
	})
}

// sign makes a token of claims.
func (w *world) sign(key *ecdsa.PrivateKey, claims map[string]any) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: "1"}}, nil)
	if err != nil {
		return "", err
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", err
	}
	return signed.CompactSerialize()
}

// good are the claims that Fulcio takes from an issuer of a type.
func (w *world) good(kind string) map[string]any {
	now := time.Now()
	claims := map[string]any{
		"iss": w.issuer(kind), "aud": client, "sub": "somebody", "iat": now.Unix(), "exp": now.Add(10 * time.Minute).Unix(),
	}
	switch kind {
	case "email":
		claims["email"], claims["email_verified"] = "user1@demo.redhat.com", true
	case "uri":
		claims["sub"] = "http://127.0.0.1/users/1"
	case "spiffe":
		claims["sub"] = "spiffe://example.org/workload"
	case "kubernetes":
		claims["kubernetes.io"] = map[string]any{"namespace": "tssc", "serviceaccount": map[string]any{"name": "pipeline", "uid": "1"}}
	case "github-workflow":
		for _, claim := range []string{
			"sha", "event_name", "repository", "workflow", "ref", "job_workflow_sha", "runner_environment", "repository_id",
			"repository_owner", "repository_owner_id", "repository_visibility", "workflow_ref", "workflow_sha", "run_id", "run_attempt",
		} {
			claims[claim] = "some " + claim
		}
		claims["job_workflow_ref"] = "octo-org/octo-automation/.github/workflows/oidc.yml@refs/heads/main"
	case "gitlab-pipeline":
		for _, claim := range []string{
			"project_path", "pipeline_source", "pipeline_id", "job_id", "ref", "namespace_path", "namespace_id", "project_id", "sha",
			"runner_environment", "project_visibility", "ci_config_sha",
		} {
			claims[claim] = "some " + claim
		}
		claims["runner_id"], claims["ref_type"] = 7, "branch"
		claims["ci_config_ref_uri"] = "gitlab.com/my-group/my-project//.gitlab-ci.yml@refs/heads/main"
	}
	return claims
}

// ask asks the real Fulcio for a certificate. It returns the names in it, or why there is none.
func (w *world) ask(ctx context.Context, token string) (name, issuer string, err error) {
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, w.holder)
	if err != nil {
		return "", "", err
	}
	body, err := json.Marshal(map[string]any{
		"credentials":               map[string]string{"oidcIdentityToken": token},
		"certificateSigningRequest": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: csr}),
	})
	if err != nil {
		return "", "", err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.fulcio.URL()+"/api/v2/signingCert", bytes.NewReader(body))
	if err != nil {
		return "", "", err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return "", "", err
	}
	var answer struct {
		Embedded struct {
			Chain struct {
				Certificates []string `json:"certificates"`
			} `json:"chain"`
		} `json:"signedCertificateEmbeddedSct"`
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return "", "", err
	}
	if len(answer.Embedded.Chain.Certificates) == 0 {
		return "", "", fmt.Errorf("%s: %s", response.Status, text)
	}
	block, _ := pem.Decode([]byte(answer.Embedded.Chain.Certificates[0]))
	parsed, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return "", "", err
	}
	summary, err := certificate.SummarizeCertificate(parsed)
	return summary.SubjectAlternativeName, summary.Issuer, err
}
