// Package changes says what happened to an image's signatures between two looks: what was signed, what was lost, whether the
// tag was moved to another digest.
package changes

import (
	"fmt"
	"slices"
	"time"

	"github.com/sigwalk/sigwalk/actions/verification"
)

// Row is one signature or attachment as it was seen.
type Row struct {
	Key      string `json:"key"`             // tells it apart from the others, from look to look
	Image    string `json:"image,omitempty"` // digest that it is attached to
	Kind     string `json:"kind"`
	Platform string `json:"platform,omitempty"`
	LogIndex *int64 `json:"logIndex"` // null without a log entry
	Subject  string `json:"subject"`
	Issuer   string `json:"issuer"`
	Verified bool   `json:"verified"`
}

// Look is what was seen of an image.
type Look struct {
	Image  string    `json:"image"`
	Digest string    `json:"digest"` // that the image's name led to
	At     time.Time `json:"at"`
	Rows   []Row     `json:"rows"` // never null
}

// LookOf is what a report shows.
func LookOf(report *verification.Report, now time.Time) Look {
	look := Look{Image: report.Image, Digest: report.Digest.DigestStr(), At: now.UTC(), Rows: []Row{}}
	rows := report.Rows()
	for i := range rows {
		s := &rows[i]
		row := Row{
			Key: s.Key(), Kind: string(s.Kind), Platform: s.Platform, LogIndex: s.LogIndex, Subject: s.Subject, Issuer: s.Issuer, Verified: s.Verified,
		}
		if s.Image.Hex != "" {
			row.Image = s.Image.String()
		}
		if row.Kind == "" {
			row.Kind = string(verification.KindSignature)
		}
		look.Rows = append(look.Rows, row)
	}
	return look
}

// Diff is what is different between two looks.
type Diff struct {
	Since time.Time `json:"since"`
	// From and To are the digests where the name leads to another one now; both are empty where it does not.
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
	// Signed came, and Lost went. What belongs to a digest that the name has left is not lost: it is there still, beside that
	// digest. Changed are there still and came out otherwise.
	Signed  []Row `json:"signed"`
	Lost    []Row `json:"lost"`
	Changed []Row `json:"changed"`
}

// Compare says what is different in after. Of rows with the same key, of which there may be several where something is
// stored twice, it compares the number.
func Compare(before, after Look) Diff {
	d := Diff{Since: before.At, Signed: []Row{}, Lost: []Row{}, Changed: []Row{}}
	if before.Digest != after.Digest {
		d.From, d.To = before.Digest, after.Digest
	}
	had := map[string][]Row{}
	for _, row := range before.Rows {
		had[row.Key] = append(had[row.Key], row)
	}
	for _, row := range after.Rows {
		same := had[row.Key]
		if len(same) == 0 {
			d.Signed = append(d.Signed, row)
			continue
		}
		if same[0].Verified != row.Verified {
			d.Changed = append(d.Changed, row)
		}
		had[row.Key] = same[1:]
	}
	for _, row := range before.Rows {
		left := had[row.Key]
		if len(left) == 0 || d.From != "" && row.Image == d.From {
			continue
		}
		d.Lost = append(d.Lost, left[0])
		had[row.Key] = left[1:]
	}
	return d
}

// None reports that nothing is different.
func (d Diff) None() bool { return d.From == "" && len(d.Signed)+len(d.Lost)+len(d.Changed) == 0 }

// Line is a row in a few words: what, log index, who, and how it came out.
func (r Row) Line() string {
	index, who := "without a log entry", r.Subject
	if r.LogIndex != nil {
		index = fmt.Sprint(*r.LogIndex)
	}
	if who == "" {
		who = "a key pair"
	}
	text, signed := fmt.Sprintf("%s %s by %s", r.Kind, index, who), true
	if r.Kind == string(verification.KindSBOM) {
		text, signed = r.Kind+" that nobody signed", false
	}
	if r.Platform != "" {
		text += " on " + r.Platform
	}
	if signed && !r.Verified {
		text += ", not verified"
	}
	return text
}

// Lines says in words what is different, a line each, moved first and what was lost before what came.
func (d Diff) Lines() []string {
	var lines []string
	if d.From != "" {
		lines = append(lines, fmt.Sprintf("moved   from %s to %s", d.From, d.To))
	}
	for _, part := range []struct {
		word string
		rows []Row
	}{{"lost   ", d.Lost}, {"signed ", d.Signed}, {"changed", d.Changed}} {
		for _, row := range part.rows {
			lines = append(lines, part.word+" "+row.Line())
		}
	}
	return slices.Clip(lines)
}
