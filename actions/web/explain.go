package web

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/sigwalk/sigwalk/actions"
)

// Explain turns a failure to connect (name, refused, timed out, cut off, TLS) into an *actions.Error that names target.
// An error of another kind comes back as it is, and so does one that was explained already or is the person's own
// cancellation.
func Explain(err error, target string) error {
	var done *actions.Error
	if err == nil || errors.As(err, &done) || errors.Is(err, context.Canceled) {
		return err
	}
	if e := explainTLS(err, target); e != nil {
		return e
	}
	if e := explainConnection(err, target); e != nil {
		return e
	}
	return err
}

func explainConnection(err error, target string) *actions.Error {
	e := &actions.Error{Code: actions.CodeUnreachable, What: target + " cannot be reached", Err: err}
	var (
		name  *net.DNSError
		op    *net.OpError
		timed interface{ Timeout() bool }
	)
	isOp := errors.As(err, &op)
	switch {
	case isOp && op.Op == "proxyconnect":
		e.Why = "the proxy does not answer: " + innermost(op.Err)
		e.Next = "check HTTPS_PROXY and HTTP_PROXY, or name the host in NO_PROXY"
	case errors.As(err, &name) && name.IsNotFound:
		e.Why = fmt.Sprintf("the name %s is not known", name.Name)
		e.Next = "check the host for a typing error, and that you are in the network (or VPN) that knows it"
	case errors.As(err, &name):
		e.Why = fmt.Sprintf("the name %s could not be looked up: %s", name.Name, name.Err)
		e.Next = "check the network connection, then try again"
	case errors.Is(err, syscall.ECONNREFUSED):
		e.Why = "the connection was refused: nothing listens at that address"
		e.Next = "check host and port, and that the server is running"
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		e.Why = "there is no route to the host"
		e.Next = "check the network connection or VPN"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timed) && timed.Timeout():
		e.Why = "no answer in time"
		e.Next = "check host and port, the network (or VPN) and whether a firewall or proxy stands between; then try again"
	case isOp && op.Op == "dial":
		e.Why = "no connection: " + innermost(op.Err)
		e.Next = "check host and port, and that the server is running"
	case CutOff(err):
		e.What = "the connection to " + target + " was cut off"
		e.Why = "it ended in the middle of an exchange"
		e.Next = "try again; what arrived already is not sent again"
	case isOp:
		e.What = "the connection to " + target + " failed"
		e.Why = innermost(op.Err)
		e.Next = "check the network connection, then try again"
	default:
		return nil
	}
	return e
}

func explainTLS(err error, target string) *actions.Error {
	e := &actions.Error{Code: actions.CodeTLS, What: "the connection to " + target + " is not trusted", Err: err}
	var (
		unknown x509.UnknownAuthorityError
		host    x509.HostnameError
		invalid x509.CertificateInvalidError
		roots   x509.SystemRootsError
		record  tls.RecordHeaderError
		alert   tls.AlertError
		verify  *tls.CertificateVerificationError
	)
	switch {
	case errors.As(err, &host):
		e.Why = "its certificate is for " + namesOf(host.Certificate) + " and not for " + host.Host
		e.Next = "use the name that the certificate carries, or ask the owner for a certificate with this one"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		e.Why = "its certificate is outside its time"
		if c := invalid.Cert; c != nil {
			e.Why = fmt.Sprintf("its certificate is valid from %s to %s only", stamp(c.NotBefore), stamp(c.NotAfter))
		}
		e.Next = "check this machine's clock; if it is right, the owner has to renew the certificate"
	case errors.As(err, &unknown), errors.As(err, &roots):
		e.Why = "its certificate is from an authority that this machine does not know"
		e.Next = "if it is a private authority, give its certificate with --ca-file FILE (PEM)"
	case errors.As(err, &verify), errors.As(err, &invalid):
		e.Why = "its certificate cannot be verified: " + innermost(err)
		e.Next = "give the certificate of its authority with --ca-file FILE (PEM), or ask the owner to correct it"
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		e.What = target + " does not speak TLS"
		e.Why = "it answers in plain HTTP where HTTPS is wanted"
		e.Next = "check the port; plain HTTP is used with this machine itself only (127.0.0.1, localhost)"
	case errors.As(err, &alert):
		e.What = target + " refuses a TLS connection"
		e.Why = alert.Error()
		e.Next = "check host and port, and whether a proxy stands between"
	default:
		return nil
	}
	return e
}

// namesOf lists some of the names that a certificate is for.
func namesOf(cert *x509.Certificate) string {
	if cert == nil {
		return "another name"
	}
	names := slices.Clone(cert.DNSNames)
	for _, ip := range cert.IPAddresses {
		names = append(names, ip.String())
	}
	switch {
	case len(names) == 0:
		return "no name at all"
	case len(names) > 3:
		return strings.Join(names[:3], ", ") + " and others"
	}
	return strings.Join(names, ", ")
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// innermost returns the text of the last error in the chain, which says the reason without repeating addresses.
func innermost(err error) string {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err.Error()
		}
		err = next
	}
}

// CutOff reports whether a connection ended in the middle of an exchange, so that the same call may well succeed when it is
// made again.
func CutOff(err error) bool {
	for _, cut := range []error{io.EOF, io.ErrUnexpectedEOF, syscall.EPIPE, syscall.ECONNRESET, net.ErrClosed} {
		if errors.Is(err, cut) {
			return true
		}
	}
	// net/http does not export this one. It comes when the server closes a connection that was not used yet.
	return err != nil && strings.Contains(err.Error(), "http: server closed idle connection")
}
