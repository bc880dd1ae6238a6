package cluster

import (
	"context"
	"errors"
	"strings"
	"unicode"

	k8serrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/printable"
	"github.com/sigwalk/sigwalk/actions/web"
)

// Explain says why the cluster did not do something. ctx is that of the call. An error that nothing is known of comes back
// with CodeNotAsked, for whatever answered is not a Kubernetes API.
func (c *Cluster) Explain(ctx context.Context, err error) error {
	var known *actions.Error
	switch {
	case err == nil:
		return nil
	case errors.Is(ctx.Err(), context.Canceled):
		return ctx.Err()
	case errors.As(err, &known):
		return err
	}
	server := "the cluster at " + c.Server
	e := &actions.Error{Why: oneLine(err.Error()), Err: err}
	switch {
	case c.plugin != "" && strings.Contains(err.Error(), "getting credentials"):
		e.Code, e.What = actions.CodeUnauthorized, "the program "+c.plugin+", which the kubeconfig names, gave no token for "+server
		e.Next = "run it yourself, or log in again with the tool that it belongs to"
	case k8serrors.IsUnauthorized(err):
		e.Code, e.What, e.Next = actions.CodeUnauthorized, server+" does not know you any more", "log in to it again (oc login)"
	case k8serrors.IsForbidden(err):
		e.Code, e.What = actions.CodeForbidden, server+" does not let you do that"
		e.Next = "ask its administrator for the right that is named"
	case ctx.Err() != nil, errors.Is(err, context.DeadlineExceeded), k8serrors.IsTimeout(err), k8serrors.IsServerTimeout(err):
		e.Code, e.What, e.Why = actions.CodeUnreachable, server+" cannot be reached", "no answer in time"
		if c.plugin != "" {
			e.Why = "no answer in time, from it or from the program " + c.plugin + ", which the kubeconfig names"
		}
		e.Next = "check that you are in the network (or VPN) that it is in, and whether it is well: oc get --raw /readyz"
	case k8serrors.IsInternalError(err), k8serrors.IsServiceUnavailable(err), k8serrors.ReasonForError(err) == "" && isServerFailure(err):
		e.Code, e.What = actions.CodeServer, server+" failed"
		e.Next = "see whether it is well (oc get --raw /readyz), then try again"
	default:
		if explained := web.Explain(err, server); errors.As(explained, &known) {
			return c.named(known)
		}
		e.Code, e.What = actions.CodeNotAsked, server+" does not answer as a Kubernetes API does"
		e.Next = "check the address in the kubeconfig, and whether a proxy or a login page stands between"
	}
	return e
}

// named gives the advice that belongs to a kubeconfig.
func (c *Cluster) named(e *actions.Error) error {
	if e.Code == actions.CodeTLS {
		e.Next = "put the certificate of its authority into the kubeconfig (certificate-authority), or log in again with oc login"
	}
	return e
}

func isServerFailure(err error) bool {
	var status k8serrors.APIStatus
	return errors.As(err, &status) && status.Status().Code >= 500
}

// oneLine keeps a foreign text from filling the screen.
func oneLine(text string) string {
	const enough = 300
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || printable.Acts(r) }), " ")
	if runes := []rune(text); len(runes) > enough {
		text = string(runes[:enough]) + "…"
	}
	return text
}
