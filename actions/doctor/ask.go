package doctor

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/web"
)

// longestAnswer is the most that is read of an answer, in bytes.
const longestAnswer = 4 << 20

// answer is what a server said.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// request asks a server that the error names as who. An answer with a status of its own is none; a missing answer is an
// *actions.Error.
func (e *examination) request(ctx context.Context, who, method, address, contentType string, body []byte) (*answer, error) {
	return requestBy(ctx, e.client, who, method, address, contentType, body)
}

// requestBy is request with a client of its own.
func requestBy(ctx context.Context, client *http.Client, who, method, address, contentType string, body []byte) (*answer, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil || req.URL.Host == "" {
		return nil, &actions.Error{Code: actions.CodeUsage, What: "the address of " + who + " is no URL: " + plain(address), Next: "correct it", Err: err}
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	req.Header.Set("User-Agent", "sigwalk")
	resp, err := client.Do(req)
	if err != nil {
		return nil, unanswered(ctx, err, who)
	}
	defer func() { _ = resp.Body.Close() }()
	read, err := io.ReadAll(io.LimitReader(resp.Body, longestAnswer))
	if err != nil {
		return nil, unanswered(ctx, err, who)
	}
	return &answer{status: resp.StatusCode, header: resp.Header, body: read}, nil
}

// unanswered is the error where no answer came.
func unanswered(ctx context.Context, err error, who string) error {
	if ctx.Err() != nil {
		return &actions.Error{
			Code: actions.CodeNoAnswer, What: who + " took the request and did not answer in time", Err: err,
			Next: "look at its log and load, and at what stands between (proxy, firewall)",
		}
	}
	explained := web.Explain(err, who)
	if actions.CodeOf(explained) == "" {
		explained = &actions.Error{Code: actions.CodeNotAsked, What: "what " + who + " sends is no answer", Why: plain(err.Error()), Next: "check its address", Err: err}
	}
	return explained
}

// get asks for a document and refuses another status than 200.
func (e *examination) get(ctx context.Context, who, address string) (*answer, error) {
	got, err := e.request(ctx, who, http.MethodGet, address, "", nil)
	if err != nil {
		return nil, err
	}
	return got, web.Refused(got.status, who, "GET "+address)
}

// getJSON reads a document into value.
func (e *examination) getJSON(ctx context.Context, who, address string, value any) error {
	got, err := e.get(ctx, who, address)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(got.body, value); err != nil {
		return garbage(who, address, got)
	}
	return nil
}

// garbage is the error for an answer in another form than the protocol's.
func garbage(who, address string, got *answer) error {
	begins := strings.TrimSpace(string(got.body[:min(len(got.body), 80)]))
	why := "GET " + address + " answers with what cannot be read as " + who + "'s"
	if begins != "" {
		why = "it begins with " + plain(begins) + "; " + why
	}
	return &actions.Error{
		Code: actions.CodeNotAsked, What: "something else than " + who + " answers at its address", Why: why,
		Next: "check the address, and whether a login page or a proxy stands in front of it: curl -i " + address,
	}
}

// join puts a path behind a base address.
func join(base, path string) string { return strings.TrimSuffix(base, "/") + path }

// span says a length of time to people.
func span(d time.Duration) string {
	if d < 0 {
		d = -d
	}
	return d.Round(time.Second).String()
}
