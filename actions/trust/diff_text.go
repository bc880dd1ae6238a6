package trust

import (
	"fmt"
	"strings"
)

// ChangesText says for people what differs between two trust roots.
func ChangesText(changes []Change) string {
	if len(changes) == 0 {
		return "the two trust roots hold the same\n"
	}
	var b strings.Builder
	for _, c := range changes {
		name := strings.Map(func(r rune) rune {
			if r < ' ' || r == 0x7f {
				return ' '
			}
			return r
		}, c.Name)
		fmt.Fprintf(&b, "%s %s: %s\n", c.What, c.Part, name)
		if c.Name != c.ID {
			fmt.Fprintf(&b, "  id      %s\n", c.ID)
		}
		if c.Before != nil {
			fmt.Fprintf(&b, "  before  %s\n", c.Before)
		}
		if c.After != nil {
			fmt.Fprintf(&b, "  after   %s\n", c.After)
		}
		fmt.Fprintf(&b, "  means   %s\n", c.Means)
	}
	return b.String()
}
