//go:build unix

package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sigwalk/sigwalk/actions/verification/verificationtest"
)

// These commands put between the program and the sandbox what stands there in the world, or put into the sandbox what
// others leave there.

// tls CAFILE FROM TO NAME...: serves each service that the variable FROM+NAME names over TLS, with certificates of an
// authority of its own (CAFILE), under a name that only a proxy of the network knows (HTTPS_PROXY), as behind the doors of
// a company. TO+NAME is set to the address there.
func terminateTLS(ts *testscript.TestScript, _ bool, args []string) {
	authority, certificate := certify(ts)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: authority}), 0o600))

	targets := map[string]string{} // host under TLS -> host:port in the clear
	for _, variable := range args[3:] {
		value := ts.Getenv(args[1] + variable)
		scheme, rest, isURL := strings.Cut(value, "://")
		if !isURL {
			scheme, rest = "", value
		}
		host, path, _ := strings.Cut(rest, "/")
		name := "port" + host[strings.LastIndexByte(host, ':')+1:] + ".sigstore.example"
		targets[name] = host
		if path != "" {
			name += "/" + path
		}
		if scheme != "" {
			name = "https://" + name
		}
		ts.Setenv(args[2]+variable, name)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: targets[r.In.Host]})
			r.Out.Host = r.In.Host // so that the registry's redirects lead back here
			r.SetXForwarded()
		},
		ErrorLog: log.New(io.Discard, "", 0),
	}
	server := httptest.NewUnstartedServer(proxy)
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // who does not trust the certificate hangs up
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	ts.Defer(server.Close)
	outer := httptest.NewServer(tunnel(func(host string) (string, bool) {
		_, known := targets[host]
		return server.Listener.Addr().String(), known
	}))
	ts.Defer(outer.Close)
	ts.Setenv("HTTPS_PROXY", outer.URL)
}

// tunnel is an HTTP proxy that connects to what resolve says, and to nothing else.
func tunnel(resolve func(host string) (string, bool)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		host, _, _ := net.SplitHostPort(r.Host)
		address, known := resolve(host)
		if r.Method != http.MethodConnect || !known {
			http.Error(w, "no such host", http.StatusBadGateway)
			return
		}
		var dialer net.Dialer
		there, err := dialer.DialContext(r.Context(), "tcp", address)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		here, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			_ = there.Close()
			return
		}
		_, _ = io.WriteString(here, "HTTP/1.1 200 OK\r\n\r\n")
		go func() {
			_, _ = io.Copy(there, buffered)
			_ = there.Close()
		}()
		_, _ = io.Copy(here, there)
		_ = here.Close()
	}
}

// certify makes an authority and a certificate of it for *.sigstore.example.
func certify(ts *testscript.TestScript) ([]byte, tls.Certificate) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ts.Check(err)
	parent := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "an authority of its own"}, IsCA: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	authority, err := x509.CreateCertificate(rand.Reader, parent, parent, key.Public(), key)
	ts.Check(err)
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "a server"}, DNSNames: []string{"*.sigstore.example"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, parent, key.Public(), key)
	ts.Check(err)
	return authority, tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// break NAME PATTERN HOW: puts a proxy before the service that the variable NAME names, and sets NAME to it. Requests whose
// method and path match PATTERN end in the middle: HOW is before (the service never hears of them), after (it does its
// work and the answer is lost) or the number of an HTTP status.
func breakService(ts *testscript.TestScript, _ bool, args []string) {
	target, err := url.Parse(ts.Getenv(args[0]))
	ts.Check(err)
	pattern, how := regexp.MustCompile(args[1]), args[2]
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: target.Scheme, Host: target.Host})
	proxy.ErrorLog = log.New(io.Discard, "", 0)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !pattern.MatchString(r.Method + " " + r.URL.Path) {
			proxy.ServeHTTP(w, r)
			return
		}
		switch how {
		case "after":
			proxy.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		case "before":
			panic(http.ErrAbortHandler)
		}
		w.WriteHeader(map[string]int{"503": http.StatusServiceUnavailable, "429": http.StatusTooManyRequests}[how])
	}))
	ts.Defer(server.Close)
	target.Host = strings.TrimPrefix(server.URL, "http://")
	ts.Setenv(args[0], target.String())
}

