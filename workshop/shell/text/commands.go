package text

import "github.com/sigwalk/sigwalk/workshop/shell/builtin"

// Commands returns the tools of this package.
func Commands() []builtin.Builtin {
	return []builtin.Builtin{Column{}}
}
