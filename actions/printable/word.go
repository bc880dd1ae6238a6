package printable

import "strings"

// Word is text as one word of a POSIX shell (IEEE Std 1003.1, "Quoting"), for a command line that is shown to be pasted: what
// stands in a certificate runs nothing there. Characters that act are question marks.
func Word(text string) string {
	text = Line(text, '?')
	if text != "" && !strings.ContainsFunc(text, needsQuotes) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

func needsQuotes(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("@%+=:,./-_", r)
}
