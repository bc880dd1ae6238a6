// Package trial runs the signing half of the sandbox for tests: identity provider, Fulcio, the two transparency logs and
// the timestamp authority, all real, and signs with Sigstore's own client against them.
package trial

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"

	"github.com/sigwalk/sigwalk/workshop/sandbox/ctlog"
	"github.com/sigwalk/sigwalk/workshop/sandbox/fulcio"
	"github.com/sigwalk/sigwalk/workshop/sandbox/identity"
	"github.com/sigwalk/sigwalk/workshop/sandbox/internal/state"
	"github.com/sigwalk/sigwalk/workshop/sandbox/ledger"
	"github.com/sigwalk/sigwalk/workshop/sandbox/rekor"
	"github.com/sigwalk/sigwalk/workshop/sandbox/timestamp"
)

const (
	// Email is the person who signs in.
	Email    = "user1@demo.redhat.com"
	clientID = "trusted-artifact-signer"
	password = "r3dh8t1!"
)

// Services are the running servers.
type Services struct {
	Ledger    *ledger.Ledger
	CTLog     *ctlog.Server
	Rekor     *rekor.Server
	Timestamp *timestamp.Server
	Identity  *identity.Server
	Fulcio    *fulcio.Server

	closers []io.Closer
}

// Start starts the servers with their state in dir, on the ports that they had there before.
func Start(ctx context.Context, dir string) (s *Services, err error) {
	s = &Services{}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	listeners, err := listen(ctx, dir, "ctlog", "rekor", "timestamp", "identity", "fulcio")
	if err != nil {
		return s, err
	}
	logs, err := os.OpenFile(filepath.Join(dir, "log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return s, err
	}
	s.closers = append(s.closers, logs)

	authority, err := fulcio.OpenAuthority(filepath.Join(dir, "fulcio"))
	if err != nil {
		return s, err
	}
	if s.Ledger, err = ledger.Start(ctx, ledger.Config{Dir: filepath.Join(dir, "ledger"), Log: logs}); err != nil {
		return s, err
	}
	s.closers = append(s.closers, s.Ledger)
	s.CTLog, err = ctlog.Start(ctx, ctlog.Config{
		Dir: filepath.Join(dir, "ctlog"), Listener: listeners["ctlog"], Log: logs,
		Ledger: s.Ledger, RootPEM: authority.RootPEM(),
	})
	if err != nil {
		return s, err
	}
	s.closers = append(s.closers, s.CTLog)
	s.Rekor, err = rekor.Start(ctx, rekor.Config{
		Dir: filepath.Join(dir, "rekor"), Listener: listeners["rekor"], Log: logs, Ledger: s.Ledger,
	})
	if err != nil {
		return s, err
	}
	s.closers = append(s.closers, s.Rekor)
	s.Timestamp, err = timestamp.Start(ctx, timestamp.Config{
		Dir: filepath.Join(dir, "timestamp"), Listener: listeners["timestamp"], Log: logs,
	})
	if err != nil {
		return s, err
	}
	s.closers = append(s.closers, s.Timestamp)
	s.Identity, err = identity.Start(ctx, identity.Config{
		Dir: filepath.Join(dir, "identity"), Listener: listeners["identity"], ClientID: clientID,
		Users: []identity.User{{Email: Email, Username: "user1", Name: "User One"}}, Password: password,
	})
	if err != nil {
		return s, err
	}
	s.closers = append(s.closers, s.Identity)
	s.Fulcio, err = fulcio.Start(ctx, fulcio.Config{
		Authority: authority, Listener: listeners["fulcio"], Log: logs,
		CTLog: s.CTLog.URL(), CTLogKey: s.CTLog.PublicKey(),
		Issuers: []fulcio.Issuer{{URL: s.Identity.URL(), ClientID: clientID}},
	})
	if err != nil {
		return s, err
	}
	s.closers = append(s.closers, s.Fulcio)
	return s, nil
}

// Close stops the servers, the last first.
func (s *Services) Close() error {
	var errs []error
	for i := len(s.closers) - 1; i >= 0; i-- {
		errs = append(errs, s.closers[i].Close())
	}
	s.closers = nil
	return errors.Join(errs...)
}

// listen binds a loopback port for each name, the one that it had in dir before.
func listen(ctx context.Context, dir string, names ...string) (map[string]net.Listener, error) {
	path := filepath.Join(dir, "ports.json")
	addrs := map[string]string{}
	if data, err := os.ReadFile(path); err == nil {
		if err := json.Unmarshal(data, &addrs); err != nil {
			return nil, err
		}
	}
	bound := map[string]net.Listener{}
	var config net.ListenConfig
	for _, name := range names {
		addr := addrs[name]
		if addr == "" {
			addr = "127.0.0.1:0"
		}
		l, err := config.Listen(ctx, "tcp", addr)
		if err != nil {
			return nil, err
		}
		bound[name], addrs[name] = l, l.Addr().String()
	}
	data, err := json.Marshal(addrs)
	if err != nil {
		return nil, err
	}
	return bound, state.Write(path, data)
}

// Endpoints says where the servers are.
func (s *Services) Endpoints() Endpoints {
	return Endpoints{
		CTLog: s.CTLog.URL(), Rekor: s.Rekor.URL(), Timestamp: s.Timestamp.URL(), Fulcio: s.Fulcio.URL(), Issuer: s.Identity.URL(),
		CTLogKey: s.CTLog.PublicKey(), RekorKey: s.Rekor.PublicKey(),
		FulcioChain: s.Fulcio.ChainPEM(), TimestampChain: s.Timestamp.ChainPEM(),
	}
}
