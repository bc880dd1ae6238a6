// Package export writes a report in the forms that people pass on: as a table or as values parted by tabs, as JSON of our
// own shape or of cosign's, and as a report in Markdown or HTML with every check of every signature.
package export

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/printable"
	"github.com/sigwalk/sigwalk/actions/verification"
)

// Form is how a report is written.
type Form string

// The forms.
const (
	Table    Form = "table"    // columns of text
	TSV      Form = "tsv"      // values parted by tabs
	JSON     Form = "json"     // verification.Report, with every check
	Cosign   Form = "cosign"   // the array that `cosign verify` writes: the signatures that verified
	Markdown Form = "markdown" // for an issue or a merge request
	HTML     Form = "html"     // one file without anything from elsewhere
)

// endings are the endings of file names by form, the longer before the shorter.
var endings = []struct {
	ending string
	form   Form
}{
	{".cosign.json", Cosign},
	{".json", JSON},
	{".html", HTML},
	{".htm", HTML},
	{".markdown", Markdown},
	{".md", Markdown},
	{".tsv", TSV},
	{".txt", Table},
}

// FormOf returns the form that the ending of a file name stands for. It fails with CodeUsage.
func FormOf(name string) (Form, error) {
	for _, e := range endings {
		if strings.HasSuffix(strings.ToLower(name), e.ending) && len(name) > len(e.ending) {
			return e.form, nil
		}
	}
	return "", &actions.Error{
		Code: actions.CodeUsage, What: fmt.Sprintf("%q says no form", name),
		Next: "end it in .html, .md, .json, .cosign.json, .tsv or .txt",
	}
}

// Options say what is written.
type Options struct {
	Form Form
	// All writes the rows that did not verify into Table and TSV, too; the other forms but Cosign always have them.
	All   bool
	Clock actions.Clock
}

// Write writes a report. The forms that hold checks make them on the report itself. It fails when ctx ends, or with the
// error of w.
func Write(ctx context.Context, w io.Writer, report *verification.Report, opts Options) error {
	switch opts.Form {
	case Table:
		return table(w, report, opts.All)
	case TSV:
		return tsv(w, report, opts.All)
	case Cosign:
		text, err := verification.CosignJSON(report)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(w, "%s\n", printable.JSON(text))
		return err
	case JSON, Markdown, HTML:
	default:
		return &actions.Error{Code: actions.CodeUsage, What: fmt.Sprintf("a report has no form %q", opts.Form)}
	}
	if err := report.Explain(ctx); err != nil {
		return err
	}
	if opts.Form == JSON {
		return report.WriteJSON(ctx, w)
	}
	if opts.Form == HTML {
		return page(w, contentOf(report, opts.Clock.Now()))
	}
	return markdown(w, contentOf(report, opts.Clock.Now()))
}

func table(w io.Writer, report *verification.Report, all bool) error {
	columns := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	if err := lines(columns, report, all, who); err != nil {
		return err
	}
	return columns.Flush()
}

func tsv(w io.Writer, report *verification.Report, all bool) error {
	return lines(w, report, all, func(s *verification.Signature) string { return s.Subject })
}

// who is the subject for people: a key pair has none, which is no defect.
func who(s *verification.Signature) string {
	switch {
	case s.Subject != "":
		return plain(s.Subject)
	case s.Kind == verification.KindSBOM:
		return "(nobody signed it)"
	case s.Certificate == nil:
		return "(a key, no identity)"
	}
	return ""
}

func lines(w io.Writer, report *verification.Report, all bool, subject func(*verification.Signature) string) error {
	rows, header := report.Verified(), []string{"logIndex", "Subject", "Issuer"}
	if all {
		rows, header = report.Signatures, append(header, "Verified", "Reason")
	}
	if _, err := fmt.Fprintln(w, strings.Join(header, "\t")); err != nil {
		return err
	}
	for i := range rows {
		cells := Cells(&rows[i], all)
		cells[1] = plain(subject(&rows[i]))
		if _, err := fmt.Fprintln(w, strings.Join(cells, "\t")); err != nil {
			return err
		}
	}
	return nil
}

// Cells are those of one row: log index ("-" without an entry), subject and issuer; with all, whether it verified, and why
// not.
func Cells(s *verification.Signature, all bool) []string {
	row := []string{index(s), s.Subject, s.Issuer}
	if all {
		reason := ""
		if s.Reason != nil {
			reason = s.Reason.Error()
		}
		row = append(row, fmt.Sprint(s.Verified), reason)
	}
	for i := range row {
		row[i] = plain(row[i])
	}
	return row
}

// plain keeps what a certificate or a registry says from breaking a line, and from reaching a terminal raw.
func plain(text string) string {
	return printable.Line(text, ' ')
}

func index(s *verification.Signature) string {
	if s.LogIndex == nil {
		return "-"
	}
	return fmt.Sprint(*s.LogIndex)
}
