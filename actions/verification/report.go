package verification

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/layout"
)

// Verified returns the signatures that verified, in the order of the report.
func (r *Report) Verified() []Signature {
	var verified []Signature
	for i := range r.Signatures {
		if r.Signatures[i].Verified {
			verified = append(verified, r.Signatures[i])
		}
	}
	return verified
}

// Verdict is nil when at least one signature verified; else CodeNoSignatures when there is none, and CodeNoMatch when none
// of those there are verified. The error of a single signature is its Reason, CodeNoCertificate included: cosign 2.6.5
// folds the reasons into one text and so ends with 12 there, too.
func (r *Report) Verdict() error {
	if len(r.Signatures) == 0 {
		e := &actions.Error{
			Code: actions.CodeNoSignatures,
			What: fmt.Sprintf("no %ss found", r.kind()),
			Why:  "nothing is attached to " + r.Digest.String() + ": neither the tag " + tagFor(r.Digest, r.kind().suffix()) + " nor a referrer with a Sigstore bundle",
			Next: "sign it with `cosign sign " + r.Image + "`, or look whether the tag has moved to another digest since it was signed",
		}
		if r.kind() == KindAttestation {
			e.Next = "make one with `cosign attest --predicate FILE --type TYPE " + r.Image + "`, or look whether the tag has moved to another digest since"
		}
		if layout.IsReference(r.Image) {
			e.Why = "nothing is attached to " + r.Image + " (" + r.Digest.DigestStr() + "): neither what `cosign save` keeps beside an image nor a referrer with a Sigstore bundle"
			e.Next = "copy it with its signatures: `cosign save --dir DIR IMAGE` or `sigwalk pack IMAGE`; skopeo and crane leave them behind"
		}
		return e
	}
	var reasons []*actions.Error
	for i := range r.Signatures {
		if r.Signatures[i].Verified {
			return nil
		}
		if reason := r.Signatures[i].Reason; reason != nil {
			reasons = append(reasons, reason)
		}
	}
	return noMatch(reasons, r.kind())
}

// kind is what was sought.
func (r *Report) kind() Kind {
	if r.sought == "" {
		return KindSignature
	}
	return r.sought
}

// noMatch says once what many signatures have in common.
func noMatch(reasons []*actions.Error, kind Kind) error {
	e := &actions.Error{Code: actions.CodeNoMatch, What: fmt.Sprintf("no matching %ss", kind)}
	type group struct {
		text  string
		count int
		first *actions.Error
	}
	var groups []*group
	byText := map[string]*group{}
	for _, reason := range reasons {
		text := reason.Error()
		g, ok := byText[text]
		if !ok {
			g = &group{text: text, first: reason}
			byText[text] = g
			groups = append(groups, g)
		}
		g.count++
	}
	// By whom was asked for, though vouched for by another, is nearer to what was meant than however many signatures by others.
	near := func(g *group) int {
		if g.first.Code == actions.CodeIssuer {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(groups, func(a, b *group) int {
		return cmp.Or(cmp.Compare(near(a), near(b)), cmp.Compare(b.count, a.count))
	})
	const shown = 5
	var lines []string
	for i, g := range groups {
		if i == shown {
			lines = append(lines, fmt.Sprintf("and %d other reasons", len(groups)-shown))
			break
		}
		if g.count > 1 {
			lines = append(lines, fmt.Sprintf("%s (%d %ss)", g.text, g.count, kind))
		} else {
			lines = append(lines, g.text)
		}
	}
	e.Why = strings.Join(lines, "\n ")
	if len(groups) > 0 {
		e.Next = groups[0].first.Next
		e.Err = groups[0].first
	}
	return e
}

// order sorts by log index, those without one last; what ties is settled by what is stored, so that the same image always
// gives the same list.
func order(signatures []Signature) {
	slices.SortStableFunc(signatures, func(a, b Signature) int {
		switch {
		case a.LogIndex != nil && b.LogIndex == nil:
			return -1
		case a.LogIndex == nil && b.LogIndex != nil:
			return 1
		case a.LogIndex != nil:
			if c := cmp.Compare(*a.LogIndex, *b.LogIndex); c != 0 {
				return c
			}
		}
		return cmp.Or(
			cmp.Compare(a.LogID, b.LogID),
			-cmp.Compare(a.Storage, b.Storage), // "tag" before "referrer"
			cmp.Compare(a.Kind.rank(), b.Kind.rank()),
			cmp.Compare(a.Platform, b.Platform),
			cmp.Compare(a.Position, b.Position),
			cmp.Compare(a.Manifest.String(), b.Manifest.String()),
		)
	})
}

// rank orders the kinds.
func (k Kind) rank() int {
	switch k {
	case KindAttestation:
		return 1
	case KindSBOM:
		return 2
	case KindSignature:
	}
	return 0
}

// Rows returns everything that was found as one list, in the order of log index; what has no log entry comes last. The
// same image always gives the same list.
func (r *Report) Rows() []Signature {
	rows := slices.Concat(r.Signatures, r.Attached)
	order(rows)
	return rows
}

// Key tells what is stored apart, from one look to the next: log and index where there is an entry, else what is
// stored.
func (s *Signature) Key() string {
	place := fmt.Sprintf("%s %s %s", s.Image, s.Kind, s.Storage)
	if s.LogIndex != nil {
		return fmt.Sprintf("%s %s/%d", place, s.LogID, *s.LogIndex)
	}
	if s.stored != nil && s.stored.signature != "" {
		return place + " " + s.stored.signature // layers have the same payload, and move up when one before them goes
	}
	return fmt.Sprintf("%s %s/%s", place, s.Manifest, s.Layer)
}
