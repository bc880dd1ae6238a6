package recovery

import (
	"cmp"
	"crypto"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/sigwalk/sigwalk/actions"
)

// Source is where a signature is remembered.
type Source string

// The sources.
const (
	FromLog     Source = "log"     // the search index of Rekor
	FromHistory Source = "history" // what a Quay knows of a tag's former manifests
)

// Asked is a source and what came of asking it.
type Asked struct {
	Source  Source
	Address string
	// Searched are the digests ("sha256:...") that were looked up: payloads, and the image itself for what is stated about it.
	Searched []string
	// Entries is how many log entries, or former versions of the tag, there are.
	Entries int
	// Skipped is why the source was not asked; empty when it was.
	Skipped string
}

// Signature is one signature that a source knows.
type Signature struct {
	Sources []Source
	// Kind is the kind of the log entry ("hashedrekord", "dsse", ...); empty for what is in the history alone.
	Kind     string
	UUID     string // of the log entry
	LogIndex *int64 // nil without a log entry; 0 is a real index
	LogID    string // hex
	// Integrated is when the log took the entry.
	Integrated *time.Time
	// Subject and Issuer are in the certificate; empty for a signature made with a key pair.
	Subject, Issuer string
	// Key is the SHA-256 of the public key, in hex, of a signature made with a key pair; empty otherwise and when unknown.
	Key     string
	Payload string // digest of what was signed

	Present  bool // the registry has it
	Rebuilt  bool // it was put together as cosign writes it
	Verified bool // it verified under the policy
	Attached bool // it was attached by this recovery
	// Reason is why it could not be rebuilt, or did not verify; nil otherwise.
	Reason *actions.Error

	signature string // base64, as in the annotation; tells signatures apart
	layer     json.RawMessage
	payload   []byte
	public    crypto.PublicKey // of a key pair, as the log has it
}

// Report is what was found and what was done about it.
type Report struct {
	Image      string // as asked for
	Digest     name.Digest
	Tag        name.Tag
	Asked      []Asked
	Signatures []*Signature // by log index, those without one last
	// Before and After are how many signatures the tag held when it was first looked at, and now.
	Before, After int
}

// Lacking returns what can be attached and is not there.
func (r *Report) Lacking() []*Signature {
	return r.which(func(s *Signature) bool { return s.Rebuilt && s.Verified && !s.Present && !s.Attached })
}

// At returns those of Lacking that have the given log indexes, or all of Lacking where none is given. It fails (CodeUsage) where
// nothing at an index can be attached.
func (r *Report) At(indexes []int64) ([]*Signature, error) {
	lacking := r.Lacking()
	if len(indexes) == 0 {
		return lacking, nil
	}
	for _, index := range indexes {
		if !slices.ContainsFunc(lacking, func(s *Signature) bool { return s.LogIndex != nil && *s.LogIndex == index }) {
			return nil, &actions.Error{
				Code: actions.CodeUsage, What: fmt.Sprintf("there is nothing at log index %d that can be brought back", index),
				Next: "look what there is, with --dry-run",
			}
		}
	}
	return slices.DeleteFunc(lacking, func(s *Signature) bool { return s.LogIndex == nil || !slices.Contains(indexes, *s.LogIndex) }), nil
}

// NotRebuildable returns what the registry lacks and cannot be brought back, each with a Reason.
func (r *Report) NotRebuildable() []*Signature {
	return r.which(func(s *Signature) bool { return s.Reason != nil && !s.Present })
}

// Attached returns what this recovery attached.
func (r *Report) Attached() []*Signature {
	return r.which(func(s *Signature) bool { return s.Attached })
}

func (r *Report) which(is func(*Signature) bool) []*Signature {
	var found []*Signature
	for _, s := range r.Signatures {
		if is(s) {
			found = append(found, s)
		}
	}
	return found
}

