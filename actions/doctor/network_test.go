package doctor_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/doctor"
)

func networkFaults() []fault {
	return []fault{
		{"no name server knows Rekor", actions.CodeNameUnknown, func(w *world) {
			w.options.Endpoints.Rekor = "http://rekor.sigwalk.test:1"
			w.direct()
		}, "no such host"},
		{"an address that works only inside the cluster", actions.CodeNameUnknown, func(w *world) {
			w.options.Endpoints.Timestamp = "http://tsa.sigstore.svc/api/v1/timestamp"
			w.direct()
		}, "no such host"},
		{"nothing listens where Rekor should", actions.CodeUnreachable, func(w *world) {
			w.options.Endpoints.Rekor = "http://" + closedPort(w.tb)
			w.direct()
		}, "refused"},
		{"the proxy does not answer", actions.CodeUnreachable, func(w *world) {
			w.answers(w.settings.Timestamp, "", func(out http.ResponseWriter, _ *http.Request) { hangUp(out) })
		}, ""},
		{"a private authority", actions.CodeTLSAuthority, func(w *world) {
			w.options.Endpoints.Fulcio = w.behindTLS(w.settings.Fulcio, newCertificate(w.tb, "127.0.0.1", time.Now().Add(time.Hour)))
		}, "the certificate is for"},
		{"another authority than the one given", actions.CodeTLSAuthority, func(w *world) {
			w.options.Endpoints.Rekor = w.behindTLS(w.settings.Rekor, newCertificate(w.tb, "127.0.0.1", time.Now().Add(time.Hour)))
			w.trustOnly(newCertificate(w.tb, "127.0.0.1", time.Now().Add(time.Hour)))
		}, "do not include it"},
		{"a certificate for another name", actions.CodeTLSName, func(w *world) {
			certificate := newCertificate(w.tb, "elsewhere.example.com", time.Now().Add(time.Hour))
			w.options.Endpoints.Rekor = w.behindTLS(w.settings.Rekor, certificate)
			w.trustOnly(certificate)
		}, "elsewhere.example.com"},
		{"a certificate that has expired", actions.CodeTLSExpired, func(w *world) {
			certificate := newCertificate(w.tb, "127.0.0.1", time.Now().Add(-time.Hour))
			w.options.Endpoints.Rekor = w.behindTLS(w.settings.Rekor, certificate)
			w.trustOnly(certificate)
		}, "valid from"},
		{"https where the server speaks http", actions.CodeTLSMissing, func(w *world) {
			w.options.Endpoints.Timestamp = strings.Replace(w.settings.Timestamp, "http://", "https://", 1)
		}, "plain HTTP"},
		{"this machine's clock is two hours ahead", actions.CodeClock, func(w *world) { w.options.Clock = moved(2 * time.Hour) }, "this machine's clock is 2h0m"},
		{"this machine's clock is two years behind", actions.CodeClock, func(w *world) { w.options.Clock = moved(-2 * 365 * 24 * time.Hour) }, "behind"},
		{"this machine's clock is past a certificate", actions.CodeClock, func(w *world) {
			certificate := newCertificate(w.tb, "127.0.0.1", time.Now().Add(time.Hour))
			w.options.Endpoints.Rekor = w.behindTLS(w.settings.Rekor, certificate)
			w.trustOnly(certificate)
			w.options.Clock = moved(2 * time.Hour)
		}, "ahead of"},
		{"Fulcio's clock is an hour behind", actions.CodeClock, func(w *world) {
			w.edits(w.settings.Fulcio, "", func(resp *http.Response, body []byte) []byte {
				resp.Header.Set("Date", time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat))
				return body
			})
		}, "the clock of Fulcio is"},
	}
}

// direct takes the proxy away, and has a name server of the test's own that knows nothing.
func (w *world) direct() {
	w.tb.Helper()
	w.options.Base = &http.Transport{}
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		w.tb.Fatal(err)
	}
	w.tb.Cleanup(func() { _ = conn.Close() })
	go func() {
		buffer := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buffer)
			if err != nil {
				return
			}
			var question dnsmessage.Message
			if question.Unpack(buffer[:n]) != nil {
				continue
			}
			question.Response, question.RCode, question.Additionals = true, dnsmessage.RCodeNameError, nil
			if answer, err := question.Pack(); err == nil {
				_, _ = conn.WriteTo(answer, from)
			}
		}
	}()
	w.options.Resolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

// closedPort is an address on which nobody listens: the port stays taken by a socket that does not listen either.
func closedPort(tb testing.TB) string {
	tb.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = conn.Close() })
	return conn.LocalAddr().String()
}

func newCertificate(tb testing.TB, host string, until time.Time) *tls.Certificate {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "a private authority"}, NotBefore: until.Add(-24 * time.Hour), NotAfter: until,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if ip := net.ParseIP(host); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{host}
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		tb.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(raw)
	if err != nil {
		tb.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key, Leaf: leaf}
}

// behindTLS puts TLS in front of a server and returns the address.
func (w *world) behindTLS(address string, certificate *tls.Certificate) string {
	w.tb.Helper()
	host := hostOf(w.tb, address)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		r.URL.Scheme, r.URL.Host = "http", host
		w.ServeHTTP(out, r)
	}))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{*certificate}, MinVersion: tls.VersionTLS12}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	w.tb.Cleanup(server.Close)
	return server.URL
}

// trustOnly gives the doctor a file of authorities.
func (w *world) trustOnly(certificate *tls.Certificate) {
	w.tb.Helper()
	file := filepath.Join(w.tb.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Certificate[0]}), 0o600); err != nil {
		w.tb.Fatal(err)
	}
	w.options.Endpoints.CAFile = file
}

func TestPrivateAuthorityThatIsTrustedIsWell(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	certificate := newCertificate(t, "127.0.0.1", time.Now().Add(time.Hour))
	w.options.Endpoints.Rekor = w.behindTLS(w.settings.Rekor, certificate)
	w.trustOnly(certificate)
	report := w.examine()
	wants(t, report)
	if !strings.Contains(report.Text(true), "its certificate is by CN=a private authority") {
		t.Error(report.Text(true))
	}
	if report.Count(doctor.Skipped) > 0 {
		t.Error("something was skipped\n" + report.Text(false))
	}
}
