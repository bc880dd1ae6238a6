package workshop_test

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/actions/verification/verificationtest"
	"github.com/sigwalk/sigwalk/workshop"
	"github.com/sigwalk/sigwalk/workshop/environment"
)

// signed is a classroom in which the lesson was walked up to the signature.
func signed(t *testing.T) *classroom {
	t.Helper()
	c := newClassroom(t)
	c.env.Set(environment.Variable{Name: "COSIGN_YES", Value: "true", Exported: true})
	s := c.session(t, signAnImage(t))
	for i := range 5 {
		run(t, s, i, "")
	}
	return c
}

// check runs line as a step with one check and returns how the check came out.
func (c *classroom) check(t *testing.T, kind workshop.StepKind, line, check string, change ...func(*workshop.SessionOptions)) workshop.CheckResult {
	t.Helper()
	lesson := lessonOf(t, "## S {#s}\n'''yaml step\nkind: "+string(kind)+"\n'''\n'''sh run\n"+line+"\n'''\n'''yaml check\n- {"+check+"}\n'''\n")
	change = append(change, func(o *workshop.SessionOptions) { o.ProgressFile = "" })
	after, _ := run(t, c.session(t, lesson, change...), 0, "")
	if (after.State == workshop.StepDone) != (after.Checks[0].State == workshop.CheckHolds) {
		t.Errorf("the step is %s and its check %s", after.State, after.Checks[0].State)
	}
	return after.Checks[0]
}

