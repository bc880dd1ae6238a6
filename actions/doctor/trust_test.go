package doctor_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/trust"
	"github.com/sigwalk/sigwalk/workshop/sandbox/tuf"
)

func trustFaults() []fault {
	return []fault{
		{"Fulcio's authority is not in the trust root", actions.CodeFulcioAuthority, func(w *world) {
			w.republish(func(d *tuf.Deployment) { d.FulcioChain = authorityPEM(w.tb) }, time.Now())
		}, "the server uses"},
		{"the certificate log's key is not in the trust root", actions.CodeCTLog, func(w *world) {
			w.republish(func(d *tuf.Deployment) { d.CTLogKey = keyPEM(w.tb) }, time.Now())
		}, "get-sth"},
		{"Rekor's key is not in the trust root", actions.CodeRekorKey, func(w *world) {
			w.republish(func(d *tuf.Deployment) { d.RekorKey = keyPEM(w.tb) }, time.Now())
		}, "the log's ID is"},
		{"the timestamp authority is not in the trust root", actions.CodeStampAuthority, func(w *world) {
			w.republish(func(d *tuf.Deployment) { d.TimestampChain = stampPEM(w.tb) }, time.Now())
		}, "the server uses"},
		{"the roles have expired", actions.CodeTUFExpired, func(w *world) {
			w.republish(func(*tuf.Deployment) {}, time.Now().Add(-3*365*24*time.Hour))
		}, "expired"},
		{"the root is not the pinned one", actions.CodeRootChecksum, func(w *world) {
			w.options.Endpoints.TUFRootChecksum = strings.Repeat("ab", 32)
		}, "abab"},
		{"the mirror is not signed by its root", actions.CodeTrustRoot, func(w *world) {
			other := w.publish(func(*tuf.Deployment) {}, time.Now())
			w.options.Endpoints.TUFRoot = other.RootURL()
			w.options.Endpoints.TUFRootChecksum = other.RootChecksum()
		}, ""},
		{"the trust root that is kept is another deployment's", actions.CodeTrustRootStale, func(w *world) {
			other := w.publish(func(d *tuf.Deployment) { d.RekorKey = keyPEM(w.tb) }, time.Now())
			w.keeps(actions.Endpoints{TUFMirror: other.URL(), TUFRoot: other.RootURL()})
		}, "configured: "},
		{"keys were changed since the trust root was kept", actions.CodeTrustRootStale, func(w *world) {
			other := w.publish(func(d *tuf.Deployment) { d.RekorKey = keyPEM(w.tb) }, time.Now())
			host := hostOf(w.tb, w.settings.TUFMirror)
			w.routes[host] = hostOf(w.tb, other.URL())
			w.keeps(actions.Endpoints{TUFMirror: w.settings.TUFMirror, TUFRoot: w.settings.TUFRoot})
			delete(w.routes, host)
		}, "transparency log"},
	}
}

// deployment is what the sandbox's own repository publishes, got from its servers and its trust root.
func (w *world) deployment() tuf.Deployment {
	w.tb.Helper()
	d := tuf.Deployment{
		Since: time.Now().Add(-24 * time.Hour), Fulcio: w.settings.Fulcio, Rekor: w.settings.Rekor, CTLog: w.settings.CTLog,
		Timestamp: w.settings.Timestamp, OIDCIssuer: w.settings.OIDCIssuer,
	}
	d.RekorKey = w.fetch(w.settings.Rekor + "/api/v1/log/publicKey")
	d.TimestampChain = w.fetch(w.settings.Timestamp + "/certchain")
	var bundle struct {
		Chains []struct {
			Certificates []string `json:"certificates"`
		} `json:"chains"`
	}
	if err := json.Unmarshal(w.fetch(w.settings.Fulcio+"/api/v2/trustBundle"), &bundle); err != nil {
		w.tb.Fatal(err)
	}
	d.FulcioChain = []byte(strings.Join(bundle.Chains[0].Certificates, "\n"))
	roots := trust.New(trust.Options{Homes: actions.Homes{TUF: w.tb.TempDir()}})
	if _, err := roots.Initialize(w.tb.Context(), trust.InitializeRequest{Mirror: w.settings.TUFMirror, Root: w.settings.TUFRoot}); err != nil {
		w.tb.Fatal(err)
	}
	trusted, err := roots.Material(w.tb.Context())
	if err != nil {
		w.tb.Fatal(err)
	}
	for _, log := range trusted.CTLogs() {
		raw, err := x509.MarshalPKIXPublicKey(log.PublicKey)
		if err != nil {
			w.tb.Fatal(err)
		}
		d.CTLogKey = pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: raw})
	}
	return d
}

