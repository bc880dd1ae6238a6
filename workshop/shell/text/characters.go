package text

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/sigwalk/sigwalk/workshop/shell/builtin"
)

// span is a range of positions, counted from 1; to is 0 for the rest of the line.
type span struct{ from, to int }

func spans(text string) ([]span, error) {
	var list []span
	for _, part := range strings.Split(text, ",") {
		from, to, isRange := strings.Cut(part, "-")
		s := span{from: 1}
		var err1, err2 error
		if from != "" {
			s.from, err1 = strconv.Atoi(from)
		}
		switch {
		case !isRange:
			s.to = s.from
		case to != "":
			s.to, err2 = strconv.Atoi(to)
		}
		if err1 != nil || err2 != nil || s.from < 1 || part == "" || part == "-" || isRange && to != "" && s.to < s.from {
			return nil, builtin.Usage("%q is not a list of positions such as 1,3-5", text)
		}
		list = append(list, s)
	}
	return list, nil
}

func within(list []span, n int) bool {
	return slices.ContainsFunc(list, func(s span) bool { return n >= s.from && (s.to == 0 || n <= s.to) })
}

func cut(_ context.Context, call *builtin.Call) error {
	set := newFlags(call)
	delimiter := set.StringP("delimiter", "d", "\t", "what ends a column")
	fields := set.StringP("fields", "f", "", "which columns")
	characters := set.StringP("characters", "c", "", "which characters")
	bytes := set.StringP("bytes", "b", "", "as -c")
	only := set.BoolP("only-delimited", "s", false, "leave out lines without columns")
	between := set.String("output-delimiter", "", "what to put between columns")
	files, err := set.parse()
	if err != nil {
		return err
	}
	where := *fields + *characters + *bytes
	list, err := spans(where)
	if err != nil {
		return err
	}
	if !set.Changed("output-delimiter") {
		*between = *delimiter
	}
	lines, readErr := allLines(call, files)
	for _, line := range lines {
		var pieces []string
		join := ""
		if *fields != "" {
			join = *between
			pieces = strings.Split(line, *delimiter)
			if len(pieces) == 1 {
				if !*only {
					_, _ = fmt.Fprintln(call.Stdout, line)
				}
				continue
			}
		} else {
			pieces = strings.Split(line, "")
		}
		var kept []string
		for i, piece := range pieces {
			if within(list, i+1) {
				kept = append(kept, piece)
			}
		}
		if _, err := fmt.Fprintln(call.Stdout, strings.Join(kept, join)); err != nil {
			return err
		}
	}
	return readErr
}

func tr(_ context.Context, call *builtin.Call) error {
	set := newFlags(call)
	remove := set.BoolP("delete", "d", false, "delete characters")
	squeeze := set.BoolP("squeeze-repeats", "s", false, "repeated characters once")
	complement := set.BoolP("complement", "c", false, "all other characters")
	words, err := set.parse()
	if err != nil {
		return err
	}
	if len(words) == 0 || len(words) > 2 || len(words) == 1 && !*remove && !*squeeze {
		return builtin.Usage("one or two sets of characters are wanted")
	}
	from := expand(words[0])
	var to []rune
	if len(words) == 2 {
		to = expand(words[1])
	}
	data, err := io.ReadAll(call.Stdin)
	var b strings.Builder
	last := rune(-1)
	squeezed := to
	if len(to) == 0 {
		squeezed = from
	}
	for _, r := range string(data) {
		at := slices.Index(from, r)
		if *complement {
			if at < 0 {
				at = len(from)
			} else {
				at = -1
			}
		}
		if at >= 0 && *remove {
			continue
		}
		if at >= 0 && len(to) > 0 {
			r = to[min(at, len(to)-1)]
		}
		in := slices.Contains(squeezed, r)
		if *complement && len(to) == 0 {
			in = !in
		}
		if *squeeze && r == last && in {
			continue
		}
		last = r
		b.WriteRune(r)
	}
	if _, werr := io.WriteString(call.Stdout, b.String()); err == nil {
		err = werr
	}
	return err
}

// expand reads a set of tr: characters, escapes, ranges and classes.
func expand(text string) []rune {
	classes := map[string]func(rune) bool{
		"upper": unicode.IsUpper, "lower": unicode.IsLower, "digit": unicode.IsDigit, "space": unicode.IsSpace,
		"alpha": unicode.IsLetter, "punct": func(r rune) bool { return unicode.IsPunct(r) || unicode.IsSymbol(r) },
		"alnum": func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) },
	}
	var out []rune
	for text != "" {
		if name, rest, ok := strings.Cut(strings.TrimPrefix(text, "[:"), ":]"); ok && strings.HasPrefix(text, "[:") && classes[name] != nil {
			for r := rune(0); r < 128; r++ {
				if classes[name](r) {
					out = append(out, r)
				}
			}
			text = rest
			continue
		}
		var r rune
		r, text = character(text)
		if strings.HasPrefix(text, "-") && len(text) > 1 {
			var last rune
			last, text = character(text[1:])
			for ; r <= last; r++ {
				out = append(out, r)
			}
			continue
		}
		out = append(out, r)
	}
	return out
}

// character takes the first character off text, which may be an escape.
func character(text string) (rune, string) {
	runes := []rune(text)
	if runes[0] != '\\' || len(runes) == 1 {
		return runes[0], string(runes[1:])
	}
	special := map[rune]rune{'n': '\n', 't': '\t', 'r': '\r', '0': 0}
	r, ok := special[runes[1]]
	if !ok {
		r = runes[1]
	}
	return r, string(runes[2:])
}