func TestChecksOfTheWorld(t *testing.T) {
	c := signed(t)
	const who = "image: $IMAGE, subject: pipeline-auth@demo.redhat.com, issuer: $COSIGN_OIDC_ISSUER"
	c.env.Set(environment.Variable{Name: "ELSEWHERE", Value: "127.0.0.1:1/a/b:c"})
	c.env.Set(environment.Variable{Name: "QUAY_PASSWORDS", Value: "secret"})
	for name, test := range map[string]struct {
		check string
		state workshop.CheckState
		found string
	}{
		"image":                     {"kind: image-at-digest, image: $IMAGE", workshop.CheckHolds, "sha256:"},
		"image as at the source":    {"kind: image-at-digest, image: $IMAGE, source: $SOURCE_IMAGE", workshop.CheckHolds, "as at the source"},
		"image of another digest":   {"kind: image-at-digest, image: $IMAGE, digest: 'sha256:00'", workshop.CheckFails, "sha256:00 is wanted"},
		"image of another source":   {"kind: image-at-digest, image: $IMAGE, source: '${QUAY}/l3-students/none:latest'", workshop.CheckFails, "none"},
		"no such tag":               {"kind: image-at-digest, image: '${IMAGE}r'", workshop.CheckFails, "no such image"},
		"no image reference":        {"kind: image-at-digest, image: 'No Image'", workshop.CheckFails, "No Image"},
		"registry unreachable":      {"kind: image-at-digest, image: $ELSEWHERE", workshop.CheckBroken, "cannot be asked"},
		"variable not set":          {"kind: image-at-digest, image: $NOWHERE", workshop.CheckFails, "NOWHERE is not set"},
		"technical user":            {"kind: technical-user, email: Pipeline-Auth@demo.redhat.com", workshop.CheckHolds, "Pipeline, pipeline-auth@demo.redhat.com"},
		"no such user":              {"kind: technical-user, email: nobody@demo.redhat.com, username: pipeline", workshop.CheckFails, "has no user with the address nobody@demo.redhat.com"},
		"variable":                  {"kind: variable-set, name: QUAY", workshop.CheckHolds, "127.0.0.1:"},
		"secret variable":           {"kind: variable-set, name: QUAY_PASSWORDS", workshop.CheckHolds, "set, hidden"},
		"variable that matches":     {"kind: variable-set, name: IMAGE, matches: ':latest$'", workshop.CheckHolds, "l3-students"},
		"variable that does not":    {"kind: variable-set, name: QUAY_PASSWORDS, matches: '^x$'", workshop.CheckFails, "is set, hidden"},
		"trust root":                {"kind: trust-root", workshop.CheckHolds, "in date until"},
		"trust root of a mirror":    {"kind: trust-root, mirror: '${COSIGN_MIRROR}/'", workshop.CheckHolds, "in date until"},
		"trust root from elsewhere": {"kind: trust-root, mirror: 'https://tuf.example'", workshop.CheckFails, "not from https://tuf.example"},
		"trust root of another":     {"kind: trust-root, checksum: 0011223344556677", workshop.CheckFails, "001122334455 is pinned"},
		"trust root, no checksum":   {"kind: trust-root, checksum: '${NOWHERE:-}'", workshop.CheckHolds, "in date until"},
		"login":                     {"kind: registry-login, image: $IMAGE", workshop.CheckHolds, "right to push"},
		"login of another":          {"kind: registry-login, image: $SOURCE_IMAGE", workshop.CheckFails, "no credentials are stored"},
		"token":                     {"kind: token, audience: $COSIGN_OIDC_CLIENT_ID", workshop.CheckHolds, "for pipeline-auth@demo.redhat.com, until"},
		"token of another":          {"kind: token, subject: user1@demo.redhat.com", workshop.CheckFails, "user1@demo.redhat.com is wanted"},
		"token from elsewhere":      {"kind: token, issuer: 'https://sso.example'", workshop.CheckFails, "https://sso.example is wanted"},
		"token for another":         {"kind: token, audience: sigstore", workshop.CheckFails, "sigstore is wanted"},
		"no token":                  {"kind: token, name: QUAY", workshop.CheckFails, "token"},
		"signature":                 {"kind: signature-present, " + who, workshop.CheckHolds, "by pipeline-auth@demo.redhat.com, log index"},
		"signature by another":      {"kind: signature-present, image: $IMAGE, subject: user1@demo.redhat.com, issuer-regexp: .*", workshop.CheckFails, "no signature by user1@demo.redhat.com that verifies, among 1"},
		"signature by expression":   {"kind: signature-present, image: $IMAGE, subject-regexp: user1, issuer-regexp: .*", workshop.CheckFails, "anyone like user1"},
		"signature of no image":     {"kind: signature-present, image: '${IMAGE}r', subject: a, issuer: b", workshop.CheckFails, "no signature by a"},
		"log entry":                 {"kind: log-entry-exists, " + who, workshop.CheckHolds, "by pipeline-auth@demo.redhat.com"},
		"log entry of another":      {"kind: log-entry-exists, image: $IMAGE, subject: a, issuer: b", workshop.CheckFails, "no signature by a"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.check(t, workshop.Changes, "true", test.check); got.State != test.state || !strings.Contains(got.Found, test.found) {
				t.Errorf("%s: %s (%v)", got.State, got.Found, got.Err)
			}
		})
	}
	t.Run("token that expired", func(t *testing.T) {
		got := c.check(t, workshop.Changes, "true", "kind: token", func(o *workshop.SessionOptions) {
			o.Clock = func() time.Time { return time.Now().Add(time.Hour) }
		})
		if got.State != workshop.CheckFails || !strings.Contains(got.Found, "it expired at") {
			t.Errorf("%s: %s", got.State, got.Found)
		}
	})
	t.Run("trust root that expired", func(t *testing.T) {
		got := c.check(t, workshop.Changes, "true", "kind: trust-root", func(o *workshop.SessionOptions) {
			o.Clock = func() time.Time { return time.Now().AddDate(20, 0, 0) }
		})
		if got.State != workshop.CheckFails || !strings.Contains(got.Found, "expired at") {
			t.Errorf("%s: %s", got.State, got.Found)
		}
	})
	t.Run("trust root that was imported", func(t *testing.T) {
		got := c.check(t, workshop.Changes, "sigwalk trust export --force root.json && sigwalk trust import --force root.json", "kind: trust-root, mirror: $COSIGN_MIRROR")
		if got.State != workshop.CheckFails || !strings.HasPrefix(got.Found, "it was imported from root.json, not fetched from http") {
			t.Errorf("%s: %s", got.State, got.Found)
		}
		if again := c.check(t, workshop.Changes, "cosign initialize", "kind: trust-root, mirror: $COSIGN_MIRROR"); again.State != workshop.CheckHolds {
			t.Errorf("%s: %s", again.State, again.Found)
		}
	})
	t.Run("log unreachable", func(t *testing.T) {
		got := c.check(t, workshop.Changes, "true", "kind: log-entry-exists, "+who, func(o *workshop.SessionOptions) {
			o.Base = cut{c.value(t, "COSIGN_REKOR_URL")}
		})
		if got.State != workshop.CheckBroken || actions.CodeOf(got.Err) == "" {
			t.Errorf("%s: %s (%v)", got.State, got.Found, got.Err)
		}
	})
}

