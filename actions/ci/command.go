package ci

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// command is a simple command of a script: its words as written, without quotes.
type command struct {
	words []string
	line  int
	// into is the file that its output goes to; empty for none.
	into string
	// piped says that its output goes to another command, or into a variable.
	piped bool
	// assigns are the variables that the line sets before it, by name.
	assigns []string
}

// expression is what GitHub replaces before a shell sees the text.
var expression = regexp.MustCompile(`\$\{\{.*?\}\}`)

// mark stands for an expression of GitHub's, which no shell could read, with its number.
var mark = regexp.MustCompile("\u2983(\\d+)\u2984")

// commands returns the simple commands of a script in order. Of a text that is no shell syntax it returns what was read
// until there.
func commands(s script) []command {
	var held []string
	source := expression.ReplaceAllStringFunc(s.text, func(e string) string {
		held = append(held, e)
		return fmt.Sprintf("\u2983%d\u2984", len(held)-1)
	})
	restored := func(word string) string {
		return mark.ReplaceAllStringFunc(word, func(m string) string {
			if n, err := strconv.Atoi(mark.FindStringSubmatch(m)[1]); err == nil && n < len(held) {
				return held[n]
			}
			return m
		})
	}
	file, err := syntax.NewParser(syntax.Variant(syntax.LangBash), syntax.RecoverErrors(16)).Parse(strings.NewReader(source), "")
	if file == nil || (err != nil && len(file.Stmts) == 0) {
		return nil
	}
	var all []command
	printer := syntax.NewPrinter()
	plain := func(word *syntax.Word) string {
		var b strings.Builder
		if printer.Print(&b, word) != nil {
			return ""
		}
		return restored(unquoted(b.String()))
	}
	piped := map[*syntax.Stmt]bool{}
	syntax.Walk(file, func(node syntax.Node) bool {
		switch n := node.(type) {
		case *syntax.BinaryCmd:
			if n.Op == syntax.Pipe || n.Op == syntax.PipeAll {
				piped[n.X] = true
			}
		case *syntax.CmdSubst:
			for _, inner := range n.Stmts {
				piped[inner] = true
			}
		}
		stmt, ok := node.(*syntax.Stmt)
		if !ok {
			return true
		}
		call, ok := stmt.Cmd.(*syntax.CallExpr)
		if !ok {
			return true
		}
		c := command{line: s.line, piped: piped[stmt]}
		if !s.folded {
			c.line += int(stmt.Pos().Line()) - 1
		}
		for _, a := range call.Assigns {
			if a.Name != nil {
				c.assigns = append(c.assigns, a.Name.Value)
			}
		}
		for _, word := range call.Args {
			c.words = append(c.words, plain(word))
		}
		for _, r := range stmt.Redirs {
			if (r.Op == syntax.RdrOut || r.Op == syntax.AppOut) && r.Word != nil {
				c.into = plain(r.Word)
			}
		}
		all = append(all, c)
		return true
	})
	return all
}

// unquoted takes the quotes off a word.
func unquoted(word string) string { return strings.NewReplacer(`"`, "", `'`, "").Replace(word) }

// flag returns the value of a flag of a command, in either form, and whether it is there.
func (c *command) flag(names ...string) (string, bool) {
	for i, word := range c.words {
		name, value, joined := strings.Cut(word, "=")
		for _, want := range names {
			switch {
			case name != want:
			case joined:
				return value, true
			case i+1 < len(c.words):
				return c.words[i+1], true
			default:
				return "", true
			}
		}
	}
	return "", false
}

// cosign returns the sub-command of a command that calls cosign; empty for another program.
func (c *command) cosign() string {
	if len(c.words) == 0 {
		return ""
	}
	program := c.words[0]
	if program[strings.LastIndexByte(program, '/')+1:] != "cosign" {
		return ""
	}
	for _, word := range c.words[1:] {
		if !strings.HasPrefix(word, "-") {
			return word
		}
	}
	return "help"
}

// images returns the words behind the sub-command that are no flags and no values of flags, as far as that can be told
// without the flags' types.
func (c *command) images() []string {
	var all []string
	seen := false
	for i, word := range c.words[1:] {
		switch {
		case strings.HasPrefix(word, "-"):
		case !seen:
			seen = true // the sub-command
		case valueOf(c.words[i]):
		default:
			all = append(all, word)
		}
	}
	return all
}

// valueOf reports whether what follows a word is its value: it does for a flag in its long form without "=", unless the
// flag is one of those that stand alone.
func valueOf(word string) bool {
	if !strings.HasPrefix(word, "-") || strings.Contains(word, "=") {
		return false
	}
	switch strings.TrimLeft(word, "-") {
	case "y", "yes", "r", "recursive", "d", "verbose", "allow-insecure-registry", "allow-http-registry", "tlog-upload", "offline",
		"insecure-ignore-tlog", "insecure-ignore-sct", "insecure-skip-verify", "new-bundle-format", "use-signed-timestamps", "check-claims",
		"local-image", "upload", "force", "f", "k8s-keychain", "fulcio-auth-flow-skip", "skip-confirmation":
		return false
	}
	return true
}