// reference is an image of the sandbox's registry with its login, which the variables that begin with BOX_ name.
func reference(ts *testscript.TestScript, image string) (name.Reference, remote.Option) {
	ref, err := name.ParseReference(image)
	ts.Check(err)
	return ref, remote.WithAuth(&authn.Basic{Username: ts.Getenv("BOX_QUAY_USER"), Password: ts.Getenv("BOX_QUAY_PASSWORD")})
}

// keysigned IMAGE KEYFILE: leaves a signature by a key pair as the only one of the image, without a certificate and without
// a log entry, and the public key in KEYFILE.
func signWithKey(ts *testscript.TestScript, _ bool, args []string) {
	ref, login := reference(ts, args[0])
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ts.Check(err)
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), 0o600))
	head, err := remote.Head(ref, login)
	ts.Check(err)
	digest := ref.Context().Digest(head.Digest.String())
	layer, err := verificationtest.MustNew().Sign(digest, verificationtest.Spec{Key: key, KeyPair: true, NoLog: true})
	ts.Check(err)
	ts.Check(verificationtest.Attach(context.Background(), digest, []verificationtest.Layer{layer}, login))
}

// notimage NAME: sets NAME to a name in a registry (go-containerregistry's own) that holds a manifest of no image.
func pushNote(ts *testscript.TestScript, _ bool, args []string) {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	ts.Defer(server.Close)
	ref, err := name.ParseReference(strings.TrimPrefix(server.URL, "http://") + "/notes/today:latest")
	ts.Check(err)
	ts.Check(remote.Put(ref, note(`{"text": "buy milk"}`)))
	ts.Setenv(args[0], ref.Name())
}

// note is a manifest that only its author understands. It implements remote.Taggable.
type note []byte

func (n note) RawManifest() ([]byte, error)        { return n, nil }
func (n note) MediaType() (types.MediaType, error) { return "application/vnd.example.note+json", nil }

// token NAME DIR [CLAIM=JSON...]: sets NAME to an identity token as the issuer of the sandbox in DIR makes them, signed with
// its key, with those claims changed.
func badToken(ts *testscript.TestScript, _ bool, args []string) {
	compact, err := mint(ts, args[1], args[2:])
	ts.Check(err)
	ts.Setenv(args[0], compact)
}

// mint makes a token for the user of the variables that begin with BOX_.
func mint(ts *testscript.TestScript, dir string, changes []string) (string, error) {
	text, err := os.ReadFile(filepath.Join(ts.MkAbs(dir), "sandbox", "identity", "token.key.pem"))
	if err != nil {
		return "", err
	}
	block, _ := pem.Decode(text)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return "", err
	}
	claims := map[string]any{
		"iss": ts.Getenv("BOX_COSIGN_OIDC_ISSUER"), "aud": ts.Getenv("BOX_COSIGN_OIDC_CLIENT_ID"), "sub": "somebody",
		"email": ts.Getenv("BOX_OIDC_USER"), "email_verified": true,
		"iat": time.Now().Add(-time.Minute).Unix(), "exp": time.Now().Add(time.Hour).Unix(),
	}
	for _, change := range changes {
		claim, value, _ := strings.Cut(change, "=")
		var v any
		if err := json.Unmarshal([]byte(value), &v); err != nil {
			return "", err
		}
		claims[claim] = v
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: key}, nil)
	if err != nil {
		return "", err
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", err
	}
	return signed.CompactSerialize()
}

// github NAME DIR: runs what GitHub runs for a job that may have a token, and sets NAME to its address. It gives tokens of
// the issuer of the sandbox in DIR, for the audience that is asked for, to whoever knows the job's secret.
func serveGitHub(ts *testscript.TestScript, _ bool, args []string) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "bearer job-secret" {
			http.Error(w, "no", http.StatusUnauthorized)
			return
		}
		audience, err := json.Marshal(r.URL.Query().Get("audience"))
		token := ""
		if err == nil {
			token, err = mint(ts, args[1], []string{"aud=" + string(audience)})
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"value": token})
	}))
	ts.Defer(server.Close)
	ts.Setenv(args[0], server.URL+"/token?api-version=2.0")
}
