package fulcio_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sigstore/fulcio/pkg/api"
	"github.com/sigstore/sigstore-go/pkg/sign"

	"github.com/sigwalk/sigwalk/workshop/sandbox/ctlog"
	"github.com/sigwalk/sigwalk/workshop/sandbox/fulcio"
	"github.com/sigwalk/sigwalk/workshop/sandbox/internal/trial"
	"github.com/sigwalk/sigwalk/workshop/sandbox/ledger"
)

func start(t *testing.T, dir string) *trial.Services {
	t.Helper()
	s, err := trial.Start(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestSignaturesVerifyAfterARestart(t *testing.T) {
	dir := t.TempDir()
	s := start(t, dir)
	data := []byte("artifact")
	signed, err := s.Endpoints().Sign(t.Context(), &sign.PlainData{Data: data})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Endpoints().Verify(signed, data); err != nil {
		t.Errorf("the signature: %v", err)
	}
	if err := s.Endpoints().Verify(signed, []byte("another")); err == nil {
		t.Error("the signature verifies for another artifact")
	}
	chain := s.Fulcio.ChainPEM()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	s = start(t, dir)
	if !bytes.Equal(s.Fulcio.ChainPEM(), chain) {
		t.Error("the certificate chain is another one after a restart")
	}
	if err := s.Endpoints().Verify(signed, data); err != nil {
		t.Errorf("the signature of before a restart: %v", err)
	}
	again, err := s.Endpoints().Sign(t.Context(), &sign.PlainData{Data: data})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Endpoints().Verify(again, data); err != nil {
		t.Errorf("a signature of after a restart: %v", err)
	}
}

// cosign v2 asks through the older interface.
func TestOlderInterface(t *testing.T) {
	s := start(t, t.TempDir())
	token, err := s.Endpoints().Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	base, err := url.Parse(s.Fulcio.URL())
	if err != nil {
		t.Fatal(err)
	}
	client := api.NewClient(base)
	answer, err := client.SigningCert(request(t, trial.Email), token)
	if err != nil {
		t.Fatal(err)
	}
	cert := certificate(t, answer.CertPEM)
	if len(cert.EmailAddresses) != 1 || cert.EmailAddresses[0] != trial.Email {
		t.Errorf("the certificate is for %v", cert.EmailAddresses)
	}
	if life := cert.NotAfter.Sub(cert.NotBefore); life != 10*time.Minute {
		t.Errorf("the certificate lives for %v", life)
	}
	if !sameChain(answer.ChainPEM, s.Fulcio.ChainPEM()) {
		t.Errorf("the chain is %s", answer.ChainPEM)
	}
	rootCert, err := client.RootCert()
	if err != nil {
		t.Fatal(err)
	}
	if !sameChain(rootCert.ChainPEM, s.Fulcio.ChainPEM()) {
		t.Errorf("the root is %s", rootCert.ChainPEM)
	}
	if _, err := client.SigningCert(request(t, "somebody@else.example"), token); err == nil {
		t.Error("a certificate without a proof of possession for the token's e-mail address")
	}
}

// sameChain compares certificates in PEM form; Fulcio puts empty lines between them or not.
func sameChain(a, b []byte) bool {
	return strings.Join(strings.Fields(string(a)), " ") == strings.Join(strings.Fields(string(b)), " ")
}

// request asks for a certificate for a new key, with a proof of possession that is over email.
func request(t *testing.T, email string) api.CertificateRequest {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256([]byte(email))
	proof, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return api.CertificateRequest{
		PublicKey:          api.Key{Content: public, Algorithm: "ecdsa"},
		SignedEmailAddress: proof,
	}
}

func certificate(t *testing.T, data []byte) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode(data)
	if block == nil {
		t.Fatalf("no certificate: %s", data)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func TestSaysWhatItAccepts(t *testing.T) {
	s := start(t, t.TempDir())
	resp, err := http.Get(s.Fulcio.URL() + "/api/v2/configuration")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var said struct {
		Issuers []struct {
			IssuerURL  string `json:"issuerUrl"`
			Audience   string `json:"audience"`
			IssuerType string `json:"issuerType"`
		} `json:"issuers"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&said); err != nil {
		t.Fatal(err)
	}
	if len(said.Issuers) != 1 || said.Issuers[0].IssuerURL != s.Identity.URL() || said.Issuers[0].IssuerType != "email" {
		t.Errorf("the configuration is %+v", said)
	}
}

func TestNothingIsLeftWhenAnIssuerIsDown(t *testing.T) {
	dir := t.TempDir()
	l := ownLedger(t, dir)
	authority, log := ownLog(t, dir, l)
	gone := listen(t)
	issuer := "http://" + gone.Addr().String() + "/realms/x"
	if err := gone.Close(); err != nil {
		t.Fatal(err)
	}
	here := listen(t)
	defer here.Close()
	_, err := fulcio.Start(t.Context(), fulcio.Config{
		Authority: authority, Listener: here, CTLog: log.URL(), CTLogKey: log.PublicKey(),
		Issuers: []fulcio.Issuer{{URL: issuer, ClientID: "x"}},
	})
	if err == nil || !strings.Contains(err.Error(), issuer) {
		t.Errorf("an issuer that is down: %v, want an error that names it", err)
	}
}

func TestBrokenAuthority(t *testing.T) {
	dir := t.TempDir()
	if _, err := fulcio.OpenAuthority(dir); err != nil {
		t.Fatal(err)
	}
	another := t.TempDir()
	if _, err := fulcio.OpenAuthority(another); err != nil {
		t.Fatal(err)
	}
	copyFile(t, filepath.Join(another, "intermediate.key.pem"), filepath.Join(dir, "intermediate.key.pem"))
	if _, err := fulcio.OpenAuthority(dir); err == nil {
		t.Error("the authority was opened with a key that is not its own")
	}
}

func ownLedger(t *testing.T, dir string) *ledger.Ledger {
	t.Helper()
	l, err := ledger.Start(t.Context(), ledger.Config{Dir: filepath.Join(dir, "ledger")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func ownLog(t *testing.T, dir string, l *ledger.Ledger) (*fulcio.Authority, *ctlog.Server) {
	t.Helper()
	authority, err := fulcio.OpenAuthority(filepath.Join(dir, "fulcio"))
	if err != nil {
		t.Fatal(err)
	}
	log, err := ctlog.Start(context.Background(), ctlog.Config{
		Dir: filepath.Join(dir, "ctlog"), Listener: listen(t), Ledger: l, RootPEM: authority.RootPEM(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close() })
	return authority, log
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}
