package recovery

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-retryablehttp"
	"github.com/sigstore/rekor/pkg/generated/models"
	"golang.org/x/sync/errgroup"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/web"
)

const (
	// maxAnswer is the most that is read of an answer, in bytes. An entry has some KiB.
	maxAnswer = 8 << 20
	// maxEntries is how many entries are looked at. Anybody may write to a public log, and cosign reads 1,000 signatures.
	maxEntries = 5_000
	fetchers   = 8
	progressAt = 25 // entries between two reports of progress
)

// patient returns a client that asks again where the service says that it is busy, or the connection broke.
func patient(transport http.RoundTripper) *http.Client {
	c := retryablehttp.NewClient()
	c.HTTPClient = &http.Client{Transport: transport, Timeout: time.Minute}
	c.Logger = nil
	c.RetryMax, c.RetryWaitMin, c.RetryWaitMax = 3, 200*time.Millisecond, 5*time.Second
	c.ErrorHandler = retryablehttp.PassthroughErrorHandler // the answer itself says more
	return c.StandardClient()
}

// logClient asks one Rekor.
type logClient struct {
	client   *http.Client
	address  string
	observer actions.Observer
}

// refusal is an answer with another status than 200.
type refusal struct {
	status  int
	message string
}

// Error implements error.
func (r *refusal) Error() string {
	text := fmt.Sprintf("it answered %d %s", r.status, http.StatusText(r.status))
	if r.message != "" {
		text += ": " + r.message
	}
	return text
}

// search returns the UUIDs of the entries that the index knows under a hash, "sha256:...".
func (l *logClient) search(ctx context.Context, hash string) ([]string, error) {
	body, err := json.Marshal(map[string]string{"hash": hash})
	if err != nil {
		return nil, err
	}
	var uuids []string
	if err := l.call(ctx, http.MethodPost, "/api/v1/index/retrieve", body, &uuids); err != nil {
		return nil, l.searchFailed(ctx, err)
	}
	return uuids, nil
}

func (l *logClient) searchFailed(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	e := l.unavailable(err)
	var refused *refusal
	if errors.As(err, &refused) {
		switch refused.status {
		case http.StatusNotFound, http.StatusNotImplemented, http.StatusMethodNotAllowed:
			e.What = "the transparency log at " + l.address + " has no search index"
			e.Next = "whoever runs it may have left the index out (Rekor 2 has none), or this is not the address of Rekor; " +
				"where the registry is a Quay, its history of the tag needs no log: --from history"
		}
	}
	return e
}

// entryID is what Rekor names an entry by: the hash of its leaf, with the tree before it or without.
var entryID = regexp.MustCompile(`^([0-9a-f]{16})?[0-9a-f]{64}$`)

// fetch returns the entries with these UUIDs that the log has.
func (l *logClient) fetch(ctx context.Context, uuids []string) (map[string]models.LogEntryAnon, error) {
	found := make(map[string]models.LogEntryAnon, len(uuids))
	var mu sync.Mutex
	done := 0
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(fetchers)
	for _, uuid := range uuids {
		if !entryID.MatchString(uuid) {
			continue
		}
		group.Go(func() error {
			entry, err := l.entry(gctx, uuid)
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			if entry != nil {
				found[uuid] = *entry
			}
			if done++; done%progressAt == 0 || done == len(uuids) {
				l.observer.Event(ctx, actions.Progress{
					ID: "entries", Title: "log entries", Done: int64(done), Total: int64(len(uuids)), Unit: "entries",
				})
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, l.unavailable(err)
	}
	return found, nil
}

// entry returns one entry, or nil when the log does not have what its index names.
func (l *logClient) entry(ctx context.Context, uuid string) (*models.LogEntryAnon, error) {
	var entries map[string]models.LogEntryAnon
	err := l.call(ctx, http.MethodGet, "/api/v1/log/entries/"+uuid, nil, &entries)
	var refused *refusal
	if errors.As(err, &refused) && refused.status == http.StatusNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for id, entry := range entries {
		if strings.HasSuffix(id, uuid[len(uuid)-64:]) {
			return &entry, nil
		}
	}
	return nil, nil
}

func (l *logClient) call(ctx context.Context, method, path string, body []byte, into any) error {
	address, err := url.JoinPath(l.address, path)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "sigwalk")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := l.client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return &refusal{response.StatusCode, messageIn(content)}
	}
	if err := json.Unmarshal(content, into); err != nil {
		return fmt.Errorf("its answer is not what Rekor sends: %w", err)
	}
	return nil
}

// messageIn is the message of Rekor's errors, on one line; empty where something else answered.
func messageIn(content []byte) string {
	var answer struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(content, &answer) != nil {
		return ""
	}
	const enough = 200
	text := strings.Join(strings.Fields(answer.Message), " ")
	if runes := []rune(text); len(runes) > enough {
		text = string(runes[:enough]) + "…"
	}
	return text
}

// unavailable says that the log cannot be asked.
func (l *logClient) unavailable(err error) *actions.Error {
	e := &actions.Error{
		Code: actions.CodeLogUnavailable,
		What: "the transparency log at " + l.address + " cannot be asked",
		Why:  err.Error(),
		Next: "try again when it answers; nothing was changed",
		Err:  err,
	}
	var explained *actions.Error
	if errors.As(web.Explain(err, l.address), &explained) {
		e.Why = explained.Error()
	}
	return e
}
