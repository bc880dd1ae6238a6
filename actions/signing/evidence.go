package signing

import (
	"bytes"
	"context"
	"crypto"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/digitorus/timestamp"
	"github.com/go-openapi/strfmt"
	"github.com/sigstore/rekor/pkg/generated/models"
	"github.com/sigstore/rekor/pkg/tle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/tlog"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/signature"

	"github.com/sigwalk/sigwalk/actions"
)

// stamp asks the timestamp authority when message was (RFC 3161) and returns its whole response.
func (s *Signer) stamp(ctx context.Context, message []byte, trusted *root.TrustedRoot) ([]byte, time.Time, error) {
	authority := s.opts.Endpoints.Timestamp
	nonce, err := cryptoutils.GenerateSerialNumber()
	if err != nil {
		return nil, time.Time{}, err
	}
	query, err := timestamp.CreateRequest(bytes.NewReader(message), &timestamp.RequestOptions{
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
	if trusted == nil {
		s.warn(ctx, "there is no trust root: the time stamp is attached, and not verified here. Run cosign initialize")
		return reply.body, parsed.Time, nil
	}
	authorities := trusted.TimestampingAuthorities()
	if len(authorities) == 0 {
		s.warn(ctx, "the trust root knows no timestamp authority: the time stamp is attached, but nobody can verify it with this trust root")
		return reply.body, parsed.Time, nil
	}
	for _, a := range authorities {
		if _, err = a.Verify(reply.body, message); err == nil {
			return reply.body, parsed.Time, nil
		}
	}
	return nil, time.Time{}, failed("it is not signed by an authority in the trust root: "+err.Error(), err)
}

// record puts what is signed into the transparency log and returns the entry, verified against the trust root. public is
// the certificate or public key, in PEM.
func (s *Signer) record(ctx context.Context, signed content, public []byte, trusted *root.TrustedRoot) (*models.LogEntryAnon, error) {
	rekor := s.opts.Endpoints.Rekor
	if err := needed(rekor, "Rekor", "--rekor-url (COSIGN_REKOR_URL)"); err != nil {
		return nil, err
	}
	body, err := json.Marshal(signed.proposal(public))
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
	if reply.status == http.StatusConflict {
		// An earlier try arrived and its answer did not, or an RSA key signed the same words before: that always gives the
		// same signature.
		err := actions.RunStage(ctx, s.opts.Observer, s.opts.Clock, "log-existing", "Fetch the entry that the log has already", func(ctx context.Context) (string, error) {
			var err error
			reply, err = s.existing(ctx, rekor, reply)
			return "", err
		})
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
	entry, err := s.checkEntry(ctx, reply.body, signed, public, trusted)
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
// signed entry timestamp (SET), and the inclusion proof, with a log key of the trust root.
func (s *Signer) checkEntry(ctx context.Context, body []byte, signed content, public []byte, trusted *root.TrustedRoot) (*models.LogEntryAnon, error) {
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
	if !ok || entry.Verification == nil || entry.Verification.InclusionProof == nil {
		return nil, errors.New("it is not complete")
	}
	if err := entry.Validate(strfmt.Default); err != nil {
		return nil, fmt.Errorf("it is not complete: %w", err)
	}
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, err
	}
	if err := signed.confirms(raw, public); err != nil {
		return nil, err
	}
	if trusted == nil {
		s.warn(ctx, "there is no trust root: the log's promise is attached, and not verified here. Run cosign initialize")
		return &entry, nil
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
	return &entry, checkInclusion(parsed, trusted)
}

// checkInclusion verifies the proof that the entry is in the log, against a checkpoint that the log signed. Where an
// answer carries none the promise (SET) has to do.
func checkInclusion(entry *tlog.Entry, trusted *root.TrustedRoot) error {
	if !entry.HasInclusionProof() {
		return nil
	}
	log, ok := trusted.RekorLogs()[hex.EncodeToString([]byte(entry.LogKeyID()))]
	if !ok {
		return errors.New("the trust root does not know the log's key")
	}
	verifier, err := signature.LoadVerifier(log.PublicKey, log.SignatureHashFunc)
	if err != nil {
		return err
	}
	return tlog.VerifyInclusion(entry, verifier)
}
