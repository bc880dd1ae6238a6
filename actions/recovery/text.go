package recovery

import (
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/sigwalk/sigwalk/actions/printable"
)

// FoundText says for people who signed, as far as the sources know, and what is there.
func (r *Report) FoundText() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s holds %s\n", r.Digest.Name(), r.Tag.TagStr(), counted(r.Before))
	for _, asked := range r.Asked {
		where := string(asked.Source)
		if asked.Address != "" {
			where += " at " + asked.Address
		}
		if asked.Skipped != "" {
			fmt.Fprintf(&b, "%s: not asked, %s\n", where, asked.Skipped)
			continue
		}
		fmt.Fprintf(&b, "%s: %d found\n", where, asked.Entries)
	}
	if len(r.Signatures) == 0 {
		return b.String()
	}
	b.WriteString("\n")
	w := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "logIndex\tSigned by\tAt\tSource\tState")
	for _, s := range r.Signatures {
		row := []string{"-", s.Signer(), "-", s.SourceNames(), s.State()}
		if s.LogIndex != nil {
			row[0] = strconv.FormatInt(*s.LogIndex, 10)
		}
		if s.Integrated != nil {
			row[2] = s.Integrated.UTC().Format(time.RFC3339)
		}
		_, _ = fmt.Fprintln(w, printable.Lines(strings.Join(row, "\t"), ' '))
	}
	_ = w.Flush() // into memory
	b.WriteString("\n")
	return b.String()
}

// Signer is who signed, in a word: the subject of the certificate, the key, or "unknown".
func (s *Signature) Signer() string {
	const shown = 16
	switch {
	case s.Subject != "":
		return s.Subject
	case s.Key != "":
		return "key " + s.Key[:shown]
	}
	return "unknown"
}

// SourceNames are the sources that know it, for people.
func (s *Signature) SourceNames() string {
	names := make([]string, len(s.Sources))
	for i, source := range s.Sources {
		names[i] = string(source)
	}
	return strings.Join(names, ", ")
}

// State says in a sentence where the signature stands.
func (s *Signature) State() string {
	switch {
	case s.Present:
		return "there"
	case s.Attached:
		return "brought back"
	case s.Reason != nil:
		return "cannot be brought back: " + s.Reason.Error()
	}
	return "lost, can be brought back"
}

// DoneText says for people what was attached, or after a look alone what could be.
func (r *Report) DoneText(lookedOnly bool) string {
	attached, lacking := len(r.Attached()), len(r.Lacking())
	switch {
	case attached > 0:
		return fmt.Sprintf("attached %d; %s holds %s now\n", attached, r.Tag.TagStr(), counted(r.After))
	case lacking > 0 && lookedOnly:
		return fmt.Sprintf("%d can be brought back; nothing was changed\n", lacking)
	}
	return "nothing to bring back; nothing was changed\n"
}
