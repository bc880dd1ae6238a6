package web

import (
	"net/http"
	"sync/atomic"

	"github.com/sigwalk/sigwalk/actions"
)

// Refusing is a transport that makes no call: every one is refused and counted.
type Refusing struct{ calls atomic.Int64 }

// Calls is how many were tried.
func (r *Refusing) Calls() int64 { return r.calls.Load() }

// RoundTrip implements http.RoundTripper. It fails with CodeNetworkRefused.
func (r *Refusing) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
	r.calls.Add(1)
	return nil, &actions.Error{
		Code: actions.CodeNetworkRefused, What: "the call to " + req.URL.Host + " was refused", Why: "nothing here may use the network",
		Next: "bring along what it wanted",
	}
}
