// Package printable keeps what others wrote, such as the subject of a certificate, an annotation or a registry's message, from
// doing anything on a terminal or in a document but being read.
package printable

import (
	"fmt"
	"strings"
	"unicode"
)

// Acts reports whether a character does something other than be shown: it moves the cursor or begins an escape sequence (C0,
// DEL and C1 controls, which terminals take from UTF-8, too), ends a line or a paragraph, changes the direction of the text
// around it, so that a subject looks like another (Unicode Technical Report 36, "Bidirectional Text Spoofing"), or is not seen at
// all between two letters.
func Acts(r rune) bool {
	switch {
	case unicode.IsControl(r), r == '\u2028', r == '\u2029':
		return true
	case r == '\u061C', r == '\u200E', r == '\u200F', r >= '\u202A' && r <= '\u202E', r >= '\u2066' && r <= '\u2069':
		return true
	}
	return r == '\u00AD' || r == '\u200B' || r == '\u2060' || r == '\uFEFF'
}

// Line is text on one line, with instead in the place of each character that acts.
func Line(text string, instead rune) string {
	return strings.Map(func(r rune) rune {
		if Acts(r) {
			return instead
		}
		return r
	}, text)
}

// Lines is Line for text of several lines, whose line breaks and tabs are our own.
func Lines(text string, instead rune) string {
	return strings.Map(func(r rune) rune {
		if Acts(r) && r != '\n' && r != '\t' {
			return instead
		}
		return r
	}, text)
}

// JSON is a JSON text (RFC 8259) with the same values, in which each character that acts is written as an escape. What encoding/json writes has
// those above U+007E as they are, and they stand in strings alone.
func JSON(text []byte) []byte {
	if !hasForeign(text) {
		return text
	}
	var b strings.Builder
	b.Grow(len(text))
	for _, r := range string(text) {
		if r >= 0x7f && Acts(r) { // those below 0x20 are line breaks between values, or escaped already
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return []byte(b.String())
}

func hasForeign(text []byte) bool {
	for _, c := range text {
		if c >= 0x7f {
			return true
		}
	}
	return false
}