// cut is a network in which one service cannot be reached.
type cut struct{ service string }

func (c cut) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasPrefix(r.URL.String(), c.service) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	return http.DefaultTransport.RoundTrip(r)
}

func TestChecksOfARun(t *testing.T) {
	c := signed(t)
	const verify = "cosign verify --certificate-identity pipeline-auth@demo.redhat.com $IMAGE"
	for name, test := range map[string]struct {
		line, check string
		state       workshop.CheckState
		found       string
	}{
		"rows":                    {verify, "kind: table-rows, image: $IMAGE, count: 1", workshop.CheckHolds, "1 signature verified of 1"},
		"too few rows":            {verify, "kind: table-rows, at-least: 2", workshop.CheckFails, "at least 2 wanted"},
		"too many rows":           {verify, "kind: table-rows, count: 0", workshop.CheckFails, "exactly 0 wanted"},
		"rows of another subject": {verify, "kind: table-rows, at-least: 1, subject: user1", workshop.CheckFails, "user1 is wanted"},
		"rows of another issuer":  {verify, "kind: table-rows, at-least: 1, issuer-regexp: '^https://sso'", workshop.CheckFails, "does not match"},
		"no row at all":           {strings.Replace(verify, "pipeline-auth", "nobody", 1), "kind: table-rows, at-least: 1", workshop.CheckFails, "0 signatures verified"},
		"another image":           {verify, "kind: table-rows, at-least: 1, image: '${SOURCE_IMAGE}'", workshop.CheckHolds, ""}, // the copy has the source's digest
		"tree":                    {"cosign tree $IMAGE", "kind: tree-signatures, count: 1, image: $IMAGE", workshop.CheckHolds, "1 signature in the tree"},
		"tree with more":          {"cosign tree $IMAGE", "kind: tree-signatures, at-least: 2", workshop.CheckFails, "at least 2 wanted"},
		"a check":                 {"sigwalk " + strings.TrimPrefix(verify, "cosign ") + " --explain", "kind: check-state, check: log-set, state: ok, count: 1", workshop.CheckHolds, "log-set is ok at 1 signature"},
		"another state":           {"sigwalk " + strings.TrimPrefix(verify, "cosign ") + " --explain", "kind: check-state, check: log-set, state: failed, at-least: 1", workshop.CheckFails, "log-set is failed at 0 signatures"},
		"of somebody else":        {"sigwalk " + strings.TrimPrefix(verify, "cosign ") + " --explain", "kind: check-state, check: log-set, state: ok, at-least: 1, subject: user1", workshop.CheckFails, "at 0 signatures"},
		"no check was shown":      {verify, "kind: check-state, check: log-set, state: ok, at-least: 1", workshop.CheckFails, "--explain does"},
		"a code":                  {"sigwalk explain sct issuer-mismatch", "kind: explained, code: issuer-mismatch", workshop.CheckHolds, "was explained"},
		"another code":            {"sigwalk explain sct", "kind: explained, code: issuer-mismatch", workshop.CheckFails, "another code"},
		"a cause":                 {strings.Replace(verify, "pipeline-auth", "nobody", 1) + " 2>&1 | sigwalk explain", "kind: explained, code: subject-mismatch", workshop.CheckHolds, "found as the cause"},
		"another cause":           {strings.Replace(verify, "pipeline-auth", "nobody", 1) + " 2>&1 | sigwalk explain", "kind: explained, code: issuer-mismatch", workshop.CheckFails, "not among the causes"},
		"failure":                 {"false", "kind: command-fails, exit-code: 1", workshop.CheckHolds, "exit code 1"},
		"failure of an action":    {strings.Replace(verify, "$IMAGE", "${IMAGE}r", 1), "kind: command-fails, exit-code: 11, error: tag-not-found", workshop.CheckHolds, "exit code 11"},
		"failure of another kind": {strings.Replace(verify, "$IMAGE", "${IMAGE}r", 1), "kind: command-fails, exit-code: 11, error: no-match", workshop.CheckFails, `"no-match" is wanted`},
		"no failure":              {"true", "kind: command-fails, exit-code: 1", workshop.CheckFails, "exit code 0"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.check(t, workshop.Observes, test.line, test.check); got.State != test.state || !strings.Contains(got.Found, test.found) {
				t.Errorf("%s: %s (%v)", got.State, got.Found, got.Err)
			}
		})
	}
}

