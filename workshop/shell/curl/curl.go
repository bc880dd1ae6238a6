// Package curl is curl for the workshop shell, as far as lessons use it: HTTP requests with headers, data and a login.
// Nothing that is secret leaves it but towards the server: no header, query or body reaches a trace or an error.
package curl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path"
	"strings"
	"syscall"
	"time"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/web"
	"github.com/sigwalk/sigwalk/workshop/shell/builtin"
)

// The exit codes of curl(1).
const (
	exitProtocol  = 1
	exitUsage     = 2
	exitURL       = 3
	exitHost      = 6
	exitConnect   = 7
	exitStatus    = 22
	exitWrite     = 23
	exitRead      = 26
	exitTimeout   = 28
	exitTLS       = 35
	exitRedirects = 47
	exitCut       = 56
	exitPeer      = 60
)

const maxRedirects = 50

// Command is the built-in.
type Command struct{}

// Name implements builtin.Builtin.
func (Command) Name() string { return "curl" }

// Summary implements builtin.Builtin.
func (Command) Summary() string { return "send a request to a web service" }

// Run implements builtin.Builtin.
func (Command) Run(ctx context.Context, call *builtin.Call) error {
	o, err := parse(call)
	if err != nil {
		if errors.Is(err, errHelp) {
			return nil
		}
		return o.fail(call, exitUsage, err)
	}
	if o.maxTime > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.maxTime)
		defer cancel()
	}
	var last error
	for _, target := range o.urls {
		if last = o.fetch(ctx, call, target); last != nil && ctx.Err() != nil {
			break
		}
	}
	return last
}

var errHelp = errors.New("help was asked for")

// fail prints err as curl does, unless -s silences it, and returns the exit code.
func (o *options) fail(call *builtin.Call, code builtin.Exit, err error) error {
	call.Failed(err)
	if o == nil || !o.silent || o.showError {
		_, _ = io.WriteString(call.Stderr, builtin.Describe(fmt.Sprintf("curl: (%d) ", code), err))
	}
	return code
}

// fetch makes one request and delivers its answer.
func (o *options) fetch(ctx context.Context, call *builtin.Call, target string) error {
	req, code, err := o.request(ctx, call, target)
	if err != nil {
		return o.fail(call, code, err)
	}
	transport, err := o.transport(call)
	if err != nil {
		return o.fail(call, exitPeer, err)
	}
	if closer, ok := transport.(interface{ CloseIdleConnections() }); ok && call.Base == nil {
		defer closer.CloseIdleConnections()
	}
	start := call.Clock.Now()
	redirects := 0
	client := &http.Client{Transport: transport, CheckRedirect: func(req *http.Request, via []*http.Request) error {
		if !o.follow {
			return http.ErrUseLastResponse
		}
		if len(via) > maxRedirects {
			return errRedirects
		}
		redirects = len(via)
		return nil
	}}
	resp, err := client.Do(req)
	if err != nil {
		return o.unanswered(ctx, call, req, err)
	}
	defer func() { _ = resp.Body.Close() }()
	written, err := o.deliver(call, resp, target)
	o.report(call, resp, written, redirects, call.Clock.Now().Sub(start))
	return err
}

var errRedirects = errors.New("too many redirects")

// transport trusts the certificate authorities of the lesson, and those of --cacert.
func (o *options) transport(call *builtin.Call) (http.RoundTripper, error) {
	file, err := call.Authorities()
	if err != nil {
		return nil, err
	}
	if o.caFile != "" {
		var err error
		if file, err = call.Files.Host(call.Dir, o.caFile); err != nil {
			return nil, err
		}
	}
	return web.Transport(web.Options{CAFile: file, Observer: call.Observer, Base: call.Base, Clock: call.Clock})
}

// unanswered says why there was no answer.
func (o *options) unanswered(ctx context.Context, call *builtin.Call, req *http.Request, err error) error {
	target := req.URL.Scheme + "://" + req.URL.Host
	if errors.Is(err, errRedirects) {
		return o.fail(call, exitRedirects, fmt.Errorf("%s sent us on more than %d times", target, maxRedirects))
	}
	// A *url.Error quotes the address with its query, which may hold a secret.
	var uerr *url.Error
	if errors.As(err, &uerr) {
		err = uerr.Err
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return o.fail(call, exitTimeout, fmt.Errorf("no answer from %s within %s", target, o.maxTime))
	}
	return o.fail(call, codeOf(err), web.Explain(err, target))
}

