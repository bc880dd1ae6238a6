package identity

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/sigwalk/sigwalk/actions"
)

// defaultRedirect is cosign's.
const defaultRedirect = "http://localhost:0/auth/callback"

// listener takes the answer that a browser brings back (RFC 8252, section 7.3). It listens on loopback alone, and for as
// long as its link is waited for.
type listener struct {
	url     string // to which the provider sends the browser
	path    string
	issuer  string
	state   string
	arrived chan outcome
	once    sync.Once
	servers []*http.Server
	serving sync.WaitGroup
}

// listen opens a listener at a redirect URL; port 0 is a free one. It fails with CodeUsage when the URL is not on loopback,
// and with CodePortTaken when the port is in use.
func listen(ctx context.Context, redirect, issuer, state string) (*listener, error) {
	if redirect == "" || redirect == OutOfBand {
		redirect = defaultRedirect
	}
	at, err := url.Parse(redirect)
	if err != nil || at.Scheme != "http" || !loopback(at.Hostname()) || at.RawQuery != "" || at.Fragment != "" {
		return nil, &actions.Error{
			Code: actions.CodeUsage,
			What: "the browser cannot bring its answer to " + redirect,
			Why:  "sigwalk listens on this machine alone (http://localhost or http://127.0.0.1)",
			Next: "give --oidc-redirect-url such an address, or leave it out",
		}
	}
	if at.Path == "" {
		at.Path = "/"
	}
	port := at.Port()
	if port == "" {
		port = "80"
	}
	sockets, err := sockets(ctx, at.Hostname(), port)
	if err != nil {
		return nil, taken(at.Host, err)
	}
	if tcp, ok := sockets[0].Addr().(*net.TCPAddr); ok && port == "0" {
		at.Host = net.JoinHostPort(at.Hostname(), strconv.Itoa(tcp.Port))
	}
	l := &listener{url: at.String(), path: at.Path, issuer: issuer, state: state, arrived: make(chan outcome, 1)}
	for _, socket := range sockets {
		server := &http.Server{Handler: l, ReadHeaderTimeout: 5 * time.Second, ErrorLog: silent()}
		l.servers = append(l.servers, server)
		l.serving.Go(func() { _ = server.Serve(socket) }) // ends when the listener is closed
	}
	return l, nil
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// sockets listens at host. A browser takes localhost for either family, so both are listened on where there are both.
func sockets(ctx context.Context, host, port string) ([]net.Listener, error) {
	var config net.ListenConfig
	if host != "localhost" {
		socket, err := config.Listen(ctx, "tcp", net.JoinHostPort(host, port))
		return []net.Listener{socket}, err
	}
	first, err := config.Listen(ctx, "tcp4", net.JoinHostPort("127.0.0.1", port))
	if err != nil {
		return nil, err
	}
	_, port, err = net.SplitHostPort(first.Addr().String())
	if err != nil {
		return nil, errors.Join(err, first.Close())
	}
	if second, err := config.Listen(ctx, "tcp6", net.JoinHostPort("::1", port)); err == nil {
		return []net.Listener{first, second}, nil
	}
	return []net.Listener{first}, nil
}

func taken(host string, err error) error {
	return &actions.Error{
		Code: actions.CodePortTaken,
		What: "the browser cannot bring its answer to " + host,
		Why:  plainly(err),
		Next: "end the program that uses the port, give another with --oidc-redirect-url, or sign in in another way",
	}
}

// wait returns what the browser brought.
func (l *listener) wait(ctx context.Context) outcome {
	select {
	case got := <-l.arrived:
		return got
	case <-ctx.Done():
		return outcome{err: ctx.Err()}
	}
}

// close stops listening once the browser has its page.
func (l *listener) close() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	for _, server := range l.servers {
		if server.Shutdown(ctx) != nil {
			_ = server.Close()
		}
	}
	l.serving.Wait()
}

// ServeHTTP implements http.Handler.
func (l *listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	switch {
	case r.URL.Path != l.path:
		http.NotFound(w, r)
	case r.Method != http.MethodGet:
		http.Error(w, "only GET", http.StatusMethodNotAllowed)
	case subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(l.state)) != 1:
		// Not an answer to our link: of an older one, or of somebody else. It changes nothing.
		show(w, http.StatusBadRequest, "This answer belongs to another sign-in", "It was not used. Go back to sigwalk and open the link that it shows now.")
	case query.Has("iss") && query.Get("iss") != l.issuer: // RFC 9207
		l.arrive(w, outcome{err: &actions.Error{
			Code: actions.CodeSignInRefused, What: "the answer came from another identity provider than the one that was asked",
			Why: fmt.Sprintf("it names %q", Quoted(query.Get("iss"))), Next: "get a new link, and log in at " + l.issuer + " alone",
		}})
	case query.Get("error") == "access_denied":
		l.arrive(w, outcome{err: cancelled(query.Get("error_description"))})
	case query.Get("error") != "":
		l.arrive(w, outcome{err: refusedAtPage(query)})
	case query.Get("code") == "":
		l.arrive(w, outcome{err: &actions.Error{
			Code: actions.CodeSignInRefused, What: "the browser brought no code", Next: "get a new link and log in again",
		}})
	default:
		l.arrive(w, outcome{code: actions.NewSecret(query.Get("code"))})
	}
}

// refusedAtPage is the error for a refusal that the browser brought back.
func refusedAtPage(query url.Values) error {
	why := "it says " + Quoted(query.Get("error"))
	if text := Quoted(query.Get("error_description")); text != "" {
		why += ": " + text
	}
	return &actions.Error{
		Code: actions.CodeClientRefused, What: "the identity provider refused the sign-in", Why: why,
		Next: "get a new link, or sign in in another way; whoever runs the provider can see the reason in its logs",
	}
}

// arrive takes the first answer and tells the browser.
func (l *listener) arrive(w http.ResponseWriter, got outcome) {
	first := false
	l.once.Do(func() { first = true })
	switch {
	case !first:
		show(w, http.StatusOK, "The answer has arrived already", "You can close this page and go back to sigwalk.")
	case got.err != nil:
		show(w, http.StatusOK, "Nobody was signed in", "Go back to sigwalk: it says why, and what to do.")
	default:
		show(w, http.StatusOK, "The answer has arrived", "You can close this page and go back to sigwalk.")
	}
	if first {
		l.arrived <- got
	}
}

// page takes the code out of the address that the browser shows and keeps.
var page = template.Must(template.New("page").Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{{.Title}}</title>
<style>body{font:18px/1.5 sans-serif;margin:15vh auto;max-width:32em;padding:0 1em}</style></head>
<body><h1>{{.Title}}</h1><p>{{.Text}}</p>
<script>history.replaceState(null,"",location.pathname)</script></body></html>
`))

func show(w http.ResponseWriter, status int, title, text string) {
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Connection", "close")
	w.WriteHeader(status)
	_ = page.Execute(w, struct{ Title, Text string }{title, text}) // a browser that has gone misses nothing
}
