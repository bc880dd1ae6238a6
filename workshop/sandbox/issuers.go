package sandbox

import (
	"crypto/x509"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/sigwalk/sigwalk/workshop/sandbox/fulcio"
)

// Issuer is an OpenID Connect provider beside the sandbox's own whose tokens the sandbox's Fulcio takes.
type Issuer struct {
	// URL is the issuer as its tokens name it, to the letter.
	URL string `json:"url"`
	// ClientID is the audience that a token must have.
	ClientID string `json:"clientID"`
	// Type is what Fulcio makes a certificate's subject of (Fulcio, docs/oidc.md), such as email or github-workflow; empty for
	// email.
	Type string `json:"type,omitempty"`
	// CA holds the certificate authorities of a provider whose own is not the system's, in PEM form; empty for the system's.
	CA string `json:"ca,omitempty"`
}

// check refuses what Fulcio could do nothing with, or should not.
func (i *Issuer) check() error {
	if i == nil {
		return nil
	}
	u, err := url.Parse(i.URL)
	switch {
	case err == nil && u.User != nil:
		return (&Issuer{URL: u.Redacted()}).refused("a user name or a password stands in it", "give the address alone: nobody signs in to read a provider's keys")
	case err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "":
		return i.refused("it is no issuer URL", "give --oidc-issuer what stands as `issuer` in the provider's /.well-known/openid-configuration")
	case u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())):
		return i.refused("its keys would be fetched over plain HTTP, where anybody in between could put others", "give an https:// URL")
	case i.ClientID == "":
		return i.refused("there is no client ID, so any token of it would do", "give --oidc-client-id the client for which people get their tokens")
	case !slices.Contains(kinds(), i.Type):
		return i.refused("Fulcio makes nothing of tokens of the type "+strconv.Quote(i.Type), "give --oidc-type one of "+strings.Join(kinds()[1:], ", "))
	case i.CA != "" && !x509.NewCertPool().AppendCertsFromPEM([]byte(i.CA)):
		return i.refused("the file of certificate authorities holds no certificate", "give --oidc-ca a file that begins with -----BEGIN CERTIFICATE-----")
	}
	return nil
}

// kinds are the types of issuers that need no more configuration than a type; empty is email.
func kinds() []string {
	return []string{"", "email", "github-workflow", "gitlab-pipeline", "buildkite-job", "codefresh-workflow"}
}

func (i *Issuer) refused(why, next string) error {
	return &Error{Code: CodeIssuer, What: "the identity provider " + i.URL + " cannot be added", Why: why, Next: next}
}

// unanswered says that the provider gave no keys.
func (i *Issuer) unanswered(err error) error {
	return &Error{
		Code: CodeIssuer, What: "the identity provider " + i.URL + " cannot be added", Err: err,
		Why:  "it does not answer at " + strings.TrimSuffix(i.URL, "/") + "/.well-known/openid-configuration with an issuer of exactly that name",
		Next: "open that address: check the URL to the letter, that the provider runs, and give its certificate authority with --oidc-ca",
	}
}

func isLoopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// withIssuer returns the issuers with one more, which replaces an earlier one of the same URL.
func (r record) withIssuer(more Issuer) []Issuer {
	var all []Issuer
	for _, i := range r.Issuers {
		if i.URL != more.URL {
			all = append(all, i)
		}
	}
	return append(all, more)
}

// issuers are those that Fulcio trusts: the sandbox's own first. One that was added in an earlier start need not answer, or
// the sandbox could not start while somebody else's server is down.
func (s *servers) issuers() []fulcio.Issuer {
	all := []fulcio.Issuer{{URL: s.identity.URL(), ClientID: ClientID}}
	for _, i := range s.record.Issuers {
		all = append(all, fulcio.Issuer{URL: i.URL, ClientID: i.ClientID, Type: i.Type, CA: i.CA, Absent: s.added == nil || s.added.URL != i.URL})
	}
	return all
}
