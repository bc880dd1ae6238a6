package ambient

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/identity"
	"github.com/sigwalk/sigwalk/actions/web"
)

// The variables by which a CI system says how its tokens are got.
const (
	gitHubURL      = "ACTIONS_ID_TOKEN_REQUEST_URL"
	gitHubToken    = "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
	buildkiteToken = "BUILDKITE_AGENT_ACCESS_TOKEN"
	buildkiteURL   = "BUILDKITE_AGENT_ENDPOINT"
	buildkiteJob   = "BUILDKITE_JOB_ID"
)

const (
	tries        = 3
	pause        = time.Second
	patience     = 30 * time.Second
	longestReply = 1 << 20
)

func inGitHub(_ context.Context, o *Options) bool {
	return o.Getenv(gitHubURL) != "" && o.Getenv(gitHubToken) != ""
}

// fromGitHub asks the address that GitHub gives a job whose permissions include id-token: write.
func fromGitHub(ctx context.Context, o *Options) (string, error) {
	address := o.Getenv(gitHubURL)
	separator := "&"
	if !strings.Contains(address, "?") {
		separator = "?"
	}
	var answer struct {
		Value string `json:"value"`
	}
	err := o.ask(ctx, GitHub, http.MethodGet, address+separator+"audience="+url.QueryEscape(Audience), "bearer "+o.Getenv(gitHubToken), nil, &answer)
	return answer.Value, err
}

func inBuildkite(_ context.Context, o *Options) bool { return o.Getenv(buildkiteToken) != "" }

// fromBuildkite asks the agent's API (POST /jobs/ID/oidc/tokens).
func fromBuildkite(ctx context.Context, o *Options) (string, error) {
	base := o.Getenv(buildkiteURL)
	if base == "" {
		base = "https://agent.buildkite.com/v3"
	}
	address, err := url.JoinPath(base, "jobs", o.Getenv(buildkiteJob), "oidc", "tokens")
	if err != nil {
		return "", noToken(Buildkite, buildkiteURL+" is no address", "see what the agent sets there")
	}
	var answer struct {
		Token string `json:"token"`
	}
	err = o.ask(ctx, Buildkite, http.MethodPost, address, "Token "+o.Getenv(buildkiteToken), map[string]string{"audience": Audience}, &answer)
	return answer.Token, err
}

// ask makes a call until it is answered; what the place refuses is not asked again.
func (o *Options) ask(ctx context.Context, name, method, address, authorization string, question, answer any) error {
	var body []byte
	if question != nil {
		var err error
		if body, err = json.Marshal(question); err != nil {
			return err
		}
	}
	for try := 1; ; try++ {
		again, err := o.askOnce(ctx, name, method, address, authorization, body, answer)
		if err == nil || !again || try == tries {
			return err
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
	}
}

func (o *Options) askOnce(ctx context.Context, name, method, address, authorization string, body []byte, answer any) (again bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return false, noToken(name, "the address that its variable names is none", "see what the CI system sets there")
	}
	request.Header.Set("Authorization", authorization)
	request.Header.Set("Accept", "application/json")
	if len(body) > 0 {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := (&http.Client{Transport: o.Transport}).Do(request)
	if err != nil {
		return true, explain(err, name, request.URL.Host)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode/100 != 2 {
		e := noToken(name, fmt.Sprintf("%s answered with HTTP status %d", request.URL.Host, response.StatusCode),
			"see that the job may have a token (on GitHub: permissions: id-token: write) and that it still runs: what it asks with ends with it")
		return response.StatusCode >= http.StatusInternalServerError, e
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, longestReply)).Decode(answer); err != nil {
		return false, noToken(name, request.URL.Host+" gave an answer that cannot be read", "see that the variable names the CI system's own address")
	}
	return false, nil
}

// explain is why there was no answer, without the address: its query is the place's own.
func explain(err error, name, host string) error {
	var withAddress *url.Error
	if errors.As(err, &withAddress) {
		err = withAddress.Err
	}
	explained := web.Explain(err, "the provider "+name+" at "+host)
	var known *actions.Error
	if errors.As(explained, &known) || errors.Is(err, context.Canceled) {
		return explained
	}
	return noToken(name, identity.Quoted(err.Error()), "try again")
}
