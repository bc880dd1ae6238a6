package shell

import (
	"slices"
	"strings"

	"mvdan.cc/sh/v3/interp"
	"mvdan.cc/sh/v3/syntax"
)

// Word is a name in a text, with its line from 1.
type Word struct {
	Name string
	Line int
}

// Words are the names that a text uses, as far as they can be told without running it.
type Words struct {
	// Commands are called by a name that is neither built in nor a function of the text, and Scripts by a path.
	Commands, Scripts []Word
	// Uses are variables that are read without a default, and Sets those that the text gives a value.
	Uses []Word
	Sets []string
}

// Read reads a text as Run would. It fails as Run does for what is no shell syntax.
func Read(text string) (*Words, error) {
	statements, err := parse(text)
	if err != nil {
		return nil, err
	}
	r := &wordReader{known: Builtins()}
	for _, walk := range []func(syntax.Node) bool{r.declare, r.use} {
		for _, s := range statements {
			syntax.Walk(s, walk)
		}
	}
	return &r.words, nil
}

// wordReader gathers words in two walks: what is declared may be used before.
type wordReader struct {
	words Words
	known []string
}

func (r *wordReader) declare(node syntax.Node) bool {
	switch n := node.(type) {
	case *syntax.FuncDecl:
		r.known = append(r.known, n.Name.Value)
	case *syntax.Assign:
		if n.Name != nil {
			r.words.Sets = append(r.words.Sets, n.Name.Value)
		}
	case *syntax.WordIter:
		r.words.Sets = append(r.words.Sets, n.Name.Value)
	case *syntax.CallExpr:
		// The names behind read are given a value.
		if len(n.Args) > 1 && n.Args[0].Lit() == "read" {
			for _, word := range n.Args[1:] {
				r.words.Sets = append(r.words.Sets, word.Lit())
			}
		}
	}
	return true
}

func (r *wordReader) use(node syntax.Node) bool {
	switch n := node.(type) {
	case *syntax.CallExpr:
		if len(n.Args) > 0 {
			r.call(n.Args)
		}
	case *syntax.ParamExp:
		name := n.Param.Value
		defaulted := n.Exp != nil // ${NAME:-default} and its like
		if !defaulted && len(name) > 1 && !strings.ContainsAny(name[:1], "0123456789") {
			r.words.Uses = append(r.words.Uses, Word{name, int(n.Pos().Line())})
		}
	}
	return true
}

// call notes what a call calls. A name that is put together is known only when it is run.
func (r *wordReader) call(args []*syntax.Word) {
	name, at := args[0].Lit(), args[0]
	if (name == "source" || name == "." || name == "sh" || name == "bash") && len(args) > 1 {
		name, at = args[1].Lit(), args[1]
		if name != "" && !strings.HasPrefix(name, "-") {
			r.words.Scripts = append(r.words.Scripts, Word{name, int(at.Pos().Line())})
		}
		return
	}
	word := Word{name, int(at.Pos().Line())}
	switch {
	case name == "":
	case strings.Contains(name, "/"):
		r.words.Scripts = append(r.words.Scripts, word)
	case !interp.IsBuiltin(name) && !slices.Contains(r.known, name):
		r.words.Commands = append(r.words.Commands, word)
	}
}
