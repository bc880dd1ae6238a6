package signatures

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/tui/theme"
	"github.com/sigwalk/sigwalk/tui/widget"
)

// logSection is the section about the entry in the transparency log: what it says, and the way from it to the checkpoint.
// At is the entry's address, where one is known.
func logSection(t *theme.Theme, s *verification.Signature, at func(index int64) string, width int) []string {
	p := newPage(t, width)
	e := s.Entry
	if e == nil {
		switch {
		case s.LogIndex == nil:
			p.Say("It carries no log entry: nothing shows that it was made in public, and nothing but a time stamp could prove when.")
		case len(s.Checks) == 0:
			p.Fact("log entry", logEntry(s))
			p.Note("The entry is being read.")
		default:
			p.Fact("log entry", logEntry(s))
		}
		p.logChecks(s)
		return p.Lines
	}
	index := fmt.Sprintf("%d", e.Index)
	if e.Proof != nil && e.Proof.Index != e.Index {
		index += fmt.Sprintf(" over all shards, %d in its shard", e.Proof.Index)
	}
	p.Fact("index", index)
	p.Fact("log", e.LogID)
	if at != nil {
		p.Fact("address", at(e.Index))
	}
	if !e.Integrated.IsZero() {
		p.Fact("integrated", e.Integrated.UTC().Format(stamp))
	} else {
		p.Fact("integrated", "no time: a log of the second generation keeps none")
	}
	p.Fact("kind", strings.TrimSpace(e.Kind+" "+e.Version))
	came := "with the signature"
	if e.Fetched {
		came = "from the log, asked now"
	}
	p.Fact("came", came)
	p.logChecks(s)
	p.Blank()
	p.merkle(e, s)
	p.Blank()
	p.Title("Body")
	p.Document(verification.Indented(e.Body))
	return p.Lines
}

// logChecks are what was found out about the entry.
func (p *page) logChecks(s *verification.Signature) {
	for _, id := range []verification.CheckID{
		verification.CheckLogEntry, verification.CheckLogPayload, verification.CheckSET, verification.CheckProof,
	} {
		c := s.Check(id)
		if c.ID == "" {
			continue
		}
		p.Lines = append(p.Lines, widget.Hang(checkGlyph(p.Theme, c.State)+" "+widget.Fit(string(id), 11, "")+" ", widget.Clean(c.What), p.Width)...)
	}
}

// merkle draws the way from the entry to the root hash, recomputed step by step (RFC 6962, 2.1.1).
func (p *page) merkle(e *verification.LogEntry, s *verification.Signature) {
	check := s.Check(verification.CheckProof)
	proof := e.Proof
	if proof == nil {
		p.Title("Inclusion proof: not carried")
		if s.Storage == verification.StoredInTag {
			p.Note("A signature in a tag carries the log's promise (SET) and no proof that it was kept. P asks the log for it.")
		} else {
			p.Note("A bundle of version 0.1 carries the log's promise (SET), and need not carry a proof that it was kept.")
		}
		return
	}
	p.Title(fmt.Sprintf("Inclusion proof: leaf %d of %d", proof.Index, proof.TreeSize))
	const digits = 16
	short := func(hash []byte) string { return hex.EncodeToString(hash[:min(len(hash), digits/2)]) }
	line := func(glyph, hash, text string) {
		p.Lines = append(p.Lines, widget.Cut(fmt.Sprintf("%s %s  %s", glyph, hash, text), p.Width, p.Theme.Lines.More))
	}
	l := p.Theme.Lines
	leaf := e.LeafHash()
	line("  ", short(leaf), "leaf: SHA-256 of 00 and the body")
	steps, whole := proof.Path(leaf)
	for i, step := range steps {
		sibling := step.Right
		if step.FromProof == verification.LeftSide {
			sibling = step.Left
		}
		line(l.Left+l.H, short(sibling), fmt.Sprintf("from the proof, on the %s", step.FromProof))
		line(l.V+" ", short(step.Hash), fmt.Sprintf("step %d: SHA-256 of 01, left, right", i+1))
	}
	root := leaf
	if len(steps) > 0 {
		root = steps[len(steps)-1].Hash
	}
	state := func(ok bool) string {
		if ok {
			return checkGlyph(p.Theme, verification.CheckOK)
		}
		return checkGlyph(p.Theme, verification.CheckFailed)
	}
	switch {
	case !whole:
		p.Lines = append(p.Lines, state(false)+" the proof has not the number of hashes that index and size ask for")
	default:
		line(l.BottomLeft+l.H, short(root), "root hash, recomputed")
	}
	p.Lines = append(p.Lines, widget.Hang(state(whole && bytes.Equal(root, proof.RootHash))+" ", "the proof says "+short(proof.RootHash), p.Width)...)
	origin, size, hash := checkpoint(proof.Checkpoint)
	if hash == nil {
		p.Note("The proof names no checkpoint that can be read.")
		return
	}
	p.Lines = append(p.Lines, widget.Hang(state(whole && bytes.Equal(root, hash))+" ", "the checkpoint says "+short(hash)+", for "+widget.Clean(size)+" entries", p.Width)...)
	p.Fact("checkpoint", origin)
	if check.ID != "" {
		p.Lines = append(p.Lines, widget.Hang(checkGlyph(p.Theme, check.State)+" ", widget.Clean(check.What), p.Width)...)
	}
}

// checkpoint reads the three lines of a checkpoint (C2SP tlog-checkpoint): origin, size, root hash in base64.
func checkpoint(note string) (origin, size string, hash []byte) {
	lines := strings.SplitN(note, "\n", 4)
	if len(lines) < 3 {
		return "", "", nil
	}
	hash, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil {
		return "", "", nil
	}
	return lines[0], lines[1], hash
}
