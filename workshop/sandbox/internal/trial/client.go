package trial

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	"github.com/sigstore/sigstore-go/pkg/sign"
)

// Endpoints are where running servers can be reached, and what a client must know of them.
type Endpoints struct {
	CTLog, Rekor, Timestamp, Fulcio, Issuer string

	CTLogKey, RekorKey          []byte // PEM
	FulcioChain, TimestampChain []byte // PEM
}

// Token signs in with the person's password.
func (e Endpoints) Token(ctx context.Context) (string, error) {
	form := url.Values{
		"grant_type": {"password"}, "client_id": {clientID}, "scope": {"openid email"},
		"username": {Email}, "password": {password},
	}
	endpoint := e.Issuer + "/protocol/openid-connect/token"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	var answer struct {
		IDToken string `json:"id_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return "", err
	}
	if answer.IDToken == "" {
		return "", fmt.Errorf("no id_token: %s", resp.Status)
	}
	return answer.IDToken, nil
}

// Sign signs content without a key of the signer's own, as cosign does: certificate, timestamp and log entry are in the
// bundle.
func (e Endpoints) Sign(ctx context.Context, content sign.Content) (*protobundle.Bundle, error) {
	token, err := e.Token(ctx)
	if err != nil {
		return nil, err
	}
	keypair, err := sign.NewEphemeralKeypair(nil)
	if err != nil {
		return nil, err
	}
	return sign.Bundle(content, keypair, sign.BundleOptions{
		Context:                    ctx,
		CertificateProvider:        sign.NewFulcio(&sign.FulcioOptions{BaseURL: e.Fulcio}),
		CertificateProviderOptions: &sign.CertificateProviderOptions{IDToken: token},
		TimestampAuthorities:       []*sign.TimestampAuthority{sign.NewTimestampAuthority(&sign.TimestampAuthorityOptions{URL: e.Timestamp})},
		TransparencyLogs:           []sign.Transparency{sign.NewRekor(&sign.RekorOptions{BaseURL: e.Rekor})},
	})
}
