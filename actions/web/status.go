package web

import (
	"fmt"
	"net/http"

	"github.com/sigwalk/sigwalk/actions"
)

// Refused says what a status other than 200 means, coming from a service that answers anybody: CodeServer, CodeThrottled,
// CodeAccessRefused for one that wants to know who asks, CodeNotAsked for one that knows no such address; nil for 200. Asked
// is the request, such as "GET https://fulcio.example.com/api/v2/configuration".
func Refused(status int, target, asked string) error {
	if status == http.StatusOK {
		return nil
	}
	e := &actions.Error{Why: fmt.Sprintf("%s is answered with HTTP status %d (%s)", asked, status, http.StatusText(status))}
	switch {
	case status >= http.StatusInternalServerError:
		e.Code, e.What = actions.CodeServer, target+" fails"
		e.Next = "try again; if it stays so, whoever runs it finds the reason in its log (503 from a cluster's router: no pod is ready)"
	case status == http.StatusTooManyRequests:
		e.Code, e.What, e.Next = actions.CodeThrottled, target+" asks to slow down", "wait a minute, then try again"
	case status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusProxyAuthRequired:
		e.Code, e.What = actions.CodeAccessRefused, target+" lets nobody ask who does not log in"
		e.Next = "it needs no login itself: look for what stands in front of it (a proxy, a gateway, a network policy), and have it let this request through"
	default:
		e.Code, e.What = actions.CodeNotAsked, "there is no "+target+" at its address"
		e.Next = "check the address for a typing error, or a path that is missing or too much"
	}
	return e
}
