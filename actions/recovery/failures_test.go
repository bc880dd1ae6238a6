package recovery_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/sigstore/cosign/v2/pkg/oci/static"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/recovery"
	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/actions/signing"
	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/workshop/sandbox"
	"github.com/sigwalk/sigwalk/workshop/sandbox/sandboxtest"
)

// between is a transport that may answer itself, or change what was answered.
type between struct {
	answer func(*http.Request) *http.Response // nil to pass on
	change func(path string, body []byte) []byte
}

func (b between) RoundTrip(r *http.Request) (*http.Response, error) {
	if b.answer != nil {
		if answer := b.answer(r); answer != nil {
			return answer, nil
		}
	}
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil || b.change == nil {
		return response, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	body = b.change(r.URL.Path, body)
	response.Body, response.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	response.Header.Del("Content-Length")
	return response, nil
}

func answered(r *http.Request, status int, body string) *http.Response {
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}
}

// loses signs once and overwrites the signature with nothing.
func loses(t *testing.T) *person {
	t.Helper()
	p := newPerson(t)
	p.sign(t, sandbox.StudentUser, nil)
	p.overwrite(t)
	return p
}

func (p *person) refused(t *testing.T, req recovery.Request, code actions.Code) *actions.Error {
	t.Helper()
	before := p.manifest(t)
	req.Image = p.image
	_, err := recovery.New(p.opts).Recover(t.Context(), req)
	var e *actions.Error
	if !errors.As(err, &e) || e.Code != code || e.What == "" || e.Next == "" {
		t.Fatalf("got %v (%s), want %s", err, actions.CodeOf(err), code)
	}
	if !bytes.Equal(before, p.manifest(t)) {
		t.Error("the tag was changed")
	}
	return e
}

func yes(req recovery.Request) recovery.Request { req.Consented = true; return req }

func TestALogWithoutAnIndex(t *testing.T) {
	p := loses(t)
	for _, status := range []int{http.StatusNotFound, http.StatusNotImplemented, http.StatusMethodNotAllowed} {
		p.opts.Transport = between{answer: func(r *http.Request) *http.Response {
			if strings.HasSuffix(r.URL.Path, "/index/retrieve") {
				return answered(r, status, `{"code":501,"message":"Search Index API not enabled in this Rekor instance"}`)
			}
			return nil
		}}
		if e := p.refused(t, yes(from(recovery.FromLog)), actions.CodeLogUnavailable); !strings.Contains(e.What, "no search index") {
			t.Errorf("%d: %v", status, e)
		}
	}
}

func TestALogThatIsDown(t *testing.T) {
	p := loses(t)
	p.opts.Endpoints.Rekor = "http://127.0.0.1:1"
	if e := p.refused(t, yes(from(recovery.FromLog)), actions.CodeLogUnavailable); !strings.Contains(e.Why, "refused") {
		t.Errorf("%+v", e)
	}
	// The other source serves, and the report says what was not asked.
	report := p.recover(t, recovery.Request{})
	if len(report.Attached()) != 1 || len(report.Asked) != 2 || report.Asked[0].Skipped != "" || report.Asked[1].Skipped == "" {
		t.Errorf("attached %d, asked %+v", len(report.Attached()), report.Asked)
	}
}

// TestALogThatStammers: an answer that the log calls temporary is asked for again.
func TestALogThatStammers(t *testing.T) {
	p := loses(t)
	var mu sync.Mutex
	stammered := map[string]bool{}
	p.opts.Transport = between{answer: func(r *http.Request) *http.Response {
		mu.Lock()
		defer mu.Unlock()
		if stammered[r.URL.Path] || !strings.Contains(r.URL.Path, "/api/v1/") {
			return nil
		}
		stammered[r.URL.Path] = true
		return answered(r, http.StatusServiceUnavailable, "")
	}}
	if report := p.recover(t, from(recovery.FromLog)); len(report.Attached()) != 1 || len(stammered) < 2 {
		t.Errorf("attached %d after %v", len(report.Attached()), stammered)
	}
}

