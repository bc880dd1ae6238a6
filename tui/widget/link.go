package widget

import (
	"hash/fnv"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/sigwalk/sigwalk/tui/theme"
)

// Link draws text, which may be styled, as a hyperlink to a web address (OSC 8): a terminal that knows none draws the text
// alone. Any other address is no link. The parts of one that is broken over lines belong together by its id.
func Link(t *theme.Theme, address, text string) string {
	u, err := url.Parse(address)
	if !t.Options.Links || err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return text
	}
	address = u.String() // in letters of ASCII
	if !isPlain(address) {
		return text
	}
	id := fnv.New32a()
	_, _ = id.Write([]byte(address))
	return ansi.SetHyperlink(address, "id="+strconv.FormatUint(uint64(id.Sum32()), 36)) + text + ansi.ResetHyperlink()
}

// webAddress begins with its scheme and ends before what cannot be part of one; what is punctuation rather than address at its
// end is left to Linked.
var webAddress = regexp.MustCompile(`https?://[^\x00-\x20\x7f<>"'` + "`" + `|\\^{}…]+`)

// Linked makes hyperlinks of the web addresses in a text, which is clean but for styles. An address that was cut is none.
func Linked(t *theme.Theme, text string) string {
	if !t.Options.Links || !strings.Contains(text, "://") {
		return text
	}
	var out strings.Builder
	from := 0
	for _, at := range webAddress.FindAllStringIndex(text, -1) {
		address := strings.TrimRight(text[at[0]:at[1]], ".,;:!?")
		if !strings.Contains(address, "(") {
			address = strings.TrimRight(address, ").,;:")
		}
		end := at[0] + len(address)
		if strings.HasPrefix(text[end:], "…") {
			continue
		}
		out.WriteString(text[from:at[0]] + Link(t, address, address))
		from = end
	}
	return out.String() + text[from:]
}

var hyperlink = regexp.MustCompile("\x1b\\]8;[^;\a\x1b]*;[^\a\x1b]*(?:\a|\x1b\\\\)")

// Unlinked is a text without its hyperlinks; what they are shown as stays.
func Unlinked(s string) string {
	if !strings.Contains(s, "\x1b]8;") {
		return s
	}
	return hyperlink.ReplaceAllString(s, "")
}

// linkAfter returns the sequence that opened the hyperlink which is open at the end of a line; empty for none. Before is the one
// that was open at its beginning.
func linkAfter(line, before string) string {
	all := hyperlink.FindAllString(line, -1)
	if len(all) == 0 {
		return before
	}
	last := all[len(all)-1]
	if strings.HasPrefix(last, "\x1b]8;;\a") || strings.HasPrefix(last, "\x1b]8;;\x1b") {
		return ""
	}
	return last
}
