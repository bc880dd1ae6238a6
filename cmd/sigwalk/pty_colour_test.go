//go:build unix

package main

import (
	"regexp"
	"testing"
)

// colour is a sequence that sets a colour of the text or of what is behind it: 30 to 38, 40 to 48, 90 to 97 and 100 to
// 107, alone or among others (ECMA-48, SGR, and its bright extension).
var colour = regexp.MustCompile("\x1b\\[(?:[0-9]+[;:])*(?:[34][0-8]|9[0-7]|10[0-7])(?:[;:][0-9]+)*m")

// TestNoColour holds that a person who wants no colours (https://no-color.org) gets none, and that others get some: the
// check sees them.
func TestNoColour(t *testing.T) {
	for _, c := range []struct {
		name string
		env  []string
		want bool
	}{
		{"in colour", nil, true},
		{"NO_COLOR", []string{"NO_COLOR=1", "COLORTERM=truecolor"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := open(t, setting{env: c.env})
			m.see("1 Copy the image", "enter runs the command")
			m.press("?")
			m.see("closes")
			m.press("?", "q")
			m.end()
			if found := colour.FindString(m.wrote()); (found != "") != c.want {
				t.Errorf("found the sequence %q", found)
			}
		})
	}
}
