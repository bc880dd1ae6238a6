package signing

import (
	"bytes"
	"context"
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/digitorus/timestamp"
	"github.com/sigstore/rekor/pkg/generated/models"
	"github.com/sigstore/rekor/pkg/tle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/tlog"
	"github.com/sigstore/sigstore/pkg/cryptoutils"

	"github.com/sigwalk/sigwalk/actions"
)

// stamp asks the timestamp authority when signature was (RFC 3161) and returns its whole response.
func (s *Signer) stamp(ctx context.Context, signature []byte, trusted *root.TrustedRoot) ([]byte, time.Time, error) {
	authority := s.opts.Endpoints.Timestamp
	nonce, err := cryptoutils.GenerateSerialNumber()
	if err != nil {
		return nil, time.Time{}, err
	}
	query, err := timestamp.CreateRequest(bytes.NewReader(signature), &timestamp.RequestOptions{
		Hash: crypto.SHA256, Certificates: true, Nonce: nonce,
	})
	if err != nil {
		return nil, time.Time{}, err
	}
	reply, err := s.ask(ctx, call{
		service: "the timestamp authority", method: http.MethodPost, url: authority,
		contentType: "application/timestamp-query", accept: "application/timestamp-reply", body: query,
	})
	if err != nil {
		return nil, time.Time{}, err
	}
	failed := func(why string, err error) error {
		return &actions.Error{
			Code: actions.CodeTimestamp,
			What: "the timestamp authority at " + authority + " gave no time stamp that can be used",
			Why:  why,
			Next: "check its address (it has a path, such as /api/v1/timestamp); without --timestamp-server-url the transparency log's time counts alone",
			Err:  err,
		}
	}
	if reply.status != http.StatusOK && reply.status != http.StatusCreated {
		return nil, time.Time{}, failed(reply.reason(), nil)
	}
	parsed, err := timestamp.ParseResponse(reply.body)
	if err != nil {
		return nil, time.Time{}, failed(err.Error(), err)
	}
	if parsed.Nonce == nil || parsed.Nonce.Cmp(nonce) != 0 {
		return nil, time.Time{}, failed("the response answers another question (its nonce differs)", nil)
	}
	authorities := trusted.TimestampingAuthorities()
	if len(authorities) == 0 {
		s.note(ctx, actions.NoteWarning, "the trust root knows no timestamp authority: the time stamp is attached, but nobody can verify it with this trust root")
		return reply.body, parsed.Time, nil
	}
	for _, a := range authorities {
		if _, err = a.Verify(reply.body, signature); err == nil {
			return reply.body, parsed.Time, nil
		}
	}
	return nil, time.Time{}, failed("it is not signed by an authority in the trust root: "+err.Error(), err)
}

// record puts signature into the transparency log as a hashedrekord and returns the entry, verified against the trust
// root.
func (s *Signer) record(ctx context.Context, payload, signature []byte, got *issued, trusted *root.TrustedRoot) (*models.LogEntryAnon, error) {
	rekor := s.opts.Endpoints.Rekor
	if err := needed(rekor, "Rekor", "--rekor-url (COSIGN_REKOR_URL)"); err != nil {
		return nil, err
	}
	digest := sha256.Sum256(payload)
	type object = map[string]any
	body, err := json.Marshal(object{
		"apiVersion": "0.0.1",
		"kind":       "hashedrekord",
		"spec": object{
			"data":      object{"hash": object{"algorithm": "sha256", "value": hex.EncodeToString(digest[:])}},
			"signature": object{"content": signature, "publicKey": object{"content": got.leafPEM}},
		},
	})
	if err != nil {
		return nil, err
	}
	reply, err := s.ask(ctx, call{
		method: http.MethodPost, url: join(rekor, "/api/v1/log/entries"),
		contentType: "application/json", accept: "application/json", body: body,
	})
	if err != nil {
		return nil, logUnavailable(rekor, err)
	}
	if reply.status == http.StatusConflict { // an earlier try arrived, and its answer did not
		reply, err = s.existing(ctx, rekor, reply)
		if err != nil {
			return nil, logUnavailable(rekor, err)
		}
	}
	switch {
	case reply.status >= http.StatusInternalServerError:
		return nil, logUnavailable(rekor, errors.New(reply.reason()))
	case reply.status != http.StatusOK && reply.status != http.StatusCreated:
		return nil, &actions.Error{
			Code: actions.CodeLogRefused,
			What: "the transparency log at " + rekor + " did not take the signature",
			Why:  reply.reason(),
			Next: "nothing was attached to the image. Check that this is the address of Rekor; its own logs say more",
		}
	}
	entry, err := checkEntry(reply.body, digest[:], signature, got.leafPEM, trusted)
	if err != nil {
		return nil, &actions.Error{
			Code: actions.CodeLogEntry,
			What: "the answer of the transparency log at " + rekor + " cannot be believed",
			Why:  err.Error(),
			Next: "nothing was attached to the image. Run cosign initialize: the trust root may be of another deployment than this log",
			Err:  err,
		}
	}
	return entry, nil
}

