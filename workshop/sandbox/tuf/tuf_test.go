package tuf

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sigstore/sigstore-go/pkg/root"
	client "github.com/sigstore/sigstore-go/pkg/tuf"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	legacy "github.com/sigstore/sigstore/pkg/tuf" //nolint:staticcheck // cosign v2 uses it
	"github.com/theupdateframework/go-tuf/v2/metadata/fetcher"

	"github.com/sigwalk/sigwalk/workshop/sandbox/internal/state"
)

// deployment returns one with keys and certificates of its own.
func deployment(t *testing.T) Deployment {
	t.Helper()
	return Deployment{
		Since:  time.Now().Add(-time.Hour).UTC().Truncate(time.Second),
		Fulcio: "http://127.0.0.1:1", FulcioChain: certificates(t, 2),
		Rekor: "http://127.0.0.1:2", RekorKey: publicKey(t),
		CTLog: "http://127.0.0.1:3/log", CTLogKey: publicKey(t),
		Timestamp: "http://127.0.0.1:4/api/v1/timestamp", TimestampChain: certificates(t, 3),
		OIDCIssuer: "http://127.0.0.1:5/realm",
	}
}

func publicKey(t *testing.T) []byte {
	t.Helper()
	text, err := cryptoutils.MarshalPublicKeyToPEM(newKey(t).Public())
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// certificates returns a chain of n certificates in PEM, the root last; the first of three is no authority.
func certificates(t *testing.T, n int) []byte {
	t.Helper()
	var chain []*x509.Certificate
	var parent *x509.Certificate
	var parentKey *ecdsa.PrivateKey
	for i := range n {
		key := newKey(t)
		template := &x509.Certificate{
			SerialNumber: big.NewInt(int64(i + 1)), Subject: pkix.Name{CommonName: "test", Organization: []string{"test"}},
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
			IsCA: i < 2, BasicConstraintsValid: true,
		}
		if i == 2 {
			template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping}
		}
		if parent == nil {
			parent, parentKey = template, key
		}
		der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), parentKey)
		if err != nil {
			t.Fatal(err)
		}
		if parent, err = x509.ParseCertificate(der); err != nil {
			t.Fatal(err)
		}
		parentKey = key
		chain = slices.Insert(chain, 0, parent)
	}
	text, err := cryptoutils.MarshalCertificatesToPEM(chain)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func start(t *testing.T, dir string, d Deployment, now time.Time) (*Server, error) {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	server, err := Start(t.Context(), Config{
		Dir: dir, Listener: listener, Deployment: d, Now: func() time.Time { return now },
	})
	if err == nil {
		t.Cleanup(func() { _ = server.Close() })
	}
	return server, err
}

func mustStart(t *testing.T, dir string, d Deployment, now time.Time) *Server {
	t.Helper()
	server, err := start(t, dir, d, now)
	if err != nil {
		t.Fatal(err)
	}
	return server
}

func fetch(t *testing.T, url string) []byte {
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

// files returns the content of every file of the repository.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	held := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		held[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return held
}

func newClient(t *testing.T, server *Server, rootText []byte, cache string) (*client.Client, error) {
	t.Helper()
	return client.New(&client.Options{
		Root: rootText, RepositoryBaseURL: server.URL(), CachePath: cache, Fetcher: fetcher.NewDefaultFetcher(),
	})
}

