package doctor

import (
	"crypto/x509"
	"sync"
	"time"

	"github.com/sigstore/sigstore-go/pkg/root"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/identity/inspect"
	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/actions/signing"
	"github.com/sigwalk/sigwalk/actions/trust"
)

// facts is what checks found and others need. A field is written by one check and read by those that need it, which begin
// when it has ended; only what several write at once has a lock.
type facts struct {
	mu    sync.Mutex
	dates map[string]reading // by service

	discovery *discovery             // issuer/discovery
	trusted   *root.TrustedRoot      // tuf/root
	status    *trust.Status          // tuf/root
	trusts    *inspect.Configuration // fulcio/configuration
	log       *logInfo               // rekor/log
	logID     string                 // rekor/key
	stamps    []*x509.Certificate    // timestamp/chain

	idToken, accessToken actions.Secret     // token/user
	access               *registry.Access   // registry/login
	reader               *registry.Client   // registry/login: the client whose login works; nil for nobody's
	image                *registry.Resolved // registry/pull

	signed *signing.Result // sign/signature
}

// reading is a server's clock beside ours.
type reading struct {
	theirs, ours time.Time
}

func (f *facts) read(service string, r reading) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.dates == nil {
		f.dates = map[string]reading{}
	}
	f.dates[service] = r
}
