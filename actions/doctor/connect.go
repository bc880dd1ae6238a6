package doctor

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/sigwalk/sigwalk/actions"
)

// connect makes one request, whatever its answer: it shows that the address is reached and its certificate trusted.
func (e *examination) connect(ctx context.Context, s *service) verdict {
	if s.url == nil {
		return s.unset()
	}
	secured, err := e.knock(ctx, e.client, s.url.Scheme, s)
	if err != nil && s.plain && !errors.Is(err, context.DeadlineExceeded) {
		// A registry of this machine may speak plain HTTP.
		if again, second := e.knock(ctx, e.client, "http", s); second == nil {
			secured, err = again, nil
		}
	}
	if err != nil {
		return e.unreached(ctx, s, err)
	}
	v := passed()
	if proxy := e.proxyFor(s.url); proxy != nil {
		v = v.saw("through the proxy %s", proxy.Redacted())
	}
	if secured == nil {
		return v.saw("%s answers, without TLS", s.hostPort())
	}
	leaf := secured.PeerCertificates[0]
	return v.saw("%s answers, with %s", s.hostPort(), tls.VersionName(secured.Version)).
		saw("its certificate is by %s, valid until %s", plain(leaf.Issuer.String()), day(leaf.NotAfter))
}

// knock asks for the address, reads the server's clock, and returns how the connection was secured; nil without TLS.
func (e *examination) knock(ctx context.Context, client *http.Client, scheme string, s *service) (*tls.ConnectionState, error) {
	u := *s.url
	u.Scheme, u.User, u.RawQuery = scheme, nil, ""
	if s.id == "registry" {
		u.Path = "/v2/"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "sigwalk")
	before := e.opts.Clock.Now()
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	after := e.opts.Clock.Now()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, longestAnswer))
	_ = resp.Body.Close()
	if at, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		// The header is cut to whole seconds.
		e.facts.read(s.id, reading{theirs: at.Add(time.Second / 2), ours: before.Add(after.Sub(before) / 2)})
	}
	return resp.TLS, nil
}

// unreached says why there was no answer.
func (e *examination) unreached(ctx context.Context, s *service, err error) verdict {
	v := because(unanswered(ctx, err, s.named()))
	var (
		unknown x509.UnknownAuthorityError
		roots   x509.SystemRootsError
		host    x509.HostnameError
		invalid x509.CertificateInvalidError
	)
	switch {
	case errors.As(err, &unknown), errors.As(err, &roots):
		return e.privateAuthority(ctx, s, v)
	case errors.As(err, &host):
		v.code = actions.CodeTLSName
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return e.outsideTime(ctx, s, v, invalid.Cert)
	case v.code == actions.CodeTLS && strings.Contains(v.means, "does not speak TLS"):
		v.code = actions.CodeTLSMissing
	}
	return v
}

// privateAuthority is the verdict on a certificate of an authority that this machine does not know.
func (e *examination) privateAuthority(ctx context.Context, s *service, v verdict) verdict {
	v.code, v.means = actions.CodeTLSAuthority, "nothing can be said to "+s.named()+" safely: its certificate is from an authority that this machine does not know"
	v.next = "get the authority's certificate from whoever runs the deployment, compare its SHA-256 with them by another way than this connection, and trust it"
	chain := e.presented(ctx, s)
	if len(chain) > 0 {
		v.evidence = nil
		top := chain[len(chain)-1]
		v = v.saw("the certificate is for %s, by %s", plain(chain[0].Subject.String()), plain(top.Issuer.String()))
		if top.IsCA {
			sum := sha256.Sum256(top.Raw)
			v = v.saw("it came with the authority's: SHA-256 %s", hex.EncodeToString(sum[:]))
		}
	}
	if e.opts.Endpoints.CAFile != "" {
		v = v.saw("the authorities in %s do not include it", e.opts.Endpoints.CAFile)
	}
	return v.try(`oc get configmap -n openshift-config-managed default-ingress-cert -o jsonpath='{.data.ca-bundle\.crt}' > ca.crt`).
		try("export SIGWALK_CA_FILE=$PWD/ca.crt   # for sigwalk, beside the system's authorities").
		try("export SSL_CERT_FILE=$PWD/ca.crt     # for the real cosign, in place of the system's authorities")
}

// presented is the chain that a server shows, unverified: nothing but a look at it is made of it.
func (e *examination) presented(ctx context.Context, s *service) []*x509.Certificate {
	client := e.blind()
	defer client.CloseIdleConnections()
	secured, err := e.knock(ctx, client, "https", s)
	if err != nil || secured == nil {
		return nil
	}
	return secured.PeerCertificates
}

// blind is a client that verifies no certificate. It sends nothing but a request for an address, and believes nothing.
func (e *examination) blind() *http.Client {
	transport := e.base.Clone()
	transport.TLSClientConfig = &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12} //nolint:gosec // to show what is presented
	return &http.Client{Transport: transport, CheckRedirect: e.client.CheckRedirect}
}

// outsideTime tells a certificate that has expired from a clock of ours that is wrong.
func (e *examination) outsideTime(ctx context.Context, s *service, v verdict, cert *x509.Certificate) verdict {
	v.code = actions.CodeTLSExpired
	_ = e.presented(ctx, s) // reads the server's clock
	e.facts.mu.Lock()
	read, ok := e.facts.dates[s.id]
	e.facts.mu.Unlock()
	if !ok || cert == nil || read.theirs.Before(cert.NotBefore) || read.theirs.After(cert.NotAfter) {
		return v
	}
	off := read.ours.Sub(read.theirs)
	if off.Abs() <= tolerance {
		return v
	}
	v = skipped(fmt.Sprintf("by this machine's clock the certificate of %s is outside its time, and by the server's it is not", s.named()), "set the clock right first")
	v.waits = []string{"clock"}
	return v
}

func day(t time.Time) string { return t.UTC().Format("2006-01-02") }
