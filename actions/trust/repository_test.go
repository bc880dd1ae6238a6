package trust_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// repository is a TUF repository of one key on disk, with a server in front of it.
type repository struct {
	dir    string
	key    ed25519.PrivateKey
	server *httptest.Server
	gets   atomic.Int64
	front  func(http.ResponseWriter, *http.Request) bool // answers itself when it returns true
}

// deployment is what the repository's targets hold.
type deployment struct {
	targets map[string][]byte
	usage   map[string]string
}

func selfSigned(t *testing.T) ([]byte, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}, &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}}, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return der, key
}

func publicPEM(t *testing.T, key crypto.PublicKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// newDeployment makes keys and certificates, with a trusted_root.json or as single targets only.
func newDeployment(t *testing.T, modern bool) deployment {
	t.Helper()
	der, key := selfSigned(t)
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	d := deployment{
		targets: map[string][]byte{
			"fulcio_v1.crt.pem": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
			"rekor.pub":         publicPEM(t, key.Public()),
			"ctfe.pub":          publicPEM(t, key.Public()),
		},
		usage: map[string]string{"fulcio_v1.crt.pem": "Fulcio", "rekor.pub": "Rekor", "ctfe.pub": "CTFE"},
	}
	if !modern {
		return d
	}
	encoded, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	id := sha256.Sum256(encoded)
	log := map[string]*root.TransparencyLog{hex.EncodeToString(id[:]): {
		BaseURL: "http://log", ID: id[:], ValidityPeriodStart: time.Unix(1, 0), HashFunc: crypto.SHA256, PublicKey: key.Public(),
	}}
	trusted, err := root.NewTrustedRoot(root.TrustedRootMediaType01,
		[]root.CertificateAuthority{&root.FulcioCertificateAuthority{Root: certificate, URI: "http://fulcio"}}, log, nil, log)
	if err != nil {
		t.Fatal(err)
	}
	if d.targets["trusted_root.json"], err = trusted.MarshalJSON(); err != nil {
		t.Fatal(err)
	}
	return d
}

func newRepository(t *testing.T) *repository {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	r := &repository{dir: t.TempDir(), key: key}
	files := http.FileServer(http.Dir(r.dir))
	r.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.gets.Add(1)
		if r.front == nil || !r.front(w, req) {
			files.ServeHTTP(w, req)
		}
	}))
	t.Cleanup(r.server.Close)
	return r
}

// publish signs everything as version, until expires.
func (r *repository) publish(t *testing.T, d deployment, version int64, expires time.Time) {
	t.Helper()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	public, err := metadata.KeyFromPublicKey(r.key.Public())
	check(err)
	signer, err := signature.LoadSigner(r.key, crypto.Hash(0))
	check(err)
	far := time.Now().AddDate(1, 0, 0)
	rootRole, targets := metadata.Root(far), metadata.Targets(far)
	snapshot, timestamp := metadata.Snapshot(far), metadata.Timestamp(expires)
	rootRole.Signed.ConsistentSnapshot = true
	targets.Signed.Version, snapshot.Signed.Version, timestamp.Signed.Version = version, version, version
	snapshot.Signed.Meta["targets.json"].Version, timestamp.Signed.Meta["snapshot.json"].Version = version, version
	check(os.MkdirAll(filepath.Join(r.dir, "targets"), 0o700))
	for name, data := range d.targets {
		file, err := metadata.TargetFile().FromBytes(name, data, "sha256")
		check(err)
		if d.usage[name] != "" {
			raw := json.RawMessage(`{"sigstore":{"status":"Active","usage":"` + d.usage[name] + `"}}`)
			file.Custom = &raw
		}
		targets.Signed.Targets[name] = file
		check(os.WriteFile(filepath.Join(r.dir, "targets", file.Hashes["sha256"].String()+"."+name), data, 0o600))
	}
	for _, role := range []string{"root", "targets", "snapshot", "timestamp"} {
		check(rootRole.Signed.AddKey(public, role))
	}
	_, err = rootRole.Sign(signer)
	check(err)
	_, err = targets.Sign(signer)
	check(err)
	_, err = snapshot.Sign(signer)
	check(err)
	_, err = timestamp.Sign(signer)
	check(err)
	if _, err := os.Stat(filepath.Join(r.dir, "root.json")); err != nil {
		check(rootRole.ToFile(filepath.Join(r.dir, "root.json"), false))
		check(rootRole.ToFile(filepath.Join(r.dir, "1.root.json"), false))
	}
	check(targets.ToFile(filepath.Join(r.dir, fmt.Sprintf("%d.targets.json", version)), false))
	check(snapshot.ToFile(filepath.Join(r.dir, fmt.Sprintf("%d.snapshot.json", version)), false))
	check(timestamp.ToFile(filepath.Join(r.dir, "timestamp.json"), false))
}

// checksum is that of the initial root.
func (r *repository) checksum(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(r.dir, "root.json"))
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256(data)
	return hex.EncodeToString(digest[:])
}