func (w *world) fetch(address string) []byte {
	w.tb.Helper()
	request, err := http.NewRequestWithContext(w.tb.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		w.tb.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		w.tb.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		w.tb.Fatalf("GET %s: %s %v", address, response.Status, err)
	}
	return body
}

// publish starts a real TUF repository for a changed deployment, as of a time.
func (w *world) publish(change func(*tuf.Deployment), now time.Time) *tuf.Server {
	w.tb.Helper()
	d := w.deployment()
	change(&d)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		w.tb.Fatal(err)
	}
	server, err := tuf.Start(context.WithoutCancel(w.tb.Context()), tuf.Config{
		Dir: w.tb.TempDir(), Listener: listener, Deployment: d, Now: func() time.Time { return now },
	})
	if err != nil {
		w.tb.Fatal(err)
	}
	w.tb.Cleanup(func() { _ = server.Close() })
	return server
}

// republish puts such a repository in the place of the sandbox's.
func (w *world) republish(change func(*tuf.Deployment), now time.Time) {
	w.tb.Helper()
	other := w.publish(change, now)
	w.routes[hostOf(w.tb, w.settings.TUFMirror)] = hostOf(w.tb, other.URL())
	w.options.Endpoints.TUFRootChecksum = other.RootChecksum()
}

// keeps has a trust root kept here, as cosign initialize does.
func (w *world) keeps(endpoints actions.Endpoints) {
	w.tb.Helper()
	roots := trust.New(trust.Options{Homes: w.options.Homes, Endpoints: endpoints, Transport: w.options.Base})
	if _, err := roots.Initialize(w.tb.Context(), trust.InitializeRequest{}); err != nil {
		w.tb.Fatal(err)
	}
}

func TestTrustRootThatIsKeptIsCompared(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.keeps(actions.Endpoints{TUFMirror: w.settings.TUFMirror, TUFRoot: w.settings.TUFRoot})
	report := w.examine()
	wants(t, report)
	if !strings.Contains(report.Text(true), "the same authorities and logs as at the mirror") {
		t.Error(report.Text(true))
	}
}

// TestRotatedRootIsToldFromAnother pins the first root of a repository that has a second.
func TestRotatedRootIsToldFromAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.deployment()
	dir := t.TempDir()
	start := func(now time.Time) *tuf.Server {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		server, err := tuf.Start(context.WithoutCancel(t.Context()), tuf.Config{Dir: dir, Listener: listener, Deployment: d, Now: func() time.Time { return now }})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = server.Close() })
		return server
	}
	first := start(time.Now().Add(-330 * 24 * time.Hour)).RootChecksum()
	second := start(time.Now())
	if first == second.RootChecksum() {
		t.Fatal("the root was not rotated")
	}
	w.routes[hostOf(t, w.settings.TUFMirror)] = hostOf(t, second.URL())
	w.options.Endpoints.TUFRootChecksum = first
	wants(t, w.examine(), actions.CodeRootRotated)
}

func keyPEM(tb testing.TB) []byte {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	raw, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		tb.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: raw})
}

// authorityPEM is a certificate authority that nobody knows.
func authorityPEM(tb testing.TB) []byte {
	tb.Helper()
	c := newCertificate(tb, "127.0.0.1", time.Now().Add(24*time.Hour))
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate[0]})
}

// stampPEM is the chain of a timestamp authority that nobody knows.
func stampPEM(tb testing.TB) []byte {
	tb.Helper()
	root := newCertificate(tb, "127.0.0.1", time.Now().Add(24*time.Hour))
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	raw, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "another timestamp authority"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping}, KeyUsage: x509.KeyUsageDigitalSignature,
	}, root.Leaf, key.Public(), root.PrivateKey)
	if err != nil {
		tb.Fatal(err)
	}
	return append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate[0]})...)
}