func (r *Report) order() {
	slices.SortStableFunc(r.Signatures, func(a, b *Signature) int {
		switch {
		case a.LogIndex != nil && b.LogIndex == nil:
			return -1
		case a.LogIndex == nil && b.LogIndex != nil:
			return 1
		case a.LogIndex != nil:
			return cmp.Or(cmp.Compare(*a.LogIndex, *b.LogIndex), cmp.Compare(a.LogID, b.LogID))
		}
		return cmp.Compare(a.signature, b.signature)
	})
}

// reportJSON is the form of `sigwalk recover -o json`. It is stable: fields are added, never renamed or removed.
type reportJSON struct {
	Image  string `json:"image"`
	Digest string `json:"digest"`
	Tag    string `json:"tag"`
	// Before and After are how many signatures the tag held.
	Before  int         `json:"before"`
	After   int         `json:"after"`
	Sources []askedJSON `json:"sources"`
	// Found is every signature that a source knows; Rebuilt those of them that the registry lacked and that verified,
	// Attached those that are there now because of this recovery. None of the lists is ever null.
	Found          []signatureJSON `json:"found"`
	Rebuilt        []signatureJSON `json:"rebuilt"`
	Attached       []signatureJSON `json:"attached"`
	NotRebuildable []signatureJSON `json:"notRebuildable"`
}

type askedJSON struct {
	Source   Source   `json:"source"`
	Address  string   `json:"address"`
	Searched []string `json:"searched,omitempty"`
	Entries  int      `json:"entries"`
	Skipped  string   `json:"skipped,omitempty"`
}

type signatureJSON struct {
	Sources        []Source    `json:"sources"`
	Kind           string      `json:"kind,omitempty"`
	UUID           string      `json:"uuid,omitempty"`
	LogIndex       *int64      `json:"logIndex"` // null without a log entry
	LogID          string      `json:"logID"`
	IntegratedTime *string     `json:"integratedTime"` // RFC 3339 in UTC
	Subject        string      `json:"subject"`
	Issuer         string      `json:"issuer"`
	Key            string      `json:"key,omitempty"`
	Payload        string      `json:"payload"`
	Present        bool        `json:"present"`
	Verified       bool        `json:"verified"`
	Reason         *reasonJSON `json:"reason"`
}

type reasonJSON struct {
	Code actions.Code `json:"code"`
	What string       `json:"what"`
	Why  string       `json:"why"`
	Next string       `json:"next"`
}

// MarshalJSON implements json.Marshaler with the object {image, digest, tag, before, after, sources, found, rebuilt,
// attached, notRebuildable}.
func (r *Report) MarshalJSON() ([]byte, error) {
	out := reportJSON{
		Image: r.Image, Digest: r.Digest.DigestStr(), Tag: r.Tag.TagStr(), Before: r.Before, After: r.After,
		Sources: make([]askedJSON, 0, len(r.Asked)),
		Found:   listJSON(r.Signatures),
		Rebuilt: listJSON(r.which(func(s *Signature) bool { return s.Rebuilt && s.Verified && !s.Present })), Attached: listJSON(r.Attached()),
		NotRebuildable: listJSON(r.NotRebuildable()),
	}
	for _, a := range r.Asked {
		out.Sources = append(out.Sources, askedJSON(a))
	}
	return json.Marshal(out)
}

func listJSON(signatures []*Signature) []signatureJSON {
	out := make([]signatureJSON, 0, len(signatures))
	for _, s := range signatures {
		row := signatureJSON{
			Sources: s.Sources, Kind: s.Kind, UUID: s.UUID, LogIndex: s.LogIndex, LogID: s.LogID, Subject: s.Subject,
			Issuer: s.Issuer, Key: s.Key, Payload: s.Payload, Present: s.Present, Verified: s.Verified,
		}
		if s.Integrated != nil {
			at := s.Integrated.UTC().Format(time.RFC3339)
			row.IntegratedTime = &at
		}
		if s.Reason != nil {
			row.Reason = &reasonJSON{s.Reason.Code, s.Reason.What, s.Reason.Why, s.Reason.Next}
		}
		out = append(out, row)
	}
	return out
}
