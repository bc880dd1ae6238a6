package identity

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dexidp/dex/api/v2"
	"golang.org/x/crypto/bcrypt"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// TestAPI: Dex's own protocol makes and removes users for whoever knows the secret, and does nothing else.
func TestAPI(t *testing.T) {
	dir := t.TempDir()
	server := start(t, dir, "127.0.0.1:0")
	address := strings.TrimPrefix(server.http.URL(), "http://")
	conn, err := grpc.NewClient("passthrough:///"+address, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithNoProxy())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	client := api.NewDexClient(conn)
	with := func(secret string) context.Context {
		return metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+secret)
	}
	for _, ctx := range []context.Context{t.Context(), with(""), with("another")} {
		if _, err := client.ListPasswords(ctx, &api.ListPasswordReq{}); status.Code(err) != codes.Unauthenticated {
			t.Errorf("without the secret: %v", err)
		}
	}
	known := with(password)
	if _, err := client.ListRefresh(known, &api.ListRefreshReq{}); status.Code(err) != codes.Unimplemented {
		t.Errorf("what is no user: %v", err)
	}
	hash, err := bcrypt.GenerateFromPassword([]byte("a password"), bcrypt.DefaultCost)
	if err != nil {
		t.Fatal(err)
	}
	weak, err := bcrypt.GenerateFromPassword([]byte("a password"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	made := &api.Password{Email: "new@demo.redhat.com", Username: "new", UserId: "1", Hash: hash}
	for name, user := range map[string]*api.Password{
		"nobody": nil, "without an ID": {Email: made.Email, Hash: hash}, "with a weak hash": {Email: made.Email, UserId: "1", Hash: weak},
	} {
		if _, err := client.CreatePassword(known, &api.CreatePasswordReq{Password: user}); status.Code(err) != codes.InvalidArgument {
			t.Errorf("%s: %v", name, err)
		}
	}
	for i, user := range []*api.Password{made, made, {Email: email, Username: "x", UserId: "2", Hash: hash}} {
		answer, err := client.CreatePassword(known, &api.CreatePasswordReq{Password: user})
		if err != nil || answer.GetAlreadyExists() != (i > 0) {
			t.Errorf("%s, try %d: %v %v", user.GetEmail(), i, answer, err)
		}
	}
	listed, err := client.ListPasswords(known, &api.ListPasswordReq{})
	if err != nil || len(listed.GetPasswords()) != 2 {
		t.Errorf("%v %v", listed, err)
	}
	for _, user := range listed.GetPasswords() {
		if len(user.GetHash()) > 0 {
			t.Error("a hash is told")
		}
	}

	if _, err := client.DeletePassword(known, &api.DeletePasswordReq{Email: email}); err == nil {
		t.Error("a user of the configuration was removed")
	}
	for i := range 2 {
		answer, err := client.DeletePassword(known, &api.DeletePasswordReq{Email: made.Email})
		if err != nil || answer.GetNotFound() != (i > 0) {
			t.Errorf("removed, try %d: %v %v", i, answer, err)
		}
	}
	if left, err := os.ReadFile(filepath.Join(dir, "users.json")); err != nil || strings.Contains(string(left), made.Email) {
		t.Errorf("the file that is read at the next start holds %s, %v", left, err)
	}
}
