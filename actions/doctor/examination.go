package doctor

import (
	"crypto/tls"
	"net"
	"net/http"
	"os"
	"slices"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/actions/web"
)

// examination is one run: its options, how it reaches the network, and what checks found for those that need it.
type examination struct {
	opts     Options
	base     *http.Transport
	outside  http.RoundTripper
	client   *http.Client
	registry *registry.Client // with the login that is stored, or else the one at hand
	services []service
	facts    facts
	scratch  string // for what is fetched to be looked at
}

func newExamination(opts Options) (*examination, error) {
	e := &examination{opts: opts}
	if e.base = opts.Base; e.base == nil {
		e.base = http.DefaultTransport.(*http.Transport).Clone() // net/http says so
	} else {
		e.base = opts.Base.Clone()
	}
	if e.base.TLSClientConfig == nil {
		e.base.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	e.base.TLSClientConfig.Time = opts.Clock.Now
	if opts.Resolver != nil {
		e.base.DialContext = (&net.Dialer{Resolver: opts.Resolver, Timeout: web.DialTimeout}).DialContext
	}
	outside, err := web.Transport(web.Options{CAFile: opts.Endpoints.CAFile, Observer: opts.Observer, Base: e.base, Clock: opts.Clock})
	if err != nil {
		return nil, err
	}
	e.outside = outside
	e.client = &http.Client{Transport: outside, CheckRedirect: func(*http.Request, []*http.Request) error {
		// What asks for a login sends elsewhere; none of what is asked here does.
		return http.ErrUseLastResponse
	}}
	if e.services, err = servicesOf(opts); err != nil {
		return nil, err
	}
	e.registry = registry.New(registry.Options{Homes: opts.Homes, Transport: outside, Observer: actions.Discard, Clock: opts.Clock})
	return e, nil
}

func (e *examination) close() {
	e.client.CloseIdleConnections()
	e.base.CloseIdleConnections()
	if e.scratch != "" {
		_ = os.RemoveAll(e.scratch)
	}
}

// checks are those of this deployment, in the order in which a person reads them.
func (e *examination) checks() []check {
	return slices.Concat(
		e.networkChecks(), e.identityChecks(), e.tokenChecks()[:2],
		e.trustChecks(), e.stampChecks(),
		e.fulcioChecks(), e.tokenChecks()[2:], e.certificateLogChecks(),
		e.logChecks(), e.registryChecks(), e.machineChecks(), e.signChecks(),
	)
}