func TestTodaysClientFindsEveryService(t *testing.T) {
	d := deployment(t)
	server := mustStart(t, t.TempDir(), d, time.Now())
	c, err := newClient(t, server, fetch(t, server.RootURL()), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	trusted, err := root.GetTrustedRoot(c)
	if err != nil {
		t.Fatal(err)
	}
	if len(trusted.RekorLogs()) != 1 || len(trusted.CTLogs()) != 1 ||
		len(trusted.FulcioCertificateAuthorities()) != 1 || len(trusted.TimestampingAuthorities()) != 1 {
		t.Errorf("the trusted root lacks a service: %+v", trusted)
	}
	config, err := root.GetSigningConfig(c)
	if err != nil {
		t.Fatal(err)
	}
	if got := config.TimestampAuthorityURLs()[0].URL; got != d.Timestamp {
		t.Errorf("timestamps are to be had from %s, want %s", got, d.Timestamp)
	}
	if got := config.OIDCProviderURLs()[0].URL; got != d.OIDCIssuer {
		t.Errorf("the issuer is %s, want %s", got, d.OIDCIssuer)
	}
}

func TestCosignsOlderClientFindsEveryKeyByUsage(t *testing.T) {
	d := deployment(t)
	server := mustStart(t, t.TempDir(), d, time.Now())
	t.Setenv("TUF_ROOT", t.TempDir())
	if err := legacy.Initialize(context.Background(), server.URL(), fetch(t, server.RootURL())); err != nil {
		t.Fatal(err)
	}
	c, err := legacy.NewFromEnv(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for usage, want := range map[legacy.UsageKind][]byte{
		legacy.Fulcio: d.FulcioChain, legacy.Rekor: d.RekorKey, legacy.CTFE: d.CTLogKey,
	} {
		found, err := c.GetTargetsByMeta(usage, nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(found) != 1 || !bytes.Equal(found[0].Target, want) || found[0].Status != legacy.Active {
			t.Errorf("usage %s gives %+v", usage, found)
		}
	}
	stamps, err := c.GetTargetsByMeta(legacy.TSA, nil)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, stamp := range stamps {
		names = append(names, stamp.Name)
	}
	slices.Sort(names)
	want := []string{"tsa_intermediate_0.crt.pem", "tsa_leaf.crt.pem", "tsa_root.crt.pem"}
	if !slices.Equal(names, want) {
		t.Errorf("the timestamp authority's chain is %v, want %v", names, want)
	}
}

func TestRestartChangesNothing(t *testing.T) {
	dir, d, now := t.TempDir(), deployment(t), time.Now()
	first := mustStart(t, dir, d, now)
	before := files(t, dir)
	second := mustStart(t, dir, d, now.Add(24*time.Hour))
	if second.RootChecksum() != first.RootChecksum() {
		t.Error("the root's checksum changed")
	}
	for path, text := range files(t, dir) {
		if before[path] != text {
			t.Errorf("%s changed", path)
		}
	}
}

func TestNewKeyReachesAClientThatTrustsTheOldRoot(t *testing.T) {
	dir, d, cache := t.TempDir(), deployment(t), t.TempDir()
	first := mustStart(t, dir, d, time.Now())
	trusted := fetch(t, first.RootURL())
	if _, err := newClient(t, first, trusted, cache); err != nil {
		t.Fatal(err)
	}
	d.RekorKey = publicKey(t)
	second := mustStart(t, dir, d, time.Now())
	c, err := newClient(t, second, trusted, cache)
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.GetTarget("rekor.pub")
	if err != nil || !bytes.Equal(got, d.RekorKey) {
		t.Errorf("rekor.pub is %q (%v), want the new key", got, err)
	}
}

func TestMetadataIsSignedAnewBeforeItEnds(t *testing.T) {
	dir, d, cache, now := t.TempDir(), deployment(t), t.TempDir(), time.Now()
	first := mustStart(t, dir, d, now.Add(-life+near/2))
	trusted := fetch(t, first.RootURL())
	second := mustStart(t, dir, d, now)
	if second.RootChecksum() == first.RootChecksum() {
		t.Error("the root was not signed anew")
	}
	// Who trusted the old root gets to the new one by its number.
	if _, err := newClient(t, second, trusted, cache); err != nil {
		t.Error(err)
	}
	if !bytes.Contains(fetch(t, second.URL()+"/2.root.json"), []byte(`"version": 2`)) {
		t.Error("2.root.json is not version 2")
	}
}

func TestBrokenStateIsReportedAndLeftAlone(t *testing.T) {
	for name, damage := range map[string]func(path string) error{
		"cut off": func(path string) error {
			return os.Truncate(path, 100)
		},
		"changed": func(path string) error {
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			return os.WriteFile(path, []byte(strings.Replace(string(text), `"version": 1`, `"version": 7`, 1)), 0o600)
		},
	} {
		for _, file := range []string{
			"repository/root.json", "repository/timestamp.json", "repository/1.snapshot.json", "repository/1.targets.json",
		} {
			t.Run(name+"/"+filepath.Base(file), func(t *testing.T) {
				dir, d := t.TempDir(), deployment(t)
				mustStart(t, dir, d, time.Now())
				if err := damage(filepath.Join(dir, file)); err != nil {
					t.Fatal(err)
				}
				before := files(t, dir)
				_, err := start(t, dir, d, time.Now())
				if !errors.Is(err, state.ErrUnreadable) || !strings.Contains(err.Error(), filepath.Base(file)) {
					t.Errorf("got %v, want an error about %s", err, file)
				}
				for path, text := range files(t, dir) {
					if before[path] != text {
						t.Errorf("%s was changed", path)
					}
				}
			})
		}
	}
}

func TestLostTargetFileIsPutBack(t *testing.T) {
	dir, d := t.TempDir(), deployment(t)
	mustStart(t, dir, d, time.Now())
	lost, err := filepath.Glob(filepath.Join(dir, "repository", "targets", "*.rekor.pub"))
	if err != nil || len(lost) != 1 {
		t.Fatal(lost, err)
	}
	if err := os.Remove(lost[0]); err != nil {
		t.Fatal(err)
	}
	mustStart(t, dir, d, time.Now())
	if text, err := os.ReadFile(lost[0]); err != nil || !bytes.Equal(text, d.RekorKey) {
		t.Errorf("%s is not back: %v", lost[0], err)
	}
}
