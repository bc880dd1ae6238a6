// Package identity is the sandbox's OpenID Connect provider: Dex, with a thin front that speaks with the paths and habits
// of a Keycloak realm, because that is what the workshop page talks to.
package identity

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/dexidp/dex/server"
	"github.com/dexidp/dex/server/connectors"
	"github.com/dexidp/dex/server/oauth2"
	"github.com/dexidp/dex/storage"
	"github.com/dexidp/dex/storage/memory"
	"golang.org/x/crypto/bcrypt"
)

// IssuerPath is the path of the realm below the listener's address. It carries the host name of the workshop page's
// identity provider, so that the page's unanchored issuer expression matches the sandbox's issuer as it stands.
const IssuerPath = "/sso.sandbox.redhatworkshops.io/realms/trusted-artifact-signer"

// tokenLife is how long a token can be used; long enough to get through a step, short enough that expiry is met.
const tokenLife = 15 * time.Minute

// User is a person, or a technical user, who can sign in with the password of Config.
type User struct {
	Email string
	// Username signs in as well as Email does, as in Keycloak; empty for none.
	Username string
	// Name is shown on the sign-in pages and in the `name` claim.
	Name string
}

// Config configures Start.
type Config struct {
	// Dir keeps the key that signs tokens and the hash of the password.
	Dir      string
	Listener net.Listener
	ClientID string
	Users    []User
	// Password is every user's password.
	Password string
	// Log receives what Dex has to say; nil for nobody.
	Log *slog.Logger
}

// Server is a running provider.
type Server struct {
	issuer string
	http   *http.Server
	cancel context.CancelFunc
	served chan struct{}
}

// Issuer returns the issuer URL of the realm that listens on addr.
func Issuer(addr net.Addr) string { return "http://" + addr.String() + IssuerPath }

// Start serves the realm on cfg.Listener until Close.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, err
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	key, err := signingKey(filepath.Join(cfg.Dir, "token.key.pem"))
	if err != nil {
		return nil, err
	}
	hash, err := passwordHash(filepath.Join(cfg.Dir, "password.bcrypt"), cfg.Password)
	if err != nil {
		return nil, err
	}

	issuer := Issuer(cfg.Listener.Addr())
	// Dex keeps goroutines for as long as this context lives, which is the server's life and not the caller's.
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	dex, err := newDex(life, cfg, issuer, newSigner(key), hash)
	if err != nil {
		cancel()
		return nil, err
	}

	s := &Server{
		issuer: issuer,
		cancel: cancel,
		served: make(chan struct{}),
		http: &http.Server{
			Handler:           newFront(issuer, cfg.Users, dex),
			ReadHeaderTimeout: 10 * time.Second,
			ErrorLog:          slog.NewLogLogger(cfg.Log.Handler(), slog.LevelWarn),
		},
	}
	go func() {
		defer close(s.served)
		if err := s.http.Serve(cfg.Listener); err != nil && !errors.Is(err, http.ErrServerClosed) {
			cfg.Log.Error("the identity provider stopped", "err", err)
		}
	}()
	return s, nil
}

// newDex returns Dex with users and client in memory: they are configuration, and what a sign-in leaves behind may go.
func newDex(ctx context.Context, cfg Config, issuer string, sign *keySigner, hash []byte) (*server.Server, error) {
	client := storage.Client{
		ID:   cfg.ClientID,
		Name: "Trusted Artifact Signer",
		// With a list of redirect URIs, Dex refuses out-of-band codes and loopback ports that nobody knows beforehand.
		Public: true,
	}
	passwords := make([]storage.Password, 0, len(cfg.Users))
	verified := true
	for _, user := range cfg.Users {
		passwords = append(passwords, storage.Password{
			Email:             user.Email,
			Hash:              hash,
			Username:          user.Name,
			PreferredUsername: user.Username,
			EmailVerified:     &verified,
			UserID:            userID(user.Email),
		})
	}
	store := memory.New(cfg.Log)
	store = storage.WithStaticClients(store, []storage.Client{client})
	store = storage.WithStaticPasswords(store, passwords, cfg.Log)
	store = storage.WithStaticConnectors(store, []storage.Connector{
		{ID: connectors.LocalConnector, Type: connectors.LocalConnector, Name: "Email"},
	})
	dex, err := server.NewServer(ctx, server.Config{
		Issuer:             issuer,
		Storage:            store,
		Signer:             sign,
		Logger:             cfg.Log,
		SkipApprovalScreen: true,
		PasswordConnector:  connectors.LocalConnector,
		IDTokensValidFor:   tokenLife,
		AllowedGrantTypes: []string{
			oauth2.GrantTypeAuthorizationCode, oauth2.GrantTypePassword,
			oauth2.GrantTypeDeviceCode, oauth2.GrantTypeRefreshToken,
		},
		Web: server.WebConfig{Issuer: "Workshop sandbox"},
	})
	if err != nil {
		return nil, fmt.Errorf("start the identity provider: %w", err)
	}
	return dex, nil
}

// URL returns the issuer URL.
func (s *Server) URL() string { return s.issuer }

// Close ends open connections and waits until the listener is closed.
func (s *Server) Close() error {
	err := s.http.Close()
	s.cancel()
	<-s.served
	return err
}

// passwordHash keeps the hash of password beside the state: at the cost that Dex demands one takes 50 ms to make.
func passwordHash(path, password string) ([]byte, error) {
	if hash, err := os.ReadFile(path); err == nil && bcrypt.CompareHashAndPassword(hash, []byte(password)) == nil {
		return hash, nil
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.DefaultCost)
	if err != nil {
		return nil, err
	}
	return hash, os.WriteFile(path, hash, 0o600)
}
