package technicaluser

import (
	"context"
	"crypto/rand"
	"slices"
	"strings"

	"github.com/dexidp/dex/api/v2"
	"golang.org/x/crypto/bcrypt"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/identity"
)

// dex is the local users of a Dex, through its API (gRPC, api/v2). Dex keeps no groups for them, and calls the address of
// everybody who is made through the API verified.
type dex struct {
	address string
	token   actions.Secret
}

// Where implements Directory.
func (d *dex) Where() string { return "Dex at " + d.address }

// Groups implements Directory.
func (d *dex) Groups() Groups { return nil }

// Users implements Directory.
func (d *dex) Users(ctx context.Context, username, email string) ([]Account, error) {
	all, err := d.All(ctx)
	return slices.DeleteFunc(all, func(user Account) bool {
		return !strings.EqualFold(user.Username, username) && !strings.EqualFold(user.Email, email)
	}), err
}

// All implements Removable.
func (d *dex) All(ctx context.Context) ([]Account, error) {
	var accounts []Account
	err := d.ask(ctx, func(ctx context.Context, client api.DexClient) error {
		answer, err := client.ListPasswords(ctx, &api.ListPasswordReq{})
		for _, user := range answer.GetPasswords() {
			accounts = append(accounts, Account{
				ID: user.GetUserId(), Username: user.GetUsername(), Email: user.GetEmail(), Verified: true, Enabled: true,
			})
		}
		return err
	})
	return accounts, err
}

// Remove implements Removable.
func (d *dex) Remove(ctx context.Context, user Account) error {
	return d.ask(ctx, func(ctx context.Context, client api.DexClient) error {
		_, err := client.DeletePassword(ctx, &api.DeletePasswordReq{Email: user.Email})
		return err
	})
}

// Make implements Directory.
func (d *dex) Make(ctx context.Context, spec Spec) error {
	hash, err := bcrypt.GenerateFromPassword([]byte(spec.Password.Reveal()), bcrypt.DefaultCost)
	if err != nil {
		return &actions.Error{
			Code: actions.CodeUsage, What: "the password of " + spec.Username + " cannot be used", Why: err.Error(), Next: "choose one of at most 72 bytes",
		}
	}
	there := false
	err = d.ask(ctx, func(ctx context.Context, client api.DexClient) error {
		answer, err := client.CreatePassword(ctx, &api.CreatePasswordReq{Password: &api.Password{
			Email: spec.Email, Hash: hash, Username: spec.Username, UserId: rand.Text(),
		}})
		there = answer.GetAlreadyExists()
		return err
	})
	if err == nil && there {
		return errExists
	}
	return err
}

// Confirm implements Directory. There is nobody whose address is not verified.
func (d *dex) Confirm(context.Context, Account) error { return nil }

// ask makes one call.
func (d *dex) ask(ctx context.Context, do func(context.Context, api.DexClient) error) error {
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	// The sandbox listens on loopback, without TLS.
	conn, err := grpc.NewClient("passthrough:///"+d.address, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithNoProxy())
	if err != nil {
		return &actions.Error{Code: actions.CodeUsage, What: "DEX_API is no address: " + identity.Quoted(d.address), Next: "see what sigwalk sandbox env prints"}
	}
	defer func() { _ = conn.Close() }()
	bounded = metadata.AppendToOutgoingContext(bounded, "authorization", "Bearer "+d.token.Reveal())
	err = do(bounded, api.NewDexClient(conn))
	said := status.Convert(err)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case said.Code() == codes.Unauthenticated:
		return &actions.Error{
			Code: actions.CodeWrongPassword, What: d.Where() + " does not let its users be managed", Why: identity.Quoted(said.Message()),
			Next: "set DEX_API_TOKEN as sigwalk sandbox env prints it",
		}
	case said.Code() == codes.Unavailable:
		return &actions.Error{
			Code: actions.CodeUnreachable, What: d.Where() + " cannot be reached", Why: identity.Quoted(said.Message()), Next: "see whether the sandbox runs: sigwalk sandbox status",
		}
	}
	return &actions.Error{Code: actions.CodeServer, What: d.Where() + " did not do what was asked", Why: identity.Quoted(said.Message()), Next: "see its log"}
}
