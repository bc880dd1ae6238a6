package verification

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/sigwalk/sigwalk/actions"
)

// knownEntry is a log entry with its proof as it is kept in a file. Bytes are base64, but for what other tools show in hex too.
type knownEntry struct {
	LogID          string `json:"logID"` // hex
	LogIndex       int64  `json:"logIndex"`
	Body           []byte `json:"body"`
	InclusionProof struct {
		LogIndex   int64    `json:"logIndex"` // in the shard
		TreeSize   int64    `json:"treeSize"`
		RootHash   []byte   `json:"rootHash"`
		Hashes     [][]byte `json:"hashes"`
		Checkpoint string   `json:"checkpoint"`
	} `json:"inclusionProof"`
}

// Proofs are the log entries of the report whose proofs were fetched (FetchProofs) and verify, as JSON for AddProofs, and how many
// there are. lacking is how many signatures carry an entry without a proof that could be had.
func (r *Report) Proofs() (content []byte, found, lacking int, err error) {
	entries := []knownEntry{}
	for i := range r.Signatures {
		s := &r.Signatures[i]
		if s.Entry == nil {
			continue
		}
		switch c := s.Check(CheckProof); {
		case s.Entry.Proof == nil:
			lacking++
		case s.Entry.Fetched && c.State == CheckOK:
			p := s.Entry.Proof
			known := knownEntry{LogID: s.Entry.LogID, LogIndex: s.Entry.Index, Body: s.Entry.Body}
			known.InclusionProof.LogIndex, known.InclusionProof.TreeSize = p.Index, p.TreeSize
			known.InclusionProof.RootHash, known.InclusionProof.Hashes, known.InclusionProof.Checkpoint = p.RootHash, p.Hashes, p.Checkpoint
			entries = append(entries, known)
		}
	}
	content, err = json.MarshalIndent(entries, "", "  ")
	return append(content, '\n'), len(entries), lacking, err
}

// AddProofs gives signatures that carry no inclusion proof those of a file that Proofs made, and checks them as those that the
// log answers with: nothing in the file is believed. It explains the report first, and changes no verdict. It fails with CodeFormat
// when the file cannot be read, or when ctx ends.
func (r *Report) AddProofs(ctx context.Context, content []byte) error {
	var entries []knownEntry
	if err := json.Unmarshal(content, &entries); err != nil {
		return &actions.Error{
			Code: actions.CodeFormat, What: "the inclusion proofs that came with it cannot be read", Why: err.Error(), Err: err, Next: nextTampered,
		}
	}
	if err := r.Explain(ctx); err != nil {
		return err
	}
	known := map[string]*knownEntry{}
	for i := range entries {
		known[entryKey(entries[i].LogID, entries[i].LogIndex)] = &entries[i]
	}
	for i := range r.Signatures {
		s := &r.Signatures[i]
		if s.Entry == nil || s.Entry.Proof != nil || s.Check(CheckProof).Code != actions.CodeNoProof {
			continue
		}
		if entry := known[entryKey(s.Entry.LogID, s.Entry.Index)]; entry != nil {
			c := guarded(CheckProof, func() Check { return s.examination.knownProof(s, entry) })
			c.ID = CheckProof
			s.setCheck(c.ours())
		}
	}
	return ctx.Err()
}

func entryKey(id string, index int64) string { return fmt.Sprintf("%s %d", strings.ToLower(id), index) }

func (x *examination) knownProof(s *Signature, entry *knownEntry) Check {
	e := &evidence{x: x, s: s}
	if !bytes.Equal(entry.Body, s.Entry.Body) {
		return failed(actions.CodeProof, fmt.Sprintf("the proof that came with it is for another entry at index %d", s.Entry.Index), nextTampered).
			sides(Value{"entry " + fingerprint(s.Entry.Body), e.place("log entry")}, Value{"entry " + fingerprint(entry.Body), "answer of the log"})
	}
	p := entry.InclusionProof
	merged := *s.Entry
	merged.Proof = &InclusionProof{Index: p.LogIndex, TreeSize: p.TreeSize, RootHash: p.RootHash, Hashes: p.Hashes, Checkpoint: p.Checkpoint}
	merged.Fetched = true
	s.Entry = &merged
	return e.checkProof(&merged)
}
