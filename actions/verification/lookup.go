package verification

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/sigstore/cosign/v2/pkg/cosign"
	"github.com/sigstore/rekor/pkg/generated/client"
	"github.com/sigstore/rekor/pkg/generated/models"

	"github.com/sigwalk/sigwalk/actions"
)

// lookup asks the log for the entries of a signature that carries none: base64 signature, payload, key or certificate in
// PEM.
type lookup func(ctx context.Context, signature string, payload, pem []byte) ([]models.LogEntryAnon, error)

func askLog(log *client.Rekor) lookup {
	return func(ctx context.Context, signature string, payload, pem []byte) ([]models.LogEntryAnon, error) {
		return cosign.FindTlogEntry(ctx, log, signature, payload, pem)
	}
}

// ask looks for the entry of a signature that carries none, as cosign does: any entry that verifies will do, and the
// earliest counts.
func (e *tagExaminee) ask(ctx context.Context, place string) Check {
	expected := Value{"this signature by this key", e.place("annotation of the layer")}
	if e.x.lookup == nil {
		return e.noEntry(expected, place)
	}
	key, _, err := e.expectedKey()
	if err != nil {
		return failed(actions.CodeNoLogEntry, "it carries no log entry, and without a key the log cannot be asked: "+err.Error(), "verify it with --key cosign.pub").
			sides(expected, Value{"none", place})
	}
	answers, err := e.x.lookup(ctx, e.s.stored.signature, e.s.Payload, key)
	if err != nil {
		return failed(actions.CodeNoLogEntry, "it carries no log entry, and the log has none: "+err.Error(), "check that --rekor-url is the log that the signer used; or sign the image again").
			sides(expected, Value{"none", "answer of the log"})
	}
	e.take(answers)
	if e.s.Entry == nil {
		return failed(actions.CodeNoLogEntry, "it carries no log entry, and the log's answer holds none", "sign the image again").
			sides(expected, Value{"none", "answer of the log"})
	}
	if e.entry, err = readRecord(e.s.Entry.Body, nil); err != nil {
		return failed(actions.CodeLogEntry, "the log's answer cannot be read: "+err.Error(), "check that --rekor-url is a Rekor log").
			sides(expected, Value{"no entry", "answer of the log"})
	}
	// The log was asked for this signature, and cosign takes it at its word.
	c := e.records(expected, "answer of the log")
	if c.State == CheckFailed {
		c = c.ours()
	}
	return c
}

// take chooses the earliest entry of those that verify, or else any.
func (e *tagExaminee) take(answers []models.LogEntryAnon) {
	var first *LogEntry
	for i := range answers {
		entry, err := fetchedEntry(&answers[i])
		if err != nil {
			continue
		}
		if first == nil {
			first = entry
		}
		if !holds([]Check{e.checkSET(entry), e.checkProof(entry)}) {
			continue
		}
		if e.verified == nil || entry.Integrated.Before(e.verified.Integrated) {
			e.verified = entry
		}
	}
	if e.s.Entry = e.verified; e.s.Entry == nil {
		e.s.Entry = first
	}
}

// fetchedEntry is an entry as the log's API answers with it.
func fetchedEntry(answer *models.LogEntryAnon) (*LogEntry, error) {
	text, ok := answer.Body.(string)
	if !ok || answer.Verification == nil || answer.Verification.InclusionProof == nil ||
		answer.LogID == nil || answer.LogIndex == nil || answer.IntegratedTime == nil {
		return nil, errors.New("the log's answer is incomplete")
	}
	body, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, err
	}
	p := answer.Verification.InclusionProof
	if p.LogIndex == nil || p.TreeSize == nil || p.RootHash == nil || p.Checkpoint == nil {
		return nil, errors.New("the log's proof is incomplete")
	}
	entry := &LogEntry{
		LogID: *answer.LogID, Index: *answer.LogIndex, Integrated: unix(*answer.IntegratedTime),
		Body: body, SET: answer.Verification.SignedEntryTimestamp, Fetched: true,
		Proof: &InclusionProof{Index: *p.LogIndex, TreeSize: *p.TreeSize, Checkpoint: *p.Checkpoint},
	}
	if entry.Proof.RootHash, err = hex.DecodeString(*p.RootHash); err != nil {
		return nil, fmt.Errorf("the log's root hash: %w", err)
	}
	for _, text := range p.Hashes {
		h, err := hex.DecodeString(text)
		if err != nil {
			return nil, fmt.Errorf("the log's proof: %w", err)
		}
		entry.Proof.Hashes = append(entry.Proof.Hashes, h)
	}
	if record, err := readRecord(body, nil); err == nil {
		entry.Kind, entry.Version = record.kind, record.version
	}
	return entry, nil
}
