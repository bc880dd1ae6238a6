package quay

import (
	"context"
	"io"
	"net/http"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/actions/web"
)

// PageOf finds the page of an image's repository, for a browser, without a login: the browser has its own. It fails with CodeNotOffered where the registry has no such page, being no Quay.
func PageOf(ctx context.Context, client *registry.Client, transport http.RoundTripper, image string) (string, error) {
	ref, err := registry.Parse(image)
	if err != nil {
		return "", err
	}
	base, err := client.BaseURL(ctx, ref.Context().RegistryStr())
	if err != nil {
		return "", err
	}
	page := pageURL(base, ref.Context().RepositoryStr())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, page, http.NoBody)
	if err != nil {
		return "", err
	}
	answer, err := (&http.Client{Transport: transport, Timeout: answerTime, CheckRedirect: sameHost}).Do(req)
	if err != nil {
		return "", web.Explain(err, page)
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, maxAnswer))
	_ = answer.Body.Close()
	// A Quay's console answers anybody, and asks for the login and the repository later; the sandbox's asks for the login first.
	if answer.StatusCode == http.StatusNotFound || answer.StatusCode == http.StatusMethodNotAllowed {
		return "", &actions.Error{
			Code: actions.CodeNotOffered, What: ref.Context().RegistryStr() + " has no page of the repository " + ref.Context().RepositoryStr(),
			Why: "it is no Quay: there is nothing at " + page, Next: "look at it here: sigwalk browse " + image,
		}
	}
	return page, nil
}
