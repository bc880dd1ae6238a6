package doctor

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/sigwalk/sigwalk/actions"
)

// service is a server of the deployment.
type service struct {
	id    string // "fulcio"
	who   string // to people: "Fulcio"
	url   *url.URL
	tells string // the flag and variable that name it
	// wanted is false for what a deployment may do without.
	wanted bool
	plain  bool // plain HTTP is right as well: a registry of this machine
}

// address is the URL without a user's name and password.
func (s *service) address() string { return s.url.Redacted() }

func (s *service) host() string { return s.url.Hostname() }

func (s *service) hostPort() string {
	port := s.url.Port()
	if port == "" {
		port = map[string]string{"http": "80"}[s.url.Scheme]
		if port == "" {
			port = "443"
		}
	}
	return net.JoinHostPort(s.url.Hostname(), port)
}

func (s *service) named() string { return s.who + " at " + s.address() }

// servicesOf are the servers whose addresses are known.
func servicesOf(opts Options) ([]service, error) {
	rows := []struct {
		id, who, address, tells string
		wanted                  bool
	}{
		{"issuer", "the identity provider", opts.Endpoints.OIDCIssuer, "--oidc-issuer (COSIGN_OIDC_ISSUER)", true},
		{"fulcio", "Fulcio", opts.Endpoints.Fulcio, "--fulcio-url (COSIGN_FULCIO_URL)", true},
		{"rekor", "Rekor", opts.Endpoints.Rekor, "--rekor-url (COSIGN_REKOR_URL)", true},
		{"tuf", "the TUF mirror", opts.Endpoints.TUFMirror, "--mirror (COSIGN_MIRROR)", true},
		{"timestamp", "the timestamp authority", opts.Endpoints.Timestamp, "--timestamp-server-url (COSIGN_TIMESTAMP_SERVER_URL)", false},
		{"registry", "the registry", opts.Registry, "--registry (QUAY) or --image (IMAGE)", true},
	}
	var all []service
	for _, row := range rows {
		s := service{id: row.id, who: row.who, tells: row.tells, wanted: row.wanted}
		address := row.address
		if row.id == "registry" && address != "" && !strings.Contains(address, "://") {
			address = "https://" + address
			s.plain = true
		}
		if address != "" {
			u, err := url.Parse(address)
			if err != nil || u.Host == "" {
				return nil, &actions.Error{
					Code: actions.CodeUsage, What: fmt.Sprintf("the address of %s is no URL: %q", row.who, address), Next: "write it as https://HOST/PATH, with " + row.tells,
				}
			}
			s.url = u
			s.plain = s.plain && thisMachine(u.Hostname())
		}
		all = append(all, s)
	}
	return all, nil
}

// service returns a server of the deployment; its url is nil where its address is not known.
func (e *examination) service(id string) *service {
	for i := range e.services {
		if e.services[i].id == id {
			return &e.services[i]
		}
	}
	return &service{id: id, who: id}
}

// unset is the verdict on a check of a server whose address is not known.
func (s *service) unset() verdict {
	why := "no address of " + s.who + " is set"
	if !s.wanted {
		return notApplicable(why)
	}
	return skipped(why, "give it with "+s.tells)
}

// reach is the check that must be well before a server can be asked.
func (s *service) reach() string { return "connect/" + s.id }

func thisMachine(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}

// proxyFor is the proxy that stands between, or nil.
func (e *examination) proxyFor(u *url.URL) *url.URL {
	if e.base.Proxy == nil {
		return nil
	}
	proxy, err := e.base.Proxy(&http.Request{URL: u})
	if err != nil {
		return nil
	}
	return proxy
}
