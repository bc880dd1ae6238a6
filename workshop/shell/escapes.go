package shell

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// unescape rewrites A=it\'s as A=it"'"s. The interpreter (mvdan.cc/sh 3.14.1) leaves the backslash in words that are not
// split into fields: values of variables, names in redirections, the word of a case. It does so in scripts that are
// sourced, too, which it reads itself.
func unescape(node syntax.Node) {
	syntax.Walk(node, func(node syntax.Node) bool {
		switch n := node.(type) {
		case *syntax.Assign:
			unescapeWord(n.Value)
		case *syntax.ArrayElem:
			unescapeWord(n.Value)
		case *syntax.CaseClause:
			unescapeWord(n.Word)
		case *syntax.Redirect:
			if n.Op != syntax.Hdoc && n.Op != syntax.DashHdoc {
				unescapeWord(n.Word)
			}
		}
		return true
	})
}

func unescapeWord(word *syntax.Word) {
	if word == nil {
		return
	}
	var parts []syntax.WordPart
	for _, part := range word.Parts {
		lit, ok := part.(*syntax.Lit)
		if !ok {
			parts = append(parts, part)
			continue
		}
		text := lit.Value
		for {
			at := strings.IndexByte(text, '\\')
			if at < 0 || at+1 == len(text) {
				break
			}
			size := len(string([]rune(text[at+1:])[:1]))
			if at > 0 {
				parts = append(parts, &syntax.Lit{ValuePos: lit.ValuePos, ValueEnd: lit.ValueEnd, Value: text[:at]})
			}
			parts = append(parts, &syntax.SglQuoted{Left: lit.ValuePos, Right: lit.ValueEnd, Value: text[at+1 : at+1+size]})
			text = text[at+1+size:]
		}
		if text != "" {
			parts = append(parts, &syntax.Lit{ValuePos: lit.ValuePos, ValueEnd: lit.ValueEnd, Value: text})
		}
	}
	word.Parts = parts
}
