package text

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/workshop/shell/builtin"
)

// grepper is one call of grep.
type grepper struct {
	call                                    *builtin.Call
	patterns                                []*regexp.Regexp
	invert, count, only, quiet, list, names bool
	number                                  bool
	limit                                   int
	found                                   bool
}

func grep(_ context.Context, call *builtin.Call) error {
	set := newFlags(call)
	g := &grepper{call: call}
	set.BoolVarP(&g.invert, "invert-match", "v", false, "lines that do not match")
	set.BoolVarP(&g.count, "count", "c", false, "how many")
	set.BoolVarP(&g.only, "only-matching", "o", false, "only what matches")
	set.BoolVarP(&g.quiet, "quiet", "q", false, "nothing but the exit code")
	set.BoolVarP(&g.list, "files-with-matches", "l", false, "the names of files")
	set.BoolVarP(&g.number, "line-number", "n", false, "the numbers of lines too")
	set.IntVarP(&g.limit, "max-count", "m", -1, "at most so many lines of a file")
	fold := set.BoolP("ignore-case", "i", false, "capital letters as small ones")
	extended := set.BoolP("extended-regexp", "E", false, "extended regular expressions")
	fixed := set.BoolP("fixed-strings", "F", false, "plain text")
	word := set.BoolP("word-regexp", "w", false, "whole words")
	whole := set.BoolP("line-regexp", "x", false, "whole lines")
	noName := set.BoolP("no-filename", "h", false, "no names of files")
	withName := set.BoolP("with-filename", "H", false, "names of files always")
	given := set.StringArrayP("regexp", "e", nil, "a pattern")
	set.BoolP("no-messages", "s", false, "changes nothing here")
	set.String("color", "", "never done")
	set.Lookup("color").NoOptDefVal = "auto"
	files, err := set.parse()
	if err != nil {
		return code2(call, err)
	}
	patterns := *given
	if len(patterns) == 0 {
		if len(files) == 0 {
			return code2(call, builtin.Usage("no pattern was given"))
		}
		patterns, files = strings.Split(files[0], "\n"), files[1:]
	}
	for _, p := range patterns {
		compiled, err := pattern(p, *fixed, *extended, *fold, *word, *whole)
		if err != nil {
			return code2(call, err)
		}
		g.patterns = append(g.patterns, compiled)
	}
	g.names = (len(files) > 1 || *withName) && !*noName
	err = eachNamed(call, files, g.search)
	switch {
	case err != nil && (!g.quiet || !g.found):
		return code2(call, err)
	case !g.found:
		return builtin.Exit(1)
	}
	return nil
}

// code2 ends grep with the code for trouble; 1 means that nothing matched.
func code2(call *builtin.Call, err error) error {
	var silent builtin.Exit
	if !errors.As(err, &silent) {
		call.Failed(err)
		_, _ = io.WriteString(call.Stderr, builtin.Describe(call.Name+": ", err))
	}
	return builtin.Exit(2)
}

func pattern(text string, fixed, extended, fold, word, whole bool) (*regexp.Regexp, error) {
	switch {
	case fixed:
		text = regexp.QuoteMeta(text)
	case !extended:
		text = basic(text)
	}
	if word {
		text = `\b(?:` + text + `)\b`
	}
	if whole {
		text = `^(?:` + text + `)$`
	}
	if fold {
		text = `(?i)` + text
	}
	compiled, err := regexp.Compile(text)
	if err != nil {
		return nil, &actions.Error{
			Code: actions.CodeUsage, What: "the regular expression cannot be read", Why: err.Error(),
			Next: "quote it with ' so that the shell leaves it alone; -F takes it as plain text",
		}
	}
	return compiled, nil
}

// basic turns a POSIX basic regular expression into an extended one: there \( \) \{ \} \| \+ \? are special and the bare
// characters are not.
func basic(text string) string {
	var b strings.Builder
	inSet := false
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case inSet:
			inSet = c != ']' || text[i-1] == '[' || text[i-1] == '^' && text[i-2] == '['
			b.WriteByte(c)
		case c == '[':
			inSet = true
			b.WriteByte(c)
		case c == '\\' && i+1 < len(text):
			i++
			if !strings.ContainsRune("(){}|+?", rune(text[i])) {
				b.WriteByte('\\')
			}
			b.WriteByte(text[i])
		case strings.ContainsRune("(){}|+?", rune(c)), c == '*' && i == 0:
			b.WriteByte('\\')
			b.WriteByte(c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

func (g *grepper) search(name string, r io.Reader) error {
	if g.quiet && g.found {
		return nil
	}
	if name == "" || name == "-" {
		name = "(standard input)"
	}
	lines := bufio.NewReader(r)
	hits := 0
	for n := 1; g.limit < 0 || hits < g.limit; n++ {
		line, err := lines.ReadString('\n')
		if err == io.EOF && line == "" {
			break
		}
		if err != nil && err != io.EOF {
			return err
		}
		line = strings.TrimSuffix(line, "\n")
		if g.matches(line) == g.invert {
			continue
		}
		hits++
		g.found = true
		if g.quiet || g.list {
			break
		}
		if !g.count {
			if err := g.print(name, n, line); err != nil {
				return err
			}
		}
	}
	switch {
	case g.list && hits > 0:
		_, _ = fmt.Fprintln(g.call.Stdout, name)
	case g.count && !g.quiet && !g.list:
		if g.names {
			_, _ = fmt.Fprint(g.call.Stdout, name+":")
		}
		_, _ = fmt.Fprintln(g.call.Stdout, hits)
	}
	return nil
}

func (g *grepper) matches(line string) bool {
	for _, p := range g.patterns {
		if p.MatchString(line) {
			return true
		}
	}
	return false
}

func (g *grepper) print(name string, n int, line string) error {
	prefix := ""
	if g.names {
		prefix = name + ":"
	}
	if g.number {
		prefix += fmt.Sprintf("%d:", n)
	}
	texts := []string{line}
	if g.only {
		texts = nil
		for _, p := range g.patterns {
			for _, hit := range p.FindAllString(line, -1) {
				if hit != "" {
					texts = append(texts, hit)
				}
			}
		}
	}
	for _, text := range texts {
		if _, err := fmt.Fprintln(g.call.Stdout, prefix+text); err != nil {
			return err
		}
	}
	return nil
}
