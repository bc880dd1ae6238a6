// Package identity is the sandbox's OpenID Connect provider: Dex, with a thin front that speaks with the paths and habits
// of a Keycloak realm, because that is what the workshop page talks to.
package identity

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"time"

	"github.com/dexidp/dex/server"
	"github.com/dexidp/dex/server/connectors"
	"github.com/dexidp/dex/server/oauth2"
	"github.com/dexidp/dex/server/tokens"
	"github.com/dexidp/dex/storage"
	"github.com/dexidp/dex/storage/memory"
	"golang.org/x/crypto/bcrypt"
	"google.golang.org/grpc"

	"github.com/sigwalk/sigwalk/workshop/sandbox/internal/serve"
	"github.com/sigwalk/sigwalk/workshop/sandbox/internal/state"
)

// IssuerPath is the path of the realm below the listener's address. It carries the host name of the workshop page's
// identity provider, so that the page's unanchored issuer expression matches the sandbox's issuer as it stands.
const IssuerPath = "/sso.sandbox.redhatworkshops.io/realms/trusted-artifact-signer"

// tokenLife is how long a token can be used; long enough to get through a step, short enough that expiry is met.
const tokenLife = 15 * time.Minute

// refreshLife is how long a sign-in can be prolonged, where the client asked for that (scope offline_access).
const refreshLife = 8 * time.Hour

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
	// Password is every user's password, and the secret of Dex's API, through which more can be made.
	Password string
	// Log receives what Dex has to say; nil for nobody.
	Log io.Writer
}

// Server is a running provider.
type Server struct {
	issuer string
	http   *serve.Server
	api    *grpc.Server
	cancel context.CancelFunc
}

// Issuer returns the issuer URL of the realm that listens on addr.
func Issuer(addr net.Addr) string { return "http://" + addr.String() + IssuerPath }

// Start serves the realm on cfg.Listener until Close.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	if cfg.Log == nil {
		cfg.Log = io.Discard
	}
	if err := state.MakeDir(cfg.Dir); err != nil {
		return nil, err
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
	dex, store, err := newDex(life, cfg, issuer, newSigner(key), hash)
	if err != nil {
		cancel()
		return nil, err
	}
	front := newFront(issuer, cfg.Users, dex, store)
	management := newAPI(store, cfg.Password)
	return &Server{
		issuer: issuer, cancel: cancel, api: management, http: serve.HTTP(cfg.Listener, withAPI(front, management), cfg.Log),
	}, nil
}

// newDex returns Dex, and its storage, with users and client in memory: they are configuration, and what a sign-in leaves behind may go.
func newDex(ctx context.Context, cfg Config, issuer string, sign *keySigner, hash []byte) (*server.Server, storage.Storage, error) {
	web, err := newPages()
	if err != nil {
		return nil, nil, fmt.Errorf("start the identity provider: %w", err)
	}
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
	logger := slog.New(slog.NewTextHandler(cfg.Log, &slog.HandlerOptions{Level: slog.LevelWarn}))
	var store storage.Storage
	store, err = keepUsers(ctx, memory.New(logger), filepath.Join(cfg.Dir, "users.json"))
	if err != nil {
		return nil, nil, err
	}
	store = storage.WithStaticClients(store, []storage.Client{client})
	store = storage.WithStaticPasswords(store, passwords, logger)
	store = storage.WithStaticConnectors(store, []storage.Connector{
		{ID: connectors.LocalConnector, Type: connectors.LocalConnector, Name: "Email"},
	})
	dex, err := server.NewServer(ctx, server.Config{
		Issuer:             issuer,
		Storage:            store,
		Signer:             sign,
		Logger:             logger,
		SkipApprovalScreen: true,
		PasswordConnector:  connectors.LocalConnector,
		IDTokensValidFor:   tokenLife,
		// Without one, Dex crashes at the first refresh.
		RefreshTokenPolicy: tokens.NewRefreshStrategy(true, refreshLife, 0, 3*time.Second, nil),
		AllowedGrantTypes: []string{
			oauth2.GrantTypeAuthorizationCode, oauth2.GrantTypePassword,
			oauth2.GrantTypeDeviceCode, oauth2.GrantTypeRefreshToken,
		},
		Web: server.WebConfig{Issuer: "Workshop sandbox", WebFS: web},
	})
	if err != nil {
		return nil, nil, fmt.Errorf("start the identity provider: %w", err)
	}
	return dex, store, nil
}

// URL returns the issuer URL.
func (s *Server) URL() string { return s.issuer }

// Close stops the server.
func (s *Server) Close() error {
	defer s.cancel()
	defer s.api.Stop()
	return s.http.Close()
}

// passwordHash keeps the hash of password beside the state: at the cost that Dex demands, one takes 50 ms to make and as
// long to compare, so the file says in a cheaper way of which password it is. The sandbox's password lies in plain text
// in the same state.
func passwordHash(path, password string) ([]byte, error) {
	sum := sha256.Sum256([]byte(password))
	of := hex.EncodeToString(sum[:])
	text, err := state.Read(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if held, hash, ok := strings.Cut(strings.TrimSpace(string(text)), " "); ok && held == of {
		return []byte(hash), nil
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.DefaultCost)
	if err != nil {
		return nil, err
	}
	return hash, state.Write(path, fmt.Appendf(nil, "%s %s\n", of, hash))
}
