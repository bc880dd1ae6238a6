package lessontest

import (
	"time"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/trace"
	"github.com/sigwalk/sigwalk/workshop"
)

// Traced says what the step has done so far.
func (st *Stage) Traced(t trace.Trace) {
	st.session.mu.Lock()
	st.session.traces[st.step] = t
	st.session.mu.Unlock()
	st.Update(func(s *workshop.StepSnapshot) { s.Traced = true })
}

// Trace implements lesson.Session.
func (s *Session) Trace(step int) (t trace.Trace, running, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok = s.traces[step]
	return t, s.snap.Steps[step].State == workshop.StepRunning, ok
}

// Trace returns what a signature in the demo did.
func Trace() trace.Trace {
	at := Now()
	call := func(method, host, path string, status int, took time.Duration, sent, received int64) trace.Call {
		return trace.Call{Call: actions.Call{Method: method, Host: host, Path: path, Status: status, At: at, Took: took, Sent: sent, Received: received}}
	}
	return trace.Trace{
		Version: 1, Began: at, Took: 1240 * time.Millisecond,
		Stages: []trace.Stage{
			{
				ID: "resolve", Title: "Find the digest of the image", State: "done", Detail: digest, Began: at, Took: 41 * time.Millisecond,
				Calls: []trace.Call{call("HEAD", quay, "/v2/l3-students/l3-rhads-demoimage/manifests/latest", 200, 40*time.Millisecond, 0, 0)},
			},
			{ID: "key", Title: "Ephemeral key", State: "done", Detail: "ECDSA P-256", Began: at, Took: 380 * time.Microsecond},
			{
				ID: "certificate", Title: "Get a certificate from Fulcio", State: "done", Detail: "pipeline-auth@demo.redhat.com", Began: at, Took: 112 * time.Millisecond,
				Made: []actions.Fact{
					{Name: "serialNumber", Value: "1234567890abcdef"},
					{Name: "notBefore", Value: "2026-10-22T12:41:05Z"},
					{Name: "notAfter", Value: "2026-10-22T12:51:05Z"},
					{Name: "subjectAlternativeName", Value: "pipeline-auth@demo.redhat.com"},
					{Name: "extension issuer", Value: issuer},
				},
				Calls: []trace.Call{call("POST", "fulcio.apps.cluster-qkw52.example.com", "/api/v2/signingCert", 200, 108*time.Millisecond, 2140, 4310)},
			},
			{
				ID: "log", Title: "Write to the transparency log", State: "failed", Detail: "the log refuses the entry", Began: at, Took: 61 * time.Millisecond,
				Calls: []trace.Call{
					call("POST", "rekor.apps.cluster-qkw52.example.com", "/api/v1/log/entries", 409, 58*time.Millisecond, 4120, 212),
					{Call: actions.Call{Method: "GET", Host: "rekor.apps.cluster-qkw52.example.com", Path: "/api/v1/log/entries/24296fb24b8ad77a", At: at, Took: 2 * time.Second, Sent: 0, Received: -1, Err: "connection refused"}},
				},
			},
			{ID: "push", Title: "Attach the signature to the image", State: "started", Began: at},
		},
		Calls: []trace.Call{call("GET", quay, "/v2/", 401, 12*time.Millisecond, 0, 88)},
	}
}