// TestEntriesThatCannotBeBelieved: whatever part of the log's answer is wrong, nothing is attached.
func TestEntriesThatCannotBeBelieved(t *testing.T) {
	p := loses(t)
	other := newPerson(t)
	other.sign(t, sandbox.StudentUser, nil)
	theirs := entryOf(t, other)
	type entry = map[string]any
	part := func(e entry, names ...string) entry {
		for _, name := range names {
			e, _ = e[name].(entry)
		}
		return e
	}
	for what, change := range map[string]func(e entry){
		"the body of another signature": func(e entry) { e["body"] = theirs["body"] },
		"another signature in the body": func(e entry) { e["body"] = withSignature(t, e["body"], theirs["body"]) },
		"another time":                  func(e entry) { e["integratedTime"] = json.Number("1700000000") },
		"another index":                 func(e entry) { e["logIndex"] = json.Number("4711") },
		"another log":                   func(e entry) { e["logID"] = strings.Repeat("ab", 32) },
		"another promise": func(e entry) {
			part(e, "verification")["signedEntryTimestamp"] = part(theirs, "verification")["signedEntryTimestamp"]
		},
		"no promise":   func(e entry) { delete(part(e, "verification"), "signedEntryTimestamp") },
		"no proof":     func(e entry) { delete(part(e, "verification"), "inclusionProof") },
		"another root": func(e entry) { part(e, "verification", "inclusionProof")["rootHash"] = strings.Repeat("cd", 32) },
		"another checkpoint": func(e entry) {
			part(e, "verification", "inclusionProof")["checkpoint"] = "rekor\n1\nAAAA\n\n— rekor AAAA\n"
		},
		"no body":           func(e entry) { delete(e, "body") },
		"a body of no kind": func(e entry) { e["body"] = base64.StdEncoding.EncodeToString([]byte("nothing")) },
	} {
		t.Run(what, func(t *testing.T) {
			opts := p.opts
			opts.Transport = between{change: func(path string, body []byte) []byte {
				if !strings.Contains(path, "/log/entries/") {
					return body
				}
				return changed(t, body, change)
			}}
			before := p.manifest(t)
			report, err := recovery.New(opts).Recover(t.Context(), recovery.Request{
				Image: p.image, From: []recovery.Source{recovery.FromLog}, Consented: true,
			})
			if err != nil {
				t.Fatal(err)
			}
			if left := report.NotRebuildable(); len(report.Attached()) != 0 || len(left) != 1 || left[0].Reason.What == "" {
				t.Errorf("attached %d, left %+v", len(report.Attached()), left)
			}
			if !bytes.Equal(before, p.manifest(t)) {
				t.Error("the tag was changed")
			}
		})
	}
	if report := p.recover(t, from(recovery.FromLog)); len(report.Attached()) != 1 { // what was changed above was good
		t.Error("the entry itself was refused")
	}
}

func changed(t *testing.T, body []byte, change func(map[string]any)) []byte {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var entries map[string]map[string]any
	if err := decoder.Decode(&entries); err != nil {
		t.Error(err)
		return body
	}
	for _, e := range entries {
		change(e)
	}
	out, err := json.Marshal(entries)
	if err != nil {
		t.Error(err)
	}
	return out
}

// entryOf is the newest log entry of a person's signature, as the log gives it.
func entryOf(t *testing.T, p *person) map[string]any {
	t.Helper()
	report, err := recovery.New(p.opts).Look(t.Context(), recovery.Request{Image: p.image, From: []recovery.Source{recovery.FromLog}})
	if err != nil || len(report.Signatures) != 1 {
		t.Fatalf("%v: %+v", err, report)
	}
	response, err := http.Get(p.settings.Rekor + "/api/v1/log/entries/" + report.Signatures[0].UUID)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var entries map[string]map[string]any
	if err := json.NewDecoder(response.Body).Decode(&entries); err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		return e
	}
	t.Fatal("no entry")
	return nil
}

