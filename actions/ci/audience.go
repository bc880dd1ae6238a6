package ci

import (
	"cmp"
	"context"
	"fmt"
	"net/http"

	"github.com/sigwalk/sigwalk/actions/identity/inspect"
)

// Audience asks Fulcio for whom a token of settings.Issuer must be. Where it gets no answer it returns what is usual, and a
// remark that says so. It fails with ctx.Err() only.
func Audience(ctx context.Context, client *http.Client, settings Settings) (audience, remark string, err error) {
	if settings.Endpoints.Fulcio == "" {
		return ambientAudience, "no deployment is known: this is written for public Sigstore", nil
	}
	usual := cmp.Or(settings.Endpoints.OIDCClientID, "trusted-artifact-signer")
	trusted, err := inspect.Trusted(ctx, client, settings.Endpoints.Fulcio)
	if ctx.Err() != nil {
		return "", "", ctx.Err()
	}
	if err != nil {
		return usual, fmt.Sprintf("Fulcio cannot be asked for whom the token must be (%v): this takes %s; --audience names another", err, usual), nil
	}
	entry, ok := inspect.Find(trusted.Issuers, settings.Issuer)
	if !ok {
		return usual, fmt.Sprintf("Fulcio does not trust %s yet, so it will refuse these tokens: have it added, with the client %s", settings.Issuer, usual), nil
	}
	return entry.Audience, "", nil
}
