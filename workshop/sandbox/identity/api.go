package identity

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"strings"
	"sync"

	"github.com/dexidp/dex/api/v2"
	"github.com/dexidp/dex/server/passwords"
	"github.com/dexidp/dex/storage"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/sigwalk/sigwalk/workshop/sandbox/internal/state"
)

// users is Dex's own API (gRPC, api/v2), as far as it is about users: they can be listed, made and removed, and nothing else. Dex's
// implementation of it needs a version of its protocol that was never published; these methods do what it does.
type users struct {
	api.UnimplementedDexServer
	store storage.Storage
}

// newAPI serves the API to whoever knows the secret.
func newAPI(store storage.Storage, secret string) *grpc.Server {
	guard := func(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
		given, _ := metadata.FromIncomingContext(ctx)
		said := strings.Join(given.Get("authorization"), "")
		if subtle.ConstantTimeCompare([]byte(said), []byte("Bearer "+secret)) != 1 {
			return nil, status.Error(codes.Unauthenticated, "this is not the secret of the sandbox's users")
		}
		return handle(ctx, request)
	}
	server := grpc.NewServer(grpc.UnaryInterceptor(guard))
	api.RegisterDexServer(server, users{store: store})
	return server
}

// CreatePassword implements api.DexServer.
func (u users) CreatePassword(ctx context.Context, r *api.CreatePasswordReq) (*api.CreatePasswordResp, error) {
	user := r.GetPassword()
	if user.GetEmail() == "" || user.GetUserId() == "" {
		return nil, status.Error(codes.InvalidArgument, "a user needs an address and an ID")
	}
	if err := passwords.CheckCost(user.GetHash()); err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	known, err := u.store.ListPasswords(ctx)
	if err != nil {
		return nil, err
	}
	for _, one := range known { // those of the configuration are in no storage that would say so
		if strings.EqualFold(one.Email, user.GetEmail()) {
			return &api.CreatePasswordResp{AlreadyExists: true}, nil
		}
	}
	err = u.store.CreatePassword(ctx, storage.Password{
		Email: user.GetEmail(), Hash: user.GetHash(), Username: user.GetUsername(), UserID: user.GetUserId(),
	})
	if errors.Is(err, storage.ErrAlreadyExists) {
		return &api.CreatePasswordResp{AlreadyExists: true}, nil
	}
	return &api.CreatePasswordResp{}, err
}

// DeletePassword implements api.DexServer. Those of the configuration stay, as in Dex.
func (u users) DeletePassword(ctx context.Context, r *api.DeletePasswordReq) (*api.DeletePasswordResp, error) {
	if r.GetEmail() == "" {
		return nil, status.Error(codes.InvalidArgument, "no address is given")
	}
	err := u.store.DeletePassword(ctx, r.GetEmail())
	if errors.Is(err, storage.ErrNotFound) {
		return &api.DeletePasswordResp{NotFound: true}, nil
	}
	return &api.DeletePasswordResp{}, err
}

// ListPasswords implements api.DexServer.
func (u users) ListPasswords(ctx context.Context, _ *api.ListPasswordReq) (*api.ListPasswordResp, error) {
	known, err := u.store.ListPasswords(ctx)
	if err != nil {
		return nil, err
	}
	answer := &api.ListPasswordResp{}
	for _, user := range known {
		answer.Passwords = append(answer.Passwords, &api.Password{Email: user.Email, Username: user.Username, UserId: user.UserID})
	}
	return answer, nil
}

// withAPI serves the API beside the realm, on the same port.
func withAPI(realm http.Handler, server *grpc.Server) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor == 2 && strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc") {
			server.ServeHTTP(w, r)
			return
		}
		realm.ServeHTTP(w, r)
	})
}

// keptUsers is Dex's storage with the users that were made through the API in a file, so that they outlive a restart. The
// file holds hashes of passwords, as Dex does.
type keptUsers struct {
	storage.Storage
	path string
	mu   sync.Mutex
}

// keepUsers puts back who is in the file.
func keepUsers(ctx context.Context, store storage.Storage, path string) (*keptUsers, error) {
	text, err := state.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &keptUsers{Storage: store, path: path}, nil
	}
	if err != nil {
		return nil, err
	}
	var kept []storage.Password
	if err := json.Unmarshal(text, &kept); err != nil {
		return nil, errors.Join(state.ErrUnreadable, err)
	}
	for _, user := range kept {
		if err := store.CreatePassword(ctx, user); err != nil {
			return nil, err
		}
	}
	return &keptUsers{Storage: store, path: path}, nil
}

// CreatePassword implements storage.Storage.
func (k *keptUsers) CreatePassword(ctx context.Context, user storage.Password) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.Storage.CreatePassword(ctx, user); err != nil {
		return err
	}
	if err := k.save(ctx); err != nil { // who would be gone after a restart is not there now
		return errors.Join(err, k.Storage.DeletePassword(ctx, user.Email))
	}
	return nil
}

// DeletePassword implements storage.Storage.
func (k *keptUsers) DeletePassword(ctx context.Context, email string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	was, err := k.GetPassword(ctx, email)
	if err == nil {
		err = k.Storage.DeletePassword(ctx, email)
	}
	if err != nil {
		return err
	}
	if err := k.save(ctx); err != nil { // who would be back after a restart is there now
		return errors.Join(err, k.Storage.CreatePassword(ctx, was))
	}
	return nil
}

// save writes who was made through the API. The caller holds k.mu.
func (k *keptUsers) save(ctx context.Context) error {
	kept, err := k.ListPasswords(ctx)
	if err != nil {
		return err
	}
	text, err := json.Marshal(kept)
	if err != nil {
		return err
	}
	return state.Write(k.path, text)
}