// withSignature is a body with the signature of another.
func withSignature(t *testing.T, body, other any) string {
	decode := func(encoded any) (out map[string]any) {
		raw, err := base64.StdEncoding.DecodeString(fmt.Sprint(encoded))
		if err == nil {
			err = json.Unmarshal(raw, &out)
		}
		if err != nil {
			t.Error(err)
		}
		return out
	}
	ours, theirs := decode(body), decode(other)
	spec := func(b map[string]any) map[string]any { s, _ := b["spec"].(map[string]any); return s }
	spec(ours)["signature"] = spec(theirs)["signature"]
	raw, err := json.Marshal(ours)
	if err != nil {
		t.Error(err)
	}
	return base64.StdEncoding.EncodeToString(raw)
}

func TestItAsksBeforeItAttaches(t *testing.T) {
	p := loses(t)
	p.refused(t, recovery.Request{}, actions.CodeNobodyToAsk)
	p.seen.answer = func() (actions.Answer, error) { return actions.Answer{}, nil }
	p.refused(t, recovery.Request{}, actions.CodeDeclined)
	p.seen.answer = func() (actions.Answer, error) { return actions.Answer{Yes: true}, nil }
	report, err := recovery.New(p.opts).Recover(t.Context(), recovery.Request{Image: p.image})
	if err != nil || len(report.Attached()) != 1 || !slices.Equal(p.seen.asked, []string{recovery.QuestionAttach, recovery.QuestionAttach, recovery.QuestionAttach}) {
		t.Errorf("%v, asked %v", err, p.seen.asked)
	}
	// There is nothing to ask when nothing is missing.
	if _, err := recovery.New(p.opts).Recover(t.Context(), recovery.Request{Image: p.image}); err != nil || len(p.seen.asked) != 3 {
		t.Errorf("%v, asked %v", err, p.seen.asked)
	}
}

func TestWhatCannotWork(t *testing.T) {
	p := loses(t)
	req := yes(recovery.Request{})
	req.Policy = verification.Policy{SubjectRegexp: "("}
	p.refused(t, req, actions.CodeUsage)
	req.Policy = verification.Policy{KeyReference: "/nowhere/cosign.pub"}
	p.refused(t, req, actions.CodeKeyUnreadable)

	good := p.opts
	p.opts.QuayToken = actions.Secret{}
	p.refused(t, yes(from(recovery.FromHistory)), actions.CodeUnauthorized)
	p.opts.QuayToken = actions.NewSecret("another")
	p.refused(t, yes(from(recovery.FromHistory)), actions.CodeWrongPassword)
	p.opts = good
	p.opts.Endpoints.Rekor = ""
	p.refused(t, yes(from(recovery.FromLog)), actions.CodeUsage)
	p.opts = good
	p.opts.Registry = registry.New(registry.Options{})
	p.refused(t, yes(from(recovery.FromLog)), actions.CodeUnauthorized)
	p.opts = good
	p.image += "-not-there"
	p.refused(t, yes(recovery.Request{}), actions.CodeTagNotFound)
}

// TestWithoutATokenTheLogServes: a registry that shows no history is passed over with the reason.
func TestWithoutATokenTheLogServes(t *testing.T) {
	p := loses(t)
	p.opts.QuayToken = actions.Secret{}
	report := p.recover(t, recovery.Request{})
	if len(report.Attached()) != 1 || len(report.Asked) != 2 || report.Asked[0].Source != recovery.FromHistory || report.Asked[0].Skipped == "" {
		t.Errorf("asked %+v", report.Asked)
	}
	if want := []string{"resolve", "present", "-history", "log", "verify", "push"}; !slices.Equal(p.seen.ended(), want) {
		t.Errorf("the stages were %v, want %v", p.seen.ended(), want)
	}
}

func (s *seen) ended() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.stages), func(id string) bool { return id == "collect" })
}

// TestTheTokenGoesToItsOwnRegistryOnly: the token of one Quay is no business of another registry.
func TestTheTokenGoesToItsOwnRegistryOnly(t *testing.T) {
	p := loses(t)
	p.opts.QuayHost = "quay.example.com"
	p.opts.Transport = between{answer: func(r *http.Request) *http.Response {
		if r.Header.Get("Authorization") != "" {
			t.Errorf("%s got a token", r.URL.Host)
		}
		return nil
	}}
	p.refused(t, yes(from(recovery.FromHistory)), actions.CodeUnauthorized)
}

