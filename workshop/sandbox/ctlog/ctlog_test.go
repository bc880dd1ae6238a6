package ctlog_test

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	ct "github.com/google/certificate-transparency-go"
	"github.com/google/certificate-transparency-go/client"
	"github.com/google/certificate-transparency-go/jsonclient"
	"github.com/sigstore/sigstore-go/pkg/sign"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/sigwalk/sigwalk/workshop/sandbox/ctlog"
	"github.com/sigwalk/sigwalk/workshop/sandbox/fulcio"
	"github.com/sigwalk/sigwalk/workshop/sandbox/internal/state"
	"github.com/sigwalk/sigwalk/workshop/sandbox/internal/trial"
	"github.com/sigwalk/sigwalk/workshop/sandbox/ledger"
)

// logClient is a client that checks the log's signatures.
func logClient(t *testing.T, url string, key []byte) *client.LogClient {
	t.Helper()
	c, err := client.New(url, http.DefaultClient, jsonclient.Options{PublicKey: string(key)})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestGrowsOverRestarts(t *testing.T) {
	dir := t.TempDir()
	var heads []*ct.SignedTreeHead
	var id [32]byte
	for round := range 3 {
		s, err := trial.Start(context.Background(), dir)
		if err != nil {
			t.Fatal(err)
		}
		if round == 0 {
			id = s.CTLog.LogID()
		} else if s.CTLog.LogID() != id {
			t.Error("the log has another key after a restart")
		}
		c := logClient(t, s.CTLog.URL(), s.CTLog.PublicKey())
		head := func() *ct.SignedTreeHead {
			sth, err := c.GetSTH(t.Context()) // verifies the signature
			if err != nil {
				t.Fatal(err)
			}
			return sth
		}
		if round > 0 {
			last := heads[len(heads)-1]
			if now := head(); now.TreeSize != last.TreeSize || now.SHA256RootHash != last.SHA256RootHash || now.Timestamp != last.Timestamp {
				t.Errorf("the tree head is %+v after a restart, was %+v", now, last)
			}
		}
		for range 2 {
			if _, err := s.Endpoints().Sign(t.Context(), &sign.PlainData{Data: []byte("artifact")}); err != nil {
				t.Fatal(err)
			}
			heads = append(heads, head())
		}
		consistent(t, c, heads)
		entries(t, c, heads[len(heads)-1])
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func consistent(t *testing.T, c *client.LogClient, heads []*ct.SignedTreeHead) {
	t.Helper()
	now := heads[len(heads)-1]
	for _, then := range heads {
		hashes, err := c.GetSTHConsistency(t.Context(), then.TreeSize, now.TreeSize)
		if err != nil {
			t.Fatal(err)
		}
		if err := proof.VerifyConsistency(rfc6962.DefaultHasher, then.TreeSize, now.TreeSize, hashes,
			then.SHA256RootHash[:], now.SHA256RootHash[:]); err != nil {
			t.Errorf("from %d to %d: %v", then.TreeSize, now.TreeSize, err)
		}
	}
}

// entries checks that every certificate is in the log that the tree head signs.
func entries(t *testing.T, c *client.LogClient, head *ct.SignedTreeHead) {
	t.Helper()
	logged, err := c.GetEntries(t.Context(), 0, int64(head.TreeSize)-1)
	if err != nil {
		t.Fatal(err)
	}
	if uint64(len(logged)) != head.TreeSize {
		t.Fatalf("the log has %d entries, its head says %d", len(logged), head.TreeSize)
	}
	for i, entry := range logged {
		if entry.Precert == nil || entry.Precert.TBSCertificate.EmailAddresses[0] != trial.Email {
			t.Errorf("entry %d is no precertificate of %s", i, trial.Email)
		}
		hash, err := ct.LeafHashForLeaf(&entry.Leaf)
		if err != nil {
			t.Fatal(err)
		}
		included, err := c.GetProofByHash(t.Context(), hash[:], head.TreeSize)
		if err != nil {
			t.Fatal(err)
		}
		if err := proof.VerifyInclusion(rfc6962.DefaultHasher, uint64(i), head.TreeSize, hash[:],
			included.AuditPath, head.SHA256RootHash[:]); err != nil {
			t.Errorf("entry %d: %v", i, err)
		}
	}
}

func TestRefusesForeignCertificates(t *testing.T) {
	dir := t.TempDir()
	l, err := ledger.Start(t.Context(), ledger.Config{Dir: filepath.Join(dir, "ledger")})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	own, err := fulcio.OpenAuthority(filepath.Join(dir, "own"))
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := fulcio.OpenAuthority(filepath.Join(dir, "foreign"))
	if err != nil {
		t.Fatal(err)
	}
	log, err := ctlog.Start(t.Context(), ctlog.Config{
		Dir: filepath.Join(dir, "ctlog"), Listener: listen(t), Ledger: l, RootPEM: own.RootPEM(),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	c := logClient(t, log.URL(), log.PublicKey())
	add := func(a *fulcio.Authority) error {
		_, err := c.AddChain(t.Context(), []ct.ASN1Cert{{Data: leaf(t, a).Raw}, {Data: a.Intermediate.Raw}, {Data: a.Root.Raw}})
		return err
	}
	if err := add(own); err != nil {
		t.Errorf("a certificate of its own authority: %v", err)
	}
	var refused client.RspError
	if err := add(foreign); !errors.As(err, &refused) || refused.StatusCode != http.StatusBadRequest {
		t.Errorf("a certificate of another authority: %v, want 400", err)
	}
	sth, err := c.GetSTH(t.Context())
	if err != nil || sth.TreeSize != 1 {
		t.Errorf("the log has %+v (%v), want one entry", sth, err)
	}
}

// leaf is a certificate for code signing that a issued.
func leaf(t *testing.T, a *fulcio.Authority) *x509.Certificate {
	t.Helper()
	key, err := state.Key(filepath.Join(t.TempDir(), "key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	cert, err := state.Certify(&x509.Certificate{
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
	}, a.Intermediate, &key.PublicKey, a.Key)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func TestSaysWhyItDoesNotStart(t *testing.T) {
	dir := t.TempDir()
	l, err := ledger.Start(t.Context(), ledger.Config{Dir: filepath.Join(dir, "ledger")})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	here := listen(t)
	defer here.Close()
	if _, err := ctlog.Start(t.Context(), ctlog.Config{Dir: dir, Listener: here, Ledger: l, RootPEM: []byte("no PEM")}); err == nil {
		t.Error("the log started without roots")
	}
	if err := os.WriteFile(filepath.Join(dir, "key.pem"), []byte("no key"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ctlog.Start(t.Context(), ctlog.Config{Dir: dir, Listener: here, Ledger: l}); !errors.Is(err, state.ErrUnreadable) {
		t.Errorf("a broken key: %v, want ErrUnreadable", err)
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}
