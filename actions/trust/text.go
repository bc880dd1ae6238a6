package trust

import (
	"fmt"
	"strings"
	"time"

	"github.com/sigwalk/sigwalk/actions/printable"
)

// Text is what the contents are, for `sigwalk trust`: each part with its validity, in lines that end with a line end. It
// holds no colour.
func (c *Contents) Text() string {
	var b strings.Builder
	authorities := func(title string, list []Authority) {
		fmt.Fprintf(&b, "%s\n", title)
		for i := range list {
			a := &list[i]
			fmt.Fprintf(&b, "  %s  %s\n", plainLine(orNone(a.URI)), a.Period)
			for _, cert := range a.Chain {
				fmt.Fprintf(&b, "    %s  %s to %s  sha256 %s\n", plainLine(cert.Subject), day(cert.NotBefore), day(cert.NotAfter), cert.SHA256)
			}
		}
		none(&b, len(list))
	}
	logs := func(title string, list []Log) {
		fmt.Fprintf(&b, "%s\n", title)
		for _, log := range list {
			fmt.Fprintf(&b, "  %s  %s\n    id %s  %s\n", plainLine(orNone(log.URL)), log.Period, log.ID, log.Key)
		}
		none(&b, len(list))
	}
	authorities("certificate authorities (who may issue certificates to signers)", c.Authorities)
	logs("transparency logs (who may witness signatures)", c.Logs)
	logs("certificate logs (who may witness certificates)", c.CTLogs)
	authorities("timestamp authorities (who may say when)", c.Stamps)
	return b.String()
}

// String is a period for people.
func (p Period) String() string {
	switch {
	case p.From == nil && p.Until == nil:
		return "valid without limit"
	case p.Until == nil:
		return "valid from " + day(*p.From)
	case p.From == nil:
		return "valid until " + day(*p.Until)
	}
	return "valid from " + day(*p.From) + " to " + day(*p.Until)
}

func day(t time.Time) string { return t.UTC().Format("2006-01-02") }

func orNone(uri string) string {
	if uri == "" {
		return "(no address)"
	}
	return uri
}

func none(b *strings.Builder, n int) {
	if n == 0 {
		b.WriteString("  none\n")
	}
}

// plainLine keeps what a certificate says on its line, and from steering a terminal.
func plainLine(text string) string {
	return printable.Line(text, '?')
}