// TestCancelAtEveryStage: cancelled wherever it stands, it ends with the context's error and changes nothing.
func TestCancelAtEveryStage(t *testing.T) {
	p := loses(t)
	before := p.manifest(t)
	for _, stage := range []string{"resolve", "present", "history", "log", "verify", "push"} {
		ctx, cancel := context.WithCancel(t.Context())
		p.seen.when = func(event actions.Event) {
			if s, ok := event.(actions.Stage); ok && s.ID == stage && s.State == actions.StageStarted {
				cancel()
			}
		}
		_, err := recovery.New(p.opts).Recover(ctx, yes(recovery.Request{Image: p.image}))
		cancel()
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", stage, err)
		}
		if !bytes.Equal(before, p.manifest(t)) {
			t.Errorf("%s: the tag was changed", stage)
		}
	}
}

// TestManyRecoverWhileOthersSign: nothing is lost, and nothing is there twice, though the log gives everyone another promise
// and the history the time stamps, too.
func TestManyRecoverWhileOthersSign(t *testing.T) {
	p := newPerson(t)
	for _, user := range []string{sandbox.StudentUser, sandbox.AdminUser, sandbox.PipelineUser} {
		p.sign(t, user, nil)
	}
	p.overwrite(t, p.layers(t)[0])
	token := actions.NewSecret(sandboxtest.Token(t, sandbox.StudentUser))
	var group sync.WaitGroup
	for i := range 4 {
		source := []recovery.Source{recovery.FromHistory, recovery.FromLog}[i%2]
		group.Go(func() {
			req := yes(recovery.Request{Image: p.image, From: []recovery.Source{source}})
			if _, err := recovery.New(p.opts).Recover(t.Context(), req); err != nil {
				t.Error(err)
			}
		})
		group.Go(func() {
			signer := signing.New(signing.Options{Registry: p.opts.Registry, Trust: p.opts.Trust, Endpoints: p.opts.Endpoints})
			if _, err := signer.SignWithToken(t.Context(), signing.Request{Image: p.image, Token: token, Consented: true}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	count := map[string]int{}
	for _, l := range p.layers(t) {
		count[l.Annotations[static.SignatureAnnotationKey]]++
	}
	if len(count) != 7 || slices.Max(slices.Collect(maps.Values(count))) != 1 {
		t.Errorf("there are %v", count)
	}
	if good, all := p.verified(t, anybody); good != 7 || all != 7 {
		t.Errorf("%d of %d verify", good, all)
	}
}

// TestTheReportAsJSON pins what scripts read.
func TestTheReportAsJSON(t *testing.T) {
	p := loses(t)
	text, err := json.Marshal(p.recover(t, recovery.Request{}))
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Image, Digest, Tag string
		Before, After      *int
		Sources            []struct {
			Source, Address string
			Entries         int
		}
		Found, Rebuilt, Attached, NotRebuildable []struct {
			Sources                            []string
			LogIndex                           *int64
			LogID, Subject, Issuer, UUID, Kind string
			IntegratedTime                     *string
			Verified                           bool
			Reason                             *struct{ Code, What, Why, Next string }
		}
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	if err := decoder.Decode(&got); err != nil {
		t.Fatal(err)
	}
	if got.Image != p.image || got.Digest != p.digest.DigestStr() || got.Tag != p.tag.TagStr() || *got.Before != 0 || *got.After != 1 ||
		len(got.Sources) != 2 || len(got.Found) != 1 || len(got.Rebuilt) != 1 || len(got.Attached) != 1 || got.NotRebuildable == nil {
		t.Fatalf("got %s", text)
	}
	if row := got.Attached[0]; row.LogIndex == nil || row.Subject != sandbox.StudentUser || row.IntegratedTime == nil || !row.Verified ||
		row.Reason != nil || row.Kind != "hashedrekord" || len(row.Sources) != 2 {
		t.Errorf("got %s", text)
	}
}
