package pattern

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
)

// mostExact is how many texts an anchored expression names one by one before it looks for what they have in common.
const mostExact = 8

// Anchored returns the expression with both ends closed and its dots escaped, so that it matches all that matches now and
// none of the near misses. Where the expression is only a part of what it matches, such as `\.example\.com/` of an address,
// the whole of what matches now stands in its place. It is false where nothing matches now, so that nothing says what was
// meant, and where what matches cannot be written as an expression, which must be UTF-8 and not too long.
func (p *Pattern) Anchored(texts []string) (string, bool) {
	matching := p.Matching(texts)
	if len(matching) == 0 {
		return "", false
	}
	misses := p.NearMisses(texts)
	candidates := []string{p.closed(p.tightened(matching)), p.closed(nil)}
	if len(matching) > mostExact {
		candidates = append(candidates, domains(matching))
	}
	for _, candidate := range candidates {
		if fits(candidate, matching, misses) {
			return candidate, true
		}
	}
	text := exactly(matching)
	_, err := regexp.Compile(text)
	return text, err == nil
}

// fits reports whether an expression matches all of matching and no miss.
func fits(text string, matching []string, misses []Miss) bool {
	re, err := regexp.Compile(text)
	if text == "" || err != nil {
		return false
	}
	return !slices.ContainsFunc(matching, func(s string) bool { return !re.MatchString(s) }) &&
		!slices.ContainsFunc(misses, func(m Miss) bool { return re.MatchString(m.Text) })
}

// closed is the expression between ^ and $, with what stands at its places in their place.
func (p *Pattern) closed(places []string) string {
	count := -1
	print := printer{replace: func(_ placeKind, plain string) string {
		count++
		if count < len(places) && places[count] != "" {
			return places[count]
		}
		return plain
	}}
	re := p.parsed
	if re.Op == syntax.OpConcat { // the ends that are closed already
		subs := re.Sub
		if len(subs) > 0 && subs[0].Op == syntax.OpBeginText {
			subs = subs[1:]
		}
		if len(subs) > 0 && subs[len(subs)-1].Op == syntax.OpEndText {
			subs = subs[:len(subs)-1]
		}
		re = &syntax.Regexp{Op: syntax.OpConcat, Sub: subs}
	}
	inner := print.print(re)
	if re.Op == syntax.OpAlternate {
		inner = "(?:" + inner + ")"
	}
	return "^" + inner + "$"
}

// tightened is what may stand at each place of the expression, so far as what matches now says so: a dot where there is
// always one, and parts of a domain where a wildcard stands for them. It is empty where nothing is to be changed.
func (p *Pattern) tightened(matching []string) []string {
	finders := p.finders()
	out := make([]string, len(finders))
	for place, f := range finders {
		kind := f.kind
		var stood []string
		before := "" // what all stands before it
		for _, text := range matching[:min(mostBases, len(matching))] {
			if from, to, ok := f.find(text); ok {
				stood = append(stood, text[from:to])
				before += text[:from]
			}
		}
		if len(stood) == 0 {
			continue
		}
		all := func(so func(string) bool) bool {
			return !slices.ContainsFunc(stood, func(s string) bool { return !so(s) })
		}
		switch {
		case kind == dot && all(func(s string) bool { return s == "." }):
			out[place] = `\.`
		case kind == dot:
		case all(func(s string) bool { return s == "" || strings.HasSuffix(s, ".") && !strings.ContainsAny(s, "@/") }) && strings.ContainsAny(before, "@/"):
			out[place] = `(?:[^/@]+\.)?`
		case all(func(s string) bool { return !strings.ContainsAny(s, "@/") }):
			out[place] = `[^/@]*`
		}
	}
	return out
}

// domains is an expression for everybody in the domains of addresses; empty where one is no address.
func domains(matching []string) string {
	var found []string
	for _, text := range matching {
		at := strings.LastIndexByte(text, '@')
		if at <= 0 || strings.ContainsAny(text, "/:") {
			return ""
		}
		found = append(found, text[at+1:])
	}
	slices.Sort(found)
	return `^[^@]+@` + alternatives(slices.Compact(found)) + "$"
}

// exactly is an expression for these texts and no other.
func exactly(texts []string) string { return "^" + alternatives(texts) + "$" }

func alternatives(texts []string) string {
	quoted := make([]string, len(texts))
	for i, text := range texts {
		quoted[i] = regexp.QuoteMeta(text)
	}
	if len(quoted) == 1 {
		return quoted[0]
	}
	return "(?:" + strings.Join(quoted, "|") + ")"
}
