package pattern

import (
	"regexp"
	"slices"
	"strings"
)

// Trap is why an expression lets through what nobody meant.
type Trap string

// The traps.
const (
	OpenStart    Trap = "open-start"    // anything may stand before it
	OpenEnd      Trap = "open-end"      // anything may follow it
	AnyCharacter Trap = "any-character" // a dot that is not escaped
	AnyText      Trap = "any-text"      // a wildcard that reaches into another host or domain
)

// Why says in one sentence what the trap is.
func (t Trap) Why() string {
	switch t {
	case OpenStart:
		return "anything may stand before it: begin it with ^"
	case OpenEnd:
		return "anything may follow it: end it with $"
	case AnyCharacter:
		return "a dot stands for any character: write \\."
	case AnyText:
		return "the wildcard reaches into another domain: end it at a dot or a slash"
	}
	return string(t)
}

// Miss is a text that is not there now, and would match.
type Miss struct {
	Text string
	Trap Trap
}

// mostBases is how many of the texts that match now are varied.
const mostBases = 20

// NearMisses returns texts like those that match now, of which nobody meant that they match: one for each trap that the
// expression has and, for dots and wildcards, each place. texts are what there is now; without one that matches there is
// nothing to vary, and there are no near misses.
func (p *Pattern) NearMisses(texts []string) []Miss {
	var misses []Miss
	bases := p.bases(texts)
	add := func(text string, trap Trap) bool {
		if !p.Matches(text) || slices.Contains(texts, text) {
			return false
		}
		if !slices.ContainsFunc(misses, func(m Miss) bool { return m.Text == text }) {
			misses = append(misses, Miss{text, trap})
		}
		return true
	}
	p.openEnds(bases, add)
	for _, f := range p.finders() {
		for _, base := range bases {
			if vary(base, f, add) {
				break
			}
		}
	}
	return misses
}

// bases are the texts that match, each once.
func (p *Pattern) bases(texts []string) []string {
	found := p.Matching(texts)
	return found[:min(mostBases, len(found))]
}

// openEnds puts something before and behind the texts that match.
func (p *Pattern) openEnds(bases []string, add func(string, Trap) bool) {
	for _, end := range []struct {
		trap   Trap
		closed string // the expression with that end closed
		vary   func(string) []string
	}{
		{OpenStart, `\A(?:` + p.text + `)`, before},
		{OpenEnd, `(?:` + p.text + `)\z`, func(base string) []string { return []string{base + ".evil.example", base + "x"} }},
	} {
		closed, err := regexp.Compile(end.closed)
		if err != nil {
			continue // longer than the library takes
		}
		found := func() bool {
			for _, base := range bases {
				for _, text := range end.vary(base) {
					if !closed.MatchString(text) && add(text, end.trap) {
						return true
					}
				}
			}
			return false
		}
		found()
	}
}

// before are texts that end like base: for an address, one of another host.
func before(base string) []string {
	texts := []string{"evil-" + base, "x" + base}
	if scheme, rest, ok := strings.Cut(base, "://"); ok {
		texts = append([]string{scheme + "://evil.example/" + rest}, texts...)
	}
	return texts
}

// vary changes what a dot or a wildcard stands for in base.
func vary(base string, f finder, add func(string, Trap) bool) bool {
	from, to, ok := f.find(base)
	if !ok {
		return false
	}
	had, head, tail := base[from:to], base[:from], base[to:]
	if f.kind == dot {
		if had != "." {
			return false
		}
		for _, other := range []string{"x", "-", "0"} {
			if add(head+other+tail, AnyCharacter) {
				return true
			}
		}
		return false
	}
	scheme := strings.Index(head, "://")
	if scheme >= 0 && !strings.Contains(head[scheme+len("://"):]+had, "/") && add(head+"evil.example/"+strings.TrimPrefix(had, "/")+tail, AnyText) {
		return true
	}
	if i := strings.Index(had, "://"); i >= 0 { // the host is within the wildcard
		host := i + len("://")
		if add(head+had[:host]+"evil.example/"+had[host:]+tail, AnyText) {
			return true
		}
	}
	// Before a word, the wildcard reaches into it: example.com is at the end of evil-example.com, too.
	if tail == "" || !wordly(tail[0]) || had != "" && had[len(had)-1] != '.' {
		return false
	}
	at := strings.LastIndexAny(head+had, "@/")
	if at < 0 {
		return false // a name and no domain: whoever wrote it meant any
	}
	return add(head+had+"evil-"+tail, AnyText) && !strings.ContainsAny(had, "@/")
}

func wordly(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}
