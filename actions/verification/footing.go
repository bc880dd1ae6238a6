package verification

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sigstore/sigstore-go/pkg/root"

	"github.com/sigwalk/sigwalk/actions"
)

// Footing is what one signature rests on, and whether a trust root knows it. It is a row of `sigwalk trust check -o json`:
// fields are added, never renamed or removed.
type Footing struct {
	LogIndex *int64   `json:"logIndex"`
	Kind     Kind     `json:"kind"`
	Subject  string   `json:"subject"`
	Issuer   string   `json:"issuer"`
	Verified bool     `json:"verified"` // for any identity
	Anchors  []Anchor `json:"anchors"`
}

// FootingOf says for each signature of a report what it rests on.
func FootingOf(report *Report, trusted root.TrustedMaterial) []Footing {
	rows := []Footing{}
	for _, s := range report.Rows() {
		if s.Kind == KindSBOM {
			continue
		}
		rows = append(rows, Footing{s.LogIndex, s.Kind, s.Subject, s.Issuer, s.Verified, s.Anchors(trusted)})
	}
	return rows
}

// FootingError is nil when the trust root knows everything, and otherwise an error with CodeTrustRoot that counts what it lacks.
func FootingError(rows []Footing) error {
	missing := Lacking(rows)
	if missing == 0 {
		return nil
	}
	things := fmt.Sprintf("%d things", missing)
	if missing == 1 {
		things = "1 thing"
	}
	what := "the trust root lacks " + things + " that the signatures rest on"
	if slices.ContainsFunc(rows, func(row Footing) bool {
		return slices.ContainsFunc(row.Anchors, func(a Anchor) bool { return a.Outside != "" })
	}) {
		what += ", or does not trust them for the time in question"
	}
	return &actions.Error{
		Code: actions.CodeTrustRoot, What: what,
		Next: "run `cosign initialize` for the deployment that signed, or compare with its trust root: sigwalk trust diff current FILE",
	}
}

// Lacking counts what a trust root does not hold, or not for the time of the signature.
func Lacking(rows []Footing) int {
	missing := 0
	for _, row := range rows {
		for i := range row.Anchors {
			if !row.Anchors[i].Holds() {
				missing++
			}
		}
	}
	return missing
}

// FootingText is the footing for people.
func FootingText(rows []Footing) string {
	var b strings.Builder
	for _, row := range rows {
		index, who := "-", row.Subject
		if row.LogIndex != nil {
			index = fmt.Sprint(*row.LogIndex)
		}
		if who == "" {
			who = "a key pair"
		}
		fmt.Fprintf(&b, "%s\n", withoutControls(strings.Join([]string{index, string(row.Kind), who, row.Issuer}, "  ")))
		for _, anchor := range row.Anchors {
			switch {
			case !anchor.Known:
				fmt.Fprintf(&b, "  x lacks  %-21s  %s\n", anchor.Part, withoutControls(anchor.Name))
			case anchor.Outside != "":
				fmt.Fprintf(&b, "  x time   %-21s  %s  <- %s: %s\n", anchor.Part, withoutControls(anchor.Name), withoutControls(anchor.Entry), anchor.Outside)
			default:
				fmt.Fprintf(&b, "  ok       %-21s  %s  <- %s\n", anchor.Part, withoutControls(anchor.Name), withoutControls(anchor.Entry))
			}
		}
	}
	return b.String()
}

// withoutControls takes control characters away: what a certificate says must not move the cursor.
func withoutControls(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text)
}

// Divergence is a signature that has one verdict under one trust root and another under a second. Fields are added, never
// renamed or removed: it is part of `sigwalk trust diff -o json`.
type Divergence struct {
	LogIndex *int64 `json:"logIndex"`
	Subject  string `json:"subject"`
	Issuer   string `json:"issuer"`
	// A and B are empty where it verified under that root, and else why not.
	A string `json:"a"`
	B string `json:"b"`
}

// Diverging compares the reports of one image under two trust roots.
func Diverging(a, b *Report) []Divergence {
	var differ []Divergence
	for i := range a.Signatures {
		first := &a.Signatures[i]
		for j := range b.Signatures {
			second := &b.Signatures[j]
			if first.Manifest != second.Manifest || first.Position != second.Position || first.Verified == second.Verified {
				continue
			}
			d := Divergence{LogIndex: first.LogIndex, Subject: first.Subject, Issuer: first.Issuer}
			if !first.Verified {
				d.A = first.Reason.Error()
			}
			if !second.Verified {
				d.B = second.Reason.Error()
			}
			differ = append(differ, d)
		}
	}
	return differ
}

// DivergenceText says for people what differs between the trust roots a and b for an image.
func DivergenceText(differ []Divergence, image, a, b string) string {
	if len(differ) == 0 {
		return fmt.Sprintf("\nevery signature of %s has the same verdict under both\n", image)
	}
	var out strings.Builder
	for _, d := range differ {
		index := "-"
		if d.LogIndex != nil {
			index = fmt.Sprint(*d.LogIndex)
		}
		fmt.Fprintf(&out, "\n%s\n", withoutControls(strings.Join([]string{index, d.Subject, d.Issuer}, "  ")))
		for _, side := range []struct{ name, why string }{{a, d.A}, {b, d.B}} {
			if side.why == "" {
				fmt.Fprintf(&out, "  verified under %s\n", side.name)
			} else {
				fmt.Fprintf(&out, "  not under %s: %s\n", side.name, withoutControls(side.why))
			}
		}
	}
	return out.String()
}
