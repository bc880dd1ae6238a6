package timestamp_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	rfc3161 "github.com/digitorus/timestamp"
	"github.com/sigstore/timestamp-authority/v2/pkg/verification"
	"go.uber.org/goleak"

	"github.com/sigwalk/sigwalk/workshop/sandbox/internal/state"
	"github.com/sigwalk/sigwalk/workshop/sandbox/timestamp"
)

func start(t *testing.T, dir string) *timestamp.Server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s, err := timestamp.Start(context.Background(), timestamp.Config{Dir: dir, Listener: l})
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

func post(t *testing.T, url, contentType string, body []byte) (*http.Response, []byte) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Post(url, contentType, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, answer
}

// request asks for a timestamp of data, hashed with hash.
func request(t *testing.T, data string, hash crypto.Hash) []byte {
	t.Helper()
	request, err := rfc3161.CreateRequest(strings.NewReader(data), &rfc3161.RequestOptions{Hash: hash, Certificates: true})
	if err != nil {
		t.Fatal(err)
	}
	return request
}

func verifyStamp(t *testing.T, chain, stamp []byte, data string) error {
	t.Helper()
	var certs []*x509.Certificate
	for block, rest := pem.Decode(chain); block != nil; block, rest = pem.Decode(rest) {
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		certs = append(certs, cert)
	}
	if len(certs) != 3 {
		t.Fatalf("the chain has %d certificates, want 3", len(certs))
	}
	got, err := verification.VerifyTimestampResponse(stamp, strings.NewReader(data), verification.VerifyOpts{
		TSACertificate: certs[0], Intermediates: certs[1:2], Roots: certs[2:],
	})
	if err != nil {
		return err
	}
	if age := time.Since(got.Time); age < -time.Second || age > time.Minute {
		return fmt.Errorf("the timestamp says %v", got.Time)
	}
	return nil
}

func TestTimestampsVerifyAfterARestart(t *testing.T) {
	defer goleak.VerifyNone(t)
	dir := t.TempDir()
	s := start(t, dir)
	resp, stamp := post(t, s.URL(), "application/timestamp-query", request(t, "signature", crypto.SHA256))
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "application/timestamp-reply" {
		t.Fatalf("%s, %s", resp.Status, resp.Header.Get("Content-Type"))
	}
	if err := verifyStamp(t, s.ChainPEM(), stamp, "signature"); err != nil {
		t.Error(err)
	}
	if err := verifyStamp(t, s.ChainPEM(), stamp, "another"); err == nil {
		t.Error("the timestamp verifies for another signature")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = start(t, dir)
	if err := verifyStamp(t, s.ChainPEM(), stamp, "signature"); err != nil {
		t.Errorf("the timestamp of before the restart: %v", err)
	}
	_, stamp = post(t, s.URL(), "application/timestamp-query", request(t, "signature", crypto.SHA384))
	if err := verifyStamp(t, s.ChainPEM(), stamp, "signature"); err != nil {
		t.Errorf("a timestamp of after the restart: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestJSONRequest(t *testing.T) {
	s := start(t, t.TempDir())
	digest := sha256.Sum256([]byte("signature"))
	body := fmt.Appendf(nil, `{"artifactHash":%q,"certificates":true,"hashAlgorithm":"sha256","nonce":%v}`,
		base64.StdEncoding.EncodeToString(digest[:]), big.NewInt(1123343434))
	resp, stamp := post(t, s.URL(), "application/json", body)
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", resp.Status, stamp)
	}
	if err := verifyStamp(t, s.ChainPEM(), stamp, "signature"); err != nil {
		t.Error(err)
	}
}

func TestHandsOutItsChain(t *testing.T) {
	s := start(t, t.TempDir())
	resp, err := http.Get(s.URL() + "/certchain")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	chain, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(chain, s.ChainPEM()) || resp.Header.Get("Content-Type") != "application/pem-certificate-chain" {
		t.Errorf("%s: %s", resp.Header.Get("Content-Type"), chain)
	}
}

func TestRefusesBadRequests(t *testing.T) {
	s := start(t, t.TempDir())
	for name, bad := range map[string]struct {
		contentType string
		body        []byte
		status      int
	}{
		"no request":        {"application/timestamp-query", []byte("hello"), http.StatusBadRequest},
		"empty":             {"application/timestamp-query", nil, http.StatusBadRequest},
		"a weak hash":       {"application/timestamp-query", request(t, "signature", crypto.SHA1), http.StatusBadRequest},
		"another type":      {"text/plain", []byte("hello"), http.StatusUnsupportedMediaType},
		"JSON of something": {"application/json", []byte(`{"hello":1}`), http.StatusBadRequest},
		"far too long":      {"application/timestamp-query", make([]byte, 2<<20), http.StatusBadRequest},
	} {
		resp, answer := post(t, s.URL(), bad.contentType, bad.body)
		if resp.StatusCode != bad.status || !strings.Contains(string(answer), `"message"`) {
			t.Errorf("%s: %s: %s, want %d and a message", name, resp.Status, answer, bad.status)
		}
	}
	resp, err := http.Get(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("GET: %s", resp.Status)
	}
}

// The key, the certificate and the chain must belong together; the library panics when they do not.
func TestStateThatDoesNotBelongTogether(t *testing.T) {
	dir := t.TempDir()
	if err := start(t, dir).Close(); err != nil {
		t.Fatal(err)
	}
	other, err := state.Key(filepath.Join(t.TempDir(), "key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(other)
	if err != nil {
		t.Fatal(err)
	}
	if err := state.Write(filepath.Join(dir, "key.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := timestamp.Start(t.Context(), timestamp.Config{Dir: dir, Listener: l}); err == nil {
		t.Error("the authority started with a key that its certificate is not for")
	}
}
