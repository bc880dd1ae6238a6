package workshop

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/actions/web"
)

// maxEntryBytes bounds the answer of the log: an entry has a few kilobytes.
const maxEntryBytes = 1 << 20

// logEntryExists asks the transparency log itself for the entry of a signature that verifies: its body must name the
// signature's payload and certificate.
func (a *asked) logEntryExists(ctx context.Context) CheckResult {
	c, err := a.world.clients()
	if err != nil {
		return broken(err)
	}
	signatures, outcome := a.verified(ctx, c)
	if outcome.State != CheckHolds {
		return outcome
	}
	for i := len(signatures) - 1; i >= 0; i-- {
		signature := signatures[i]
		if signature.LogIndex == nil {
			continue
		}
		entry, err := fetchEntry(ctx, c, *signature.LogIndex)
		if err != nil {
			return refused(err)
		}
		if entry == nil {
			return fails(fmt.Sprintf("the log has no entry %d", *signature.LogIndex))
		}
		if !entry.isOf(signature) {
			return fails(fmt.Sprintf("entry %d of the log belongs to another signature", *signature.LogIndex))
		}
		return holds("entry %d, by %s", *signature.LogIndex, signature.Subject)
	}
	return fails("no signature that verifies carries a log entry")
}

// logEntry is the part of an entry that ties it to a signature. A signature at a tag has the kind hashedrekord (Rekor's
// types/hashedrekord/v0.0.1), one in a Sigstore bundle, as cosign 3 makes it, the kind dsse (types/dsse/v0.0.1).
type logEntry struct {
	Kind string `json:"kind"`
	Spec struct {
		Data struct {
			Hash entryHash `json:"hash"`
		} `json:"data"`
		Signature struct {
			PublicKey struct {
				Content []byte `json:"content"`
			} `json:"publicKey"`
		} `json:"signature"`

		PayloadHash entryHash `json:"payloadHash"`
		Signatures  []struct {
			Verifier []byte `json:"verifier"`
		} `json:"signatures"`
	} `json:"spec"`
}

type entryHash struct {
	Algorithm string `json:"algorithm"`
	Value     string `json:"value"`
}

// isOf reports whether the entry is of this signature: same payload, same certificate. A certificate is issued for one
// signature, so that the two together name it.
func (e *logEntry) isOf(signature verification.Signature) bool {
	hash, certificate := e.Spec.Data.Hash, e.Spec.Signature.PublicKey.Content
	if e.Kind == "dsse" {
		if len(e.Spec.Signatures) != 1 {
			return false
		}
		hash, certificate = e.Spec.PayloadHash, e.Spec.Signatures[0].Verifier
	}
	sum := sha256.Sum256(signature.Payload)
	if hash.Algorithm != "sha256" || hash.Value != hex.EncodeToString(sum[:]) || signature.Certificate == nil {
		return false
	}
	block, _ := pem.Decode(certificate)
	return block != nil && string(block.Bytes) == string(signature.Certificate.Raw)
}

// fetchEntry reads one entry by its global index (Rekor's API v1, GET /api/v1/log/entries). It returns nil when the log has
// no such entry.
func fetchEntry(ctx context.Context, c *clients, index int64) (*logEntry, error) {
	if c.endpoints.Rekor == "" {
		return nil, &actions.Error{
			Code: actions.CodeLogUnavailable, What: "no transparency log is named", Next: "set COSIGN_REKOR_URL",
		}
	}
	target := strings.TrimRight(c.endpoints.Rekor, "/") + "/api/v1/log/entries?" + url.Values{"logIndex": {fmt.Sprint(index)}}.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target, http.NoBody)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/json")
	response, err := (&http.Client{Transport: c.transport}).Do(request)
	if err != nil {
		return nil, web.Explain(err, c.endpoints.Rekor)
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(io.LimitReader(response.Body, maxEntryBytes))
	switch {
	case err != nil:
		return nil, web.Explain(err, c.endpoints.Rekor)
	case response.StatusCode == http.StatusNotFound:
		return nil, nil
	case response.StatusCode != http.StatusOK:
		return nil, &actions.Error{
			Code: actions.CodeLogUnavailable, What: "the transparency log at " + c.endpoints.Rekor + " did not answer",
			Why: response.Status, Next: "try again in a moment",
		}
	}
	return readEntry(content)
}

// readEntry unpacks the one entry of an answer, which is an object keyed by the entry's identifier.
func readEntry(content []byte) (*logEntry, error) {
	unusable := func(err error) error {
		return &actions.Error{Code: actions.CodeNotAsked, What: "the transparency log gave an answer that cannot be read", Err: err}
	}
	var answer map[string]struct {
		Body string `json:"body"`
	}
	if err := json.Unmarshal(content, &answer); err != nil {
		return nil, unusable(err)
	}
	for _, found := range answer {
		body, err := base64.StdEncoding.DecodeString(found.Body)
		if err != nil {
			return nil, unusable(err)
		}
		var entry logEntry
		if err := json.Unmarshal(body, &entry); err != nil {
			return nil, unusable(err)
		}
		return &entry, nil
	}
	return nil, nil
}
