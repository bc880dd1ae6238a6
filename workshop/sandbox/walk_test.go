package sandbox_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"testing"
	"time"

	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/sign"
	"github.com/sigstore/sigstore-go/pkg/tuf"
	"github.com/sigstore/sigstore-go/pkg/verify"
	"github.com/theupdateframework/go-tuf/v2/metadata/fetcher"

	"github.com/sigwalk/sigwalk/workshop/sandbox"
	"github.com/sigwalk/sigwalk/workshop/sandbox/sandboxtest"
)

// trust is what a client learns from the sandbox's TUF repository alone.
type trust struct {
	root   *root.TrustedRoot
	config *root.SigningConfig
}

// trustOf initialises a TUF client as `cosign initialize` does: the root by its checksum, the rest by the root.
func trustOf(t *testing.T, settings sandbox.Settings) trust {
	t.Helper()
	text := get(t, settings.TUFRoot)
	if sum := sha256.Sum256(text); hex.EncodeToString(sum[:]) != settings.TUFRootChecksum {
		t.Fatalf("root.json has the checksum %x, the settings say %s", sum, settings.TUFRootChecksum)
	}
	client, err := tuf.New(&tuf.Options{
		Root: text, RepositoryBaseURL: settings.TUFMirror, CachePath: t.TempDir(), Fetcher: fetcher.NewDefaultFetcher(),
	})
	if err != nil {
		t.Fatal(err)
	}
	trusted, err := root.GetTrustedRoot(client)
	if err != nil {
		t.Fatal(err)
	}
	config, err := root.GetSigningConfig(client)
	if err != nil {
		t.Fatal(err)
	}
	return trust{trusted, config}
}

func get(t *testing.T, url string) []byte {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %v", url, response.Status, err)
	}
	return text
}

// sign signs data with an identity token, using the services that the signing configuration names.
func (tr trust) sign(t *testing.T, data []byte, token string) *protobundle.Bundle {
	t.Helper()
	now := time.Now()
	ca, err := root.SelectService(tr.config.FulcioCertificateAuthorityURLs(), sign.FulcioAPIVersions, now)
	if err != nil {
		t.Fatal(err)
	}
	logs, err := root.SelectServices(tr.config.RekorLogURLs(), tr.config.RekorLogURLsConfig(), []uint32{1}, now)
	if err != nil {
		t.Fatal(err)
	}
	stamps, err := root.SelectServices(tr.config.TimestampAuthorityURLs(), tr.config.TimestampAuthorityURLsConfig(), []uint32{1}, now)
	if err != nil {
		t.Fatal(err)
	}
	keypair, err := sign.NewEphemeralKeypair(nil)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := sign.Bundle(&sign.PlainData{Data: data}, keypair, sign.BundleOptions{
		Context:                    t.Context(),
		CertificateProvider:        sign.NewFulcio(&sign.FulcioOptions{BaseURL: ca.URL, Timeout: 10 * time.Second}),
		CertificateProviderOptions: &sign.CertificateProviderOptions{IDToken: token},
		TimestampAuthorities: []*sign.TimestampAuthority{
			sign.NewTimestampAuthority(&sign.TimestampAuthorityOptions{URL: stamps[0].URL, Timeout: 10 * time.Second}),
		},
		TransparencyLogs: []sign.Transparency{
			sign.NewRekor(&sign.RekorOptions{BaseURL: logs[0].URL, Timeout: 10 * time.Second, Version: 1}),
		},
		TrustedRoot: tr.root,
	})
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// verify checks everything that a bundle carries, for one identity.
func (tr trust) verify(t *testing.T, data []byte, signed *protobundle.Bundle, identity, issuer string) error {
	t.Helper()
	verifier, err := verify.NewVerifier(tr.root,
		verify.WithSignedCertificateTimestamps(1), verify.WithTransparencyLog(1), verify.WithSignedTimestamps(1))
	if err != nil {
		t.Fatal(err)
	}
	wanted, err := verify.NewShortCertificateIdentity(issuer, "", identity, "")
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := bundle.NewBundle(signed)
	if err != nil {
		t.Fatal(err)
	}
	_, err = verifier.Verify(parsed, verify.NewPolicy(verify.WithArtifact(bytes.NewReader(data)), verify.WithCertificateIdentity(wanted)))
	return err
}

func TestSignatureVerifiesWithTrustFromTUFAlone(t *testing.T) {
	settings := sandboxtest.Start(t)
	tr := trustOf(t, settings)
	data := []byte("what is signed")
	for _, user := range []string{sandbox.StudentUser, sandbox.AdminUser, sandbox.PipelineUser} {
		signed := tr.sign(t, data, sandboxtest.Token(t, user))
		if err := tr.verify(t, data, signed, user, settings.OIDCIssuer); err != nil {
			t.Errorf("%s signed, and it does not verify: %v", user, err)
		}
		if tr.verify(t, data, signed, "somebody@else.example", settings.OIDCIssuer) == nil {
			t.Errorf("what %s signed verifies as somebody else's", user)
		}
		if tr.verify(t, []byte("something else"), signed, user, settings.OIDCIssuer) == nil {
			t.Errorf("what %s signed verifies for other data", user)
		}
	}
}

func TestCopiedImageKeepsItsDigest(t *testing.T) {
	_, digest := sandboxtest.CopyImage(t, "")
	// The lessons' expected output names it.
	const want = "sha256:194b8d3f9d45df8d815293a77a60fb9441c72ddb6d7766eee5b19e7025695a7d"
	if digest != want {
		t.Errorf("the copy is %s, want %s", digest, want)
	}
}
