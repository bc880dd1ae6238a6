package inspect

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/sigstore/fulcio/pkg/config"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/web"
)

// Issuer is an identity provider that a Fulcio trusts, as it says itself (Fulcio's API v2, OIDCIssuer).
type Issuer struct {
	// URL is the issuer's, or Wildcard a pattern for several in which a star stands for one part of a name.
	URL      string `json:"issuerUrl,omitempty"`
	Wildcard string `json:"wildcardIssuerUrl,omitempty"`
	// Audience is the client for which a token must be.
	Audience string `json:"audience"`
	// Type says what the certificate is made of: email, uri, username, spiffe, kubernetes, github-workflow and others. An
	// older Fulcio does not say it.
	Type string `json:"issuerType,omitempty"`
	// Challenge is the claim that is signed to prove possession of the key: email or sub.
	Challenge         string `json:"challengeClaim,omitempty"`
	SPIFFETrustDomain string `json:"spiffeTrustDomain,omitempty"`
	SubjectDomain     string `json:"subjectDomain,omitempty"`
	// SkipEmailVerification takes addresses that the issuer does not call verified.
	SkipEmailVerification bool `json:"skipEmailVerification,omitempty"`
}

// kind is Type, or what an older Fulcio lets one guess.
func (i Issuer) kind() string {
	if i.Type == "" && i.Challenge == "email" {
		return typeEmail
	}
	return i.Type
}

// matches reports whether the entry is for the issuer of a token.
func (i Issuer) matches(issuer string) bool {
	if i.Wildcard == "" {
		return i.URL == issuer
	}
	pattern, err := config.MetaRegex(i.Wildcard)
	return err == nil && pattern.MatchString(issuer)
}

// Configuration is what a Fulcio says of itself.
type Configuration struct {
	Issuers []Issuer
	// Date is Fulcio's clock when it answered, to the second; zero when it did not say.
	Date time.Time
}

// longestConfiguration bounds an answer in bytes.
const longestConfiguration = 1 << 20

// Trusted asks Fulcio which issuers it trusts (GET /api/v2/configuration). It fails with an *actions.Error, or ctx.Err().
func Trusted(ctx context.Context, client *http.Client, fulcio string) (*Configuration, error) {
	address := strings.TrimSuffix(fulcio, "/") + "/api/v2/configuration"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil || request.URL.Host == "" {
		return nil, &actions.Error{Code: actions.CodeUsage, What: fmt.Sprintf("the address of Fulcio %q is no URL", fulcio), Next: "check --fulcio-url"}
	}
	response, err := client.Do(request)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, web.Explain(err, "Fulcio at "+fulcio)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode >= http.StatusInternalServerError || response.StatusCode == http.StatusUnauthorized ||
		response.StatusCode == http.StatusForbidden || response.StatusCode == http.StatusTooManyRequests {
		return nil, web.Refused(response.StatusCode, "Fulcio at "+fulcio, "GET "+address)
	}
	if response.StatusCode != http.StatusOK {
		return nil, &actions.Error{
			Code: actions.CodeNotAsked, What: "Fulcio at " + fulcio + " does not say what it trusts",
			Why:  fmt.Sprintf("%s answers with HTTP status %d", address, response.StatusCode),
			Next: "check that this is the address of Fulcio; one older than 1.0 has no such answer",
		}
	}
	var answer struct {
		Issuers []Issuer `json:"issuers"`
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, longestConfiguration)).Decode(&answer); err != nil {
		return nil, &actions.Error{
			Code: actions.CodeNotAsked, What: "what Fulcio at " + fulcio + " trusts cannot be read", Why: "the answer is not the JSON that Fulcio gives",
			Next: "check that this is the address of Fulcio", Err: err,
		}
	}
	date, err := http.ParseTime(response.Header.Get("Date"))
	if err != nil {
		date = time.Time{}
	}
	return &Configuration{Issuers: answer.Issuers, Date: date}, nil
}

// Find returns the entry for an issuer; one that names it outright goes before a pattern.
func Find(trusted []Issuer, issuer string) (Issuer, bool) {
	var byPattern *Issuer
	for i, entry := range trusted {
		switch {
		case !entry.matches(issuer):
		case entry.Wildcard == "":
			return entry, true
		case byPattern == nil:
			byPattern = &trusted[i]
		}
	}
	if byPattern == nil {
		return Issuer{}, false
	}
	return *byPattern, true
}
