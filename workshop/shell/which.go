package shell

import (
	"context"
	"fmt"

	"github.com/sigwalk/sigwalk/workshop/shell/builtin"
)

// which answers `command -v NAME` and `type NAME` for the commands of the workshop.
func (s *Shell) which(_ context.Context, call *builtin.Call) error {
	how, names := call.Args[0], call.Args[1:]
	if how == "command" {
		names = names[1:]
	}
	missing := false
	for _, name := range names {
		switch {
		case !s.knows(name):
			missing = true
			if how == "type" {
				_, _ = fmt.Fprintf(call.Stderr, "type: %s: not found\n", name)
			}
		case how == "type":
			_, _ = fmt.Fprintf(call.Stdout, "%s is built into the workshop shell\n", name)
		default:
			_, _ = fmt.Fprintln(call.Stdout, name)
		}
	}
	if missing {
		return builtin.Exit(1)
	}
	return nil
}
