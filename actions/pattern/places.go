package pattern

import (
	"regexp"
	"regexp/syntax"
)

// placeKind is what may be anything at a place of an expression.
type placeKind int

const (
	dot      placeKind = iota // one character
	wildcard                  // any number of them
)

// kindOf says whether an expression is a dot or a wildcard by itself.
func kindOf(re *syntax.Regexp) (placeKind, bool) {
	switch re.Op {
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return dot, true
	case syntax.OpStar, syntax.OpPlus:
		if inner := re.Sub[0].Op; inner == syntax.OpAnyChar || inner == syntax.OpAnyCharNotNL {
			return wildcard, true
		}
	default:
	}
	return 0, false
}

// places lists the dots and wildcards of an expression, in the order in which it is read.
func places(re *syntax.Regexp) []placeKind {
	var found []placeKind
	walk(re, func(kind placeKind) { found = append(found, kind) })
	return found
}

func walk(re *syntax.Regexp, visit func(placeKind)) {
	if kind, ok := kindOf(re); ok {
		visit(kind)
		return
	}
	for _, sub := range re.Sub {
		walk(sub, visit)
	}
}

// mostPlaces is how many dots and wildcards of an expression are looked at: one that a person types has a few, and each
// takes an expression of its own.
const mostPlaces = 16

// finder says what one dot or wildcard stands for in a text.
type finder struct {
	kind placeKind
	re   *regexp.Regexp // with the group around the place; nil where it cannot be written
}

const placed = "placed"

// finders are those of the first places of the expression.
func (p *Pattern) finders() []finder {
	kinds := places(p.parsed)
	found := make([]finder, 0, min(mostPlaces, len(kinds)))
	for place, kind := range kinds[:min(mostPlaces, len(kinds))] {
		count := -1
		marked := printer{replace: func(_ placeKind, plain string) string {
			count++
			if count == place {
				return "(?P<" + placed + ">" + plain + ")"
			}
			return plain
		}}
		re, err := regexp.Compile(marked.print(p.parsed))
		if err != nil {
			re = nil
		}
		found = append(found, finder{kind, re})
	}
	return found
}

// find returns where in a text that matches the place is; false where it is nowhere, as in the other branch of an
// alternative.
func (f finder) find(text string) (from, to int, ok bool) {
	if f.re == nil {
		return 0, 0, false
	}
	at := f.re.FindStringSubmatchIndex(text)
	i := f.re.SubexpIndex(placed)
	if len(at) <= 2*i || at[2*i] < 0 {
		return 0, 0, false
	}
	return at[2*i], at[2*i+1], true
}
