package ambient

import (
	"context"
	"os"
	"strings"

	"github.com/spiffe/go-spiffe/v2/svid/jwtsvid"
	"github.com/spiffe/go-spiffe/v2/workloadapi"
	"google.golang.org/api/idtoken"
	"google.golang.org/api/impersonate"

	"github.com/sigwalk/sigwalk/actions/identity"
)

const (
	idToken      = "SIGSTORE_ID_TOKEN"
	spiffeSocket = "SPIFFE_ENDPOINT_SOCKET"
	googleTarget = "GOOGLE_SERVICE_ACCOUNT_NAME"
)

func inVariable(_ context.Context, o *Options) bool { return o.Getenv(idToken) != "" }

func fromVariable(_ context.Context, o *Options) (string, error) { return o.Getenv(idToken), nil }

func onDisk(_ context.Context, o *Options) bool {
	if o.Machine == nil {
		return false
	}
	_, err := os.Stat(o.Machine.Token)
	return err == nil
}

func fromDisk(_ context.Context, o *Options) (string, error) {
	if o.Machine == nil {
		return "", unseen(Filesystem)
	}
	path := o.Machine.Token
	text, err := os.ReadFile(path)
	if err != nil {
		return "", noToken(Filesystem, identity.Quoted(err.Error()), "have the token put into "+path+", readable for this user")
	}
	return string(text), nil
}

// unseen is the error of a provider that was asked for by name where the machine is not looked at.
func unseen(name string) error {
	return noToken(name, "it is the machine's, and a line of the workshop shell sees nothing of the machine beside the sandbox",
		"allow it with --allow-host, or use a token of the sandbox's own provider: source ./get-access-token.sh")
}

// socket is where the workload API is; empty where only the machine could say.
func (o *Options) socket() string {
	path := o.Getenv(spiffeSocket)
	if path == "" && o.Machine != nil {
		return o.Machine.Socket
	}
	return strings.TrimPrefix(path, "unix://")
}

func besideAgent(_ context.Context, o *Options) bool {
	path := o.socket()
	if path == "" {
		return false
	}
	_, err := os.Stat(path)
	return err == nil
}

// fromAgent asks the workload API for a JWT-SVID (SPIFFE Workload API).
func fromAgent(ctx context.Context, o *Options) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	path := o.socket()
	if path == "" {
		return "", unseen(SPIFFE)
	}
	const next = "see that the agent runs and that this workload is registered there (spire-agent api fetch jwt -audience " + Audience + ")"
	client, err := workloadapi.New(ctx, workloadapi.WithAddr("unix://"+path))
	if err != nil {
		return "", noToken(SPIFFE, identity.Quoted(err.Error()), next)
	}
	defer func() { _ = client.Close() }()
	svid, err := client.FetchJWTSVID(ctx, jwtsvid.Params{Audience: Audience})
	if err != nil {
		return "", noToken(SPIFFE, identity.Quoted(err.Error()), next)
	}
	return svid.Marshal(), nil
}

// inGoogle reports whether this is a machine of Google's cloud that has an identity. Not every one has: it is asked for a
// token for nobody, as cosign does.
func inGoogle(ctx context.Context, o *Options) bool {
	if o.Machine == nil {
		return false
	}
	text, err := os.ReadFile(o.Machine.Product)
	if name := strings.TrimSpace(string(text)); err != nil || name != "Google" && name != "Google Compute Engine" {
		return false
	}
	_, err = googleToken(ctx, "garbage")
	return err == nil
}

func fromGoogle(ctx context.Context, o *Options) (string, error) {
	if o.Machine == nil {
		return "", unseen(Google)
	}
	return googleToken(ctx, Audience)
}

func googleToken(ctx context.Context, audience string) (string, error) {
	source, err := idtoken.NewTokenSource(ctx, audience)
	if err != nil {
		return "", noToken(Google, identity.Quoted(err.Error()), "see that the machine has a service account")
	}
	token, err := source.Token()
	if err != nil {
		return "", noToken(Google, identity.Quoted(err.Error()), "see that the machine has a service account")
	}
	return token.AccessToken, nil
}

func mayImpersonate(_ context.Context, o *Options) bool { return o.Getenv(googleTarget) != "" }

func byImpersonation(ctx context.Context, o *Options) (string, error) {
	const next = "see that the credentials here may create tokens for that account (roles/iam.serviceAccountTokenCreator)"
	source, err := impersonate.IDTokenSource(ctx, impersonate.IDTokenConfig{Audience: Audience, TargetPrincipal: o.Getenv(googleTarget), IncludeEmail: true})
	if err != nil {
		return "", noToken(GoogleImpersonate, identity.Quoted(err.Error()), next)
	}
	token, err := source.Token()
	if err != nil {
		return "", noToken(GoogleImpersonate, identity.Quoted(err.Error()), next)
	}
	return token.AccessToken, nil
}