func codeOf(err error) builtin.Exit {
	var dns *net.DNSError
	var timeout net.Error
	switch code := actions.CodeOf(web.Explain(err, "")); {
	case errors.As(err, &dns):
		return exitHost
	case errors.As(err, &timeout) && timeout.Timeout():
		return exitTimeout
	case code == actions.CodeTLS && strings.Contains(err.Error(), "certificate"):
		return exitPeer
	case code == actions.CodeTLS:
		return exitTLS
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return exitCut
	}
	return exitConnect
}

// deliver writes the answer where it is wanted and returns the size of its body.
func (o *options) deliver(call *builtin.Call, resp *http.Response, target string) (int64, error) {
	failed := resp.StatusCode >= 400 && (o.failStatus || o.failBody)
	status := func() error {
		return o.fail(call, exitStatus, fmt.Errorf("%s answered with error %d", resp.Request.URL.Host, resp.StatusCode))
	}
	if failed && !o.failBody {
		return 0, status()
	}
	out := call.Stdout
	name := o.output
	if o.remoteName {
		name = path.Base(strings.SplitN(strings.SplitN(target, "?", 2)[0], "#", 2)[0])
	}
	if name != "" && name != "-" {
		file, err := call.Files.Create(call.Dir, name, 0o666)
		if err != nil {
			return 0, o.fail(call, exitWrite, err)
		}
		defer func() { _ = file.Close() }()
		out = file
	}
	sink := &sink{w: out}
	out = sink
	if o.include || o.head {
		var b strings.Builder
		fmt.Fprintf(&b, "%s %s\r\n", resp.Proto, resp.Status)
		_ = resp.Header.Write(&b)
		b.WriteString("\r\n")
		if _, err := io.WriteString(out, b.String()); err != nil {
			return 0, builtin.Exit(exitWrite)
		}
	}
	written, err := io.Copy(out, resp.Body)
	switch {
	case sink.err != nil && name != "":
		return written, o.fail(call, exitWrite, fmt.Errorf("%s cannot be written: %w", name, sink.err))
	case sink.err != nil:
		return written, builtin.Exit(exitWrite)
	case err != nil && resp.Request.Context().Err() == nil:
		return written, o.fail(call, exitCut, errors.New("the answer of "+resp.Request.URL.Host+" was cut off"))
	case err != nil && !errors.Is(err, context.DeadlineExceeded):
		return written, builtin.Exit(exitWrite)
	case err != nil:
		return written, o.fail(call, exitTimeout, fmt.Errorf("the answer of %s did not end within %s", resp.Request.URL.Host, o.maxTime))
	case failed:
		return written, status()
	}
	return written, nil
}

// sink remembers that it could not write, which io.Copy does not tell apart from an answer that was cut off.
type sink struct {
	w   io.Writer
	err error
}

func (s *sink) Write(p []byte) (int, error) {
	n, err := s.w.Write(p)
	if err != nil {
		s.err = err
	}
	return n, err
}

// report writes what -w asks for.
func (o *options) report(call *builtin.Call, resp *http.Response, size int64, redirects int, took time.Duration) {
	if o.writeOut == "" {
		return
	}
	location := ""
	if l, err := resp.Location(); err == nil {
		location = l.String()
	}
	values := map[string]string{
		"http_code": fmt.Sprintf("%03d", resp.StatusCode), "response_code": fmt.Sprintf("%03d", resp.StatusCode),
		"content_type": resp.Header.Get("Content-Type"), "method": resp.Request.Method,
		"url_effective": resp.Request.URL.String(), "redirect_url": location,
		"num_redirects": fmt.Sprint(redirects), "size_download": fmt.Sprint(size),
		"time_total": fmt.Sprintf("%.6f", took.Seconds()), "scheme": resp.Request.URL.Scheme,
		"http_version": fmt.Sprintf("%d.%d", resp.ProtoMajor, resp.ProtoMinor),
	}
	pairs := []string{`\n`, "\n", `\t`, "\t", `\r`, "\r", "%%", "%"}
	for name, value := range values {
		pairs = append(pairs, "%{"+name+"}", value)
	}
	_, _ = io.WriteString(call.Stdout, strings.NewReplacer(pairs...).Replace(o.writeOut))
}
