package pattern

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
)

// printer writes an expression as a person would: the standard library writes (?-s:.) for a dot. Captures lose their names,
// which mean nothing here.
type printer struct {
	// replace writes a dot or a wildcard in place of its plain form; nil for that.
	replace func(kind placeKind, plain string) string
}

func (p *printer) print(re *syntax.Regexp) string {
	if kind, ok := kindOf(re); ok {
		plain := plainOf(re)
		if p.replace != nil {
			return p.replace(kind, plain)
		}
		return plain
	}
	switch re.Op {
	case syntax.OpLiteral:
		text := regexp.QuoteMeta(string(re.Rune))
		if re.Flags&syntax.FoldCase != 0 {
			return "(?i:" + text + ")"
		}
		return text
	case syntax.OpEmptyMatch:
		return "(?:)"
	case syntax.OpBeginText:
		return "^"
	case syntax.OpEndText:
		return "$"
	case syntax.OpCapture:
		return "(?:" + p.print(re.Sub[0]) + ")"
	case syntax.OpStar:
		return p.repeated(re, "*")
	case syntax.OpPlus:
		return p.repeated(re, "+")
	case syntax.OpQuest:
		return p.repeated(re, "?")
	case syntax.OpRepeat:
		switch {
		case re.Max < 0:
			return p.repeated(re, fmt.Sprintf("{%d,}", re.Min))
		case re.Max == re.Min:
			return p.repeated(re, fmt.Sprintf("{%d}", re.Min))
		}
		return p.repeated(re, fmt.Sprintf("{%d,%d}", re.Min, re.Max))
	case syntax.OpConcat:
		var b strings.Builder
		for _, sub := range re.Sub {
			if sub.Op == syntax.OpAlternate {
				b.WriteString("(?:" + p.print(sub) + ")")
				continue
			}
			b.WriteString(p.print(sub))
		}
		return b.String()
	case syntax.OpAlternate:
		parts := make([]string, len(re.Sub))
		for i, sub := range re.Sub {
			parts[i] = p.print(sub)
		}
		return strings.Join(parts, "|")
	default: // classes of characters, the ends of lines and words, what never matches: no part of them is a place
		return re.String()
	}
}

func (p *printer) repeated(re *syntax.Regexp, how string) string {
	sub := re.Sub[0]
	inner := p.print(sub)
	single := sub.Op == syntax.OpCharClass || sub.Op == syntax.OpCapture || sub.Op == syntax.OpLiteral && len(sub.Rune) == 1
	if !single {
		inner = "(?:" + inner + ")"
	}
	if re.Flags&syntax.NonGreedy != 0 {
		how += "?"
	}
	return inner + how
}

// plainOf is a dot or a wildcard as it is written.
func plainOf(re *syntax.Regexp) string {
	one, how := re, ""
	if re.Op == syntax.OpStar || re.Op == syntax.OpPlus {
		one, how = re.Sub[0], "*"
		if re.Op == syntax.OpPlus {
			how = "+"
		}
		if re.Flags&syntax.NonGreedy != 0 {
			how += "?"
		}
	}
	if one.Op == syntax.OpAnyChar {
		return "(?s:.)" + how
	}
	return "." + how
}