// TestLogEntryOfAnotherSignature holds the entry of one signature against another of the same image.
func TestLogEntryOfAnotherSignature(t *testing.T) {
	c := signed(t)
	s := c.session(t, signAnImage(t))
	run(t, s, 4, "")
	run(t, s, 6, "")
	report, _ := s.Snapshot().Steps[6].Values[0].(*verification.Report)
	if report == nil || len(report.Verified()) != 2 {
		t.Fatalf("report %v", report)
	}
	for i, signature := range report.Verified() {
		for j, other := range report.Verified() {
			found, isOf, err := s.EntryIsOf(t.Context(), *other.LogIndex, signature)
			if !found || err != nil || isOf != (i == j) {
				t.Errorf("signature %d and entry %d: found %v, same %v, %v", i, j, found, isOf, err)
			}
		}
	}
	if found, _, err := s.EntryIsOf(t.Context(), 1<<40, report.Signatures[0]); found || err != nil {
		t.Errorf("an entry far beyond the end: found %v, %v", found, err)
	}
}

// TestLogEntryOfABundle: the entries of Sigstore bundles, which cosign 3 makes, are of another kind.
func TestLogEntryOfABundle(t *testing.T) {
	deployment := verificationtest.MustNew()
	image, err := name.NewDigest("127.0.0.1:1/students/demo@sha256:" + strings.Repeat("5c", 32))
	if err != nil {
		t.Fatal(err)
	}
	var signatures []verification.Signature
	var answers [][]byte
	for _, who := range []string{"user1@demo.redhat.com", "admin@demo.redhat.com"} {
		bundle, err := deployment.Bundle(image, verificationtest.Spec{Subject: who, Issuer: "https://issuer.example"})
		if err != nil {
			t.Fatal(err)
		}
		material := bundle.GetVerificationMaterial()
		certificate, err := x509.ParseCertificate(material.GetCertificate().GetRawBytes())
		if err != nil {
			t.Fatal(err)
		}
		answer, err := json.Marshal(map[string]any{"24296fb2": map[string]any{"body": material.GetTlogEntries()[0].GetCanonicalizedBody()}})
		if err != nil {
			t.Fatal(err)
		}
		signatures = append(signatures, verification.Signature{Payload: bundle.GetDsseEnvelope().GetPayload(), Certificate: certificate})
		answers = append(answers, answer)
	}
	for i, signature := range signatures {
		for j, answer := range answers {
			if isOf, err := workshop.AnswerIsOf(answer, signature); err != nil || isOf != (i == j) {
				t.Errorf("signature %d and entry %d: same %v, %v", i, j, isOf, err)
			}
		}
		signature.Payload = []byte("{}")
		if isOf, err := workshop.AnswerIsOf(answers[i], signature); err != nil || isOf {
			t.Errorf("signature %d with another payload: same %v, %v", i, isOf, err)
		}
	}
}

