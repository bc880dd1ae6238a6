package verification

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/sigwalk/sigwalk/actions"
)

// badEntry explains a log entry that does not belong to the signature or does not verify. An entry of another signature
// would lend that one's place and time in the log to this one (GHSA-whqx-f9j3-ch6m).
func (j *judgement) badEntry(s *Signature, text string) *actions.Error {
	e := &actions.Error{Code: actions.CodeLogEntry, Why: text, Next: nextTampered}
	switch {
	case has(text, "signature in bundle does not match"):
		e.What = "the log entry belongs to another signature"
		e.Why = fmt.Sprintf("entry %s records other bytes than this signature has", s.entryName())
	case has(text, "comparing public key PEMs") && j.policy.KeyReference != "":
		return strangerKey(fmt.Sprintf("entry %s of the log records another key", s.entryName()))
	case has(text, "comparing public key PEMs"):
		e.What = "the log entry belongs to another key"
		e.Why = fmt.Sprintf("entry %s records another certificate or key than the one that should have signed", s.entryName())
	case has(text, "matching bundle to payload"):
		// Signature and key are those of the entry, so that it is the payload that differs.
		sum := sha256.Sum256(s.Payload)
		e.Code = actions.CodeSignature
		e.What = "the payload was changed after it was signed"
		e.Why = fmt.Sprintf("expected the payload that entry %s records, found one with SHA-256 %s", s.entryName(), hex.EncodeToString(sum[:]))
	case has(text, "verifying bundle with trusted root"):
		e.What, e.Why, e.Next = j.unprovenEntry(s, text)
	default:
		e.What = "the log entry beside the signature cannot be read"
	}
	return e
}

// unprovenEntry tells an entry of a log that nobody here knows from one whose signature is wrong.
func (j *judgement) unprovenEntry(s *Signature, text string) (what, why, next string) {
	logs := j.legacy.TrustedMaterial.RekorLogs()
	if _, ok := logs[s.LogID]; !ok {
		known := make([]string, 0, len(logs))
		for id := range logs {
			known = append(known, id)
		}
		slices.Sort(known)
		list := "none"
		if len(known) > 0 {
			list = strings.Join(known, ", ")
		}
		return "the log entry is from a log that the trust root does not know",
			fmt.Sprintf("expected one of the logs %s, found %s", list, s.LogID),
			nextRoot
	}
	log := logs[s.LogID]
	if s.Integrated != nil && !within(*s.Integrated, log.ValidityPeriodStart, log.ValidityPeriodEnd) {
		return outsidePeriod,
			fmt.Sprintf("entry %s is of %s, and the key of the log is trusted %s", s.entryName(), clock(*s.Integrated), period(log.ValidityPeriodStart, log.ValidityPeriodEnd)),
			nextRoot
	}
	why = fmt.Sprintf("body, index, time and log of entry %s are not those that the log signed", s.entryName())
	if !has(text, "not enough verified log entries") { // which says no more
		why += " (" + text + ")"
	}
	return "the log's signature over the entry (SET) is invalid", why, nextTampered
}

// entryName names the log entry for people.
func (s *Signature) entryName() string {
	if s.LogIndex == nil {
		return "without an index"
	}
	return fmt.Sprint(*s.LogIndex)
}
