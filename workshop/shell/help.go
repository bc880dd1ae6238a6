package shell

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/sigwalk/sigwalk/workshop/shell/builtin"
)

// help shows the endpoints in force, where each came from, and the commands that are built in.
func (s *Shell) help(_ context.Context, call *builtin.Call) error {
	var b strings.Builder
	b.WriteString("Endpoints in force\n")
	list := call.Environment.Explain()
	wide, wider := 0, 0
	for _, e := range list {
		wide, wider = max(wide, len(e.Title)), max(wider, len(e.Variable))
	}
	for _, e := range list {
		text := "(not set)"
		if e.Value != "" {
			text = e.Value
			if e.Source != "" {
				text += "  from " + string(e.Source)
			}
		}
		fmt.Fprintf(&b, "  %-*s  %-*s  %s\n", wide, e.Title, wider, e.Variable, text)
	}
	b.WriteString("\nBuilt in\n")
	names := Builtins()
	wide = 0
	for _, name := range names {
		wide = max(wide, len(name))
	}
	for _, name := range names {
		summary := "run a script of the lesson"
		if c, ok := s.commands[name]; ok {
			summary = c.Summary()
		} else if name == "help" {
			summary = "this list"
		}
		fmt.Fprintf(&b, "  %-*s  %s\n", wide, name, summary)
	}
	b.WriteString("\nThe shell's own (cd, echo, export, printf, read, source, test and so on) work as in bash.\n")
	_, err := io.WriteString(call.Stdout, b.String())
	return err
}

// Builtins lists the names of the built-in commands, sorted.
func Builtins() []string {
	names := []string{"help", "sh", "bash"}
	for _, c := range commands() {
		names = append(names, c.Name())
	}
	slices.Sort(names)
	return names
}