// TestUnreachableRegistryUndoesNothing takes the registry away when a step is done.
func TestUnreachableRegistryUndoesNothing(t *testing.T) {
	c := newClassroom(t)
	var down atomic.Bool
	s := c.session(t, signAnImage(t), func(o *workshop.SessionOptions) {
		o.Probe = 5 * time.Millisecond
		o.Base = switched{&down, c.value(t, "QUAY")}
	})
	run(t, s, 0, "")
	down.Store(true)
	watch(t, s)
	snapshot := until(t, s, "the registry was missed", func(now workshop.Snapshot) bool {
		return now.Steps[0].Checks[0].State == workshop.CheckBroken
	})
	if state := snapshot.Steps[0].State; state != workshop.StepDone {
		t.Errorf("the step is %s", state)
	}
	down.Store(false)
	until(t, s, "the registry was found again", func(now workshop.Snapshot) bool {
		return now.Steps[0].Checks[0].State == workshop.CheckHolds
	})
}

// switched is a network in which one host goes up and down.
type switched struct {
	down *atomic.Bool
	host string
}

func (n switched) RoundTrip(r *http.Request) (*http.Response, error) {
	if n.down.Load() && r.URL.Host == n.host {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	return http.DefaultTransport.RoundTrip(r)
}

// TestWrongPasswordIsNotTriedAgainAndAgain counts what reaches the registry while the watcher looks and looks.
func TestWrongPasswordIsNotTriedAgainAndAgain(t *testing.T) {
	c := newClassroom(t)
	run(t, c.session(t, signAnImage(t)), 0, "")
	c.env.Set(environment.Variable{Name: "QUAY_PASSWORD", Value: "wrong", Exported: true})
	var asked, rounds atomic.Int64
	lesson := lessonOf(t, `
## A {#a}
'''yaml step
kind: changes
'''
'''sh run
true
'''
'''yaml check
- {kind: image-at-digest, image: $IMAGE, user: $QUAY_USER, password: $QUAY_PASSWORD}
'''
## B {#b}
'''yaml step
kind: changes
'''
'''sh run
true
'''
'''yaml check
- {kind: image-at-digest, image: '${SOURCE_IMAGE}r'}
'''
`)
	enough := make(chan struct{})
	s := c.session(t, lesson, func(o *workshop.SessionOptions) {
		o.ProgressFile, o.Probe = "", time.Millisecond
		o.Base = counting(func(r *http.Request) {
			if _, _, login := r.BasicAuth(); login {
				asked.Add(1)
			}
			if r.URL.Host == strings.Split(c.value(t, "SOURCE_IMAGE"), "/")[0] && rounds.Add(1) == 40 {
				close(enough)
			}
		})
	})
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.Watch(ctx)
	}()
	select {
	case <-enough:
	case <-ctx.Done():
		t.Error("the watcher does not look")
	}
	stop()
	<-ended
	if n := asked.Load(); n == 0 || n > 3 {
		t.Errorf("the wrong password was sent %d times", n)
	}
	if found := s.Snapshot().Steps[0].Checks[0].Found; !strings.Contains(found, "shows no such image to "+c.value(t, "QUAY_USER")) {
		t.Errorf("found %q", found)
	}
	// The person who tries again is not put off.
	before := asked.Load()
	run(t, s, 0, "")
	if asked.Load() == before {
		t.Error("a run asks nothing")
	}
}

type counting func(*http.Request)

func (f counting) RoundTrip(r *http.Request) (*http.Response, error) {
	f(r)
	return http.DefaultTransport.RoundTrip(r)
}