// logUnavailable says that the log did not answer, and that nothing is half done.
func logUnavailable(rekor string, err error) error {
	if interrupted(err) {
		return err
	}
	return &actions.Error{
		Code: actions.CodeLogUnavailable,
		What: "the transparency log at " + rekor + " is not available",
		Why:  err.Error(),
		Next: "nothing was attached to the image: sign again when the log answers",
		Err:  err,
	}
}

// existing fetches the entry that a conflict names.
func (s *Signer) existing(ctx context.Context, rekor string, conflict *answer) (*answer, error) {
	location, err := url.Parse(conflict.header.Get("Location"))
	if err != nil || location.Path == "" {
		return conflict, nil
	}
	base, err := url.Parse(rekor)
	if err != nil {
		return nil, err
	}
	return s.ask(ctx, call{method: http.MethodGet, url: base.ResolveReference(location).String(), accept: "application/json"})
}

// checkEntry parses what the log answered and verifies that it is about this signature and that the log promises it: the
// signed entry timestamp (SET), with a log key of the trust root.
func checkEntry(body, digest, signature, certificate []byte, trusted *root.TrustedRoot) (*models.LogEntryAnon, error) {
	var entries models.LogEntry
	if err := json.Unmarshal(body, &entries); err != nil {
		return nil, err
	}
	if len(entries) != 1 {
		return nil, fmt.Errorf("it holds %d entries", len(entries))
	}
	var entry models.LogEntryAnon
	for _, e := range entries {
		entry = e
	}
	encoded, ok := entry.Body.(string)
	if !ok || entry.Verification == nil || entry.LogIndex == nil || entry.LogID == nil || entry.IntegratedTime == nil {
		return nil, errors.New("it is not complete")
	}
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, err
	}
	var said struct {
		Spec struct {
			Data struct {
				Hash struct {
					Value string `json:"value"`
				} `json:"hash"`
			} `json:"data"`
			Signature struct {
				Content   []byte `json:"content"`
				PublicKey struct {
					Content []byte `json:"content"`
				} `json:"publicKey"`
			} `json:"signature"`
		} `json:"spec"`
	}
	if err := json.Unmarshal(raw, &said); err != nil {
		return nil, err
	}
	if said.Spec.Data.Hash.Value != hex.EncodeToString(digest) || !bytes.Equal(said.Spec.Signature.Content, signature) ||
		!bytes.Equal(bytes.TrimSpace(said.Spec.Signature.PublicKey.Content), bytes.TrimSpace(certificate)) {
		return nil, errors.New("the entry is about another signature")
	}
	converted, err := tle.GenerateTransparencyLogEntry(entry)
	if err != nil {
		return nil, err
	}
	parsed, err := tlog.ParseTransparencyLogEntry(converted)
	if err != nil {
		return nil, err
	}
	if err := tlog.VerifySET(parsed, trusted.RekorLogs()); err != nil {
		return nil, err
	}
	return &entry, nil
}
