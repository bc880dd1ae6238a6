package text

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/sigwalk/sigwalk/workshop/shell/builtin"
)

// oldNumber turns -5 into -n 5, as head and tail still take it.
func oldNumber(args []string) []string {
	out := slices.Clone(args)
	if len(out) > 0 && len(out[0]) > 1 && out[0][0] == '-' {
		if _, err := strconv.Atoi(out[0][1:]); err == nil {
			out[0] = "-n" + out[0][1:]
		}
	}
	return out
}

func head(_ context.Context, call *builtin.Call) error {
	call.Args = oldNumber(call.Args)
	set := newFlags(call)
	lines := set.IntP("lines", "n", 10, "how many lines; all but the last N when it is negative")
	size := set.IntP("bytes", "c", -1, "how many bytes")
	files, err := set.parse()
	if err != nil {
		return err
	}
	return eachInput(call, files, func(r io.Reader) error {
		if *size >= 0 {
			_, err := io.CopyN(call.Stdout, r, int64(*size))
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		if *lines < 0 {
			return someLines(call, r, func(all [][]byte) [][]byte { return all[:max(0, len(all)+*lines)] })
		}
		buffered := bufio.NewReader(r)
		for range *lines {
			line, err := buffered.ReadBytes('\n')
			if _, werr := call.Stdout.Write(line); werr != nil {
				return werr
			}
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func tail(_ context.Context, call *builtin.Call) error {
	call.Args = oldNumber(call.Args)
	set := newFlags(call)
	lines := set.StringP("lines", "n", "10", "how many lines, or from line +N on")
	size := set.IntP("bytes", "c", -1, "how many bytes")
	files, err := set.parse()
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(*lines)
	if err != nil {
		return builtin.Usage("%q is not a number of lines", *lines)
	}
	return eachInput(call, files, func(r io.Reader) error {
		if *size >= 0 {
			data, err := io.ReadAll(r)
			_, _ = call.Stdout.Write(data[max(0, len(data)-*size):])
			return err
		}
		return someLines(call, r, func(all [][]byte) [][]byte {
			if strings.HasPrefix(*lines, "+") {
				return all[min(len(all), max(0, n-1)):]
			}
			return all[max(0, len(all)-max(n, -n)):]
		})
	})
}

// someLines prints the lines that pick leaves, with their ends.
func someLines(call *builtin.Call, r io.Reader, pick func([][]byte) [][]byte) error {
	data, err := io.ReadAll(r)
	all := bytes.SplitAfter(data, []byte("\n"))
	if len(all[len(all)-1]) == 0 {
		all = all[:len(all)-1]
	}
	for _, line := range pick(all) {
		if _, werr := call.Stdout.Write(line); werr != nil {
			return werr
		}
	}
	return err
}

func wc(_ context.Context, call *builtin.Call) error {
	set := newFlags(call)
	flags := []*bool{
		set.BoolP("lines", "l", false, "lines"), set.BoolP("words", "w", false, "words"),
		set.BoolP("chars", "m", false, "characters"), set.BoolP("bytes", "c", false, "bytes"),
	}
	files, err := set.parse()
	if err != nil {
		return err
	}
	chosen := slices.ContainsFunc(flags, func(b *bool) bool { return *b })
	total := make([]int, 4)
	tell := func(counts []int, name string) {
		var cells []string
		for i, n := range counts {
			if *flags[i] || !chosen && i != 2 {
				cells = append(cells, strconv.Itoa(n))
			}
		}
		if name != "" {
			cells = append(cells, name)
		}
		_, _ = fmt.Fprintln(call.Stdout, strings.Join(cells, " "))
	}
	err = eachNamed(call, files, func(name string, r io.Reader) error {
		data, err := io.ReadAll(r)
		if err != nil {
			return err
		}
		counts := []int{bytes.Count(data, []byte("\n")), len(bytes.Fields(data)), utf8.RuneCount(data), len(data)}
		for i, n := range counts {
			total[i] += n
		}
		tell(counts, name)
		return nil
	})
	if len(files) > 1 {
		tell(total, "total")
	}
	return err
}

// allLines reads the lines of every input.
func allLines(call *builtin.Call, files []string) ([]string, error) {
	var lines []string
	err := eachInput(call, files, func(r io.Reader) error {
		data, err := io.ReadAll(r)
		lines = append(lines, splitLines(data)...)
		return err
	})
	return lines, err
}

func printLines(call *builtin.Call, lines []string) error {
	if len(lines) == 0 {
		return nil
	}
	_, err := io.WriteString(call.Stdout, strings.Join(lines, "\n")+"\n")
	return err
}

func sortLines(_ context.Context, call *builtin.Call) error {
	set := newFlags(call)
	reverse := set.BoolP("reverse", "r", false, "the other way round")
	numeric := set.BoolP("numeric-sort", "n", false, "by number")
	fold := set.BoolP("ignore-case", "f", false, "capital letters as small ones")
	unique := set.BoolP("unique", "u", false, "equal lines once")
	key := set.StringP("key", "k", "", "by column N, or columns N,M")
	separator := set.StringP("field-separator", "t", "", "what ends a column")
	files, err := set.parse()
	if err != nil {
		return err
	}
	from, to := 0, 0
	if *key != "" {
		list, err := spans(strings.ReplaceAll(*key, ",", "-"))
		if err != nil {
			return notBuilt(call, "sort -k "+*key)
		}
		from, to = list[0].from, list[0].to
		if !strings.Contains(*key, ",") {
			to = 0
		}
	}
	lines, err := allLines(call, files)
	compare := func(a, b string) int {
		a, b = columns(a, *separator, from, to), columns(b, *separator, from, to)
		if *numeric {
			if c := cmp.Compare(leadingNumber(a), leadingNumber(b)); c != 0 {
				return c
			}
			if *unique {
				return 0
			}
		}
		if *fold {
			a, b = strings.ToUpper(a), strings.ToUpper(b)
		}
		return strings.Compare(a, b)
	}
	slices.SortStableFunc(lines, func(a, b string) int {
		c := compare(a, b)
		if c == 0 && !*unique {
			c = strings.Compare(a, b)
		}
		if *reverse {
			c = -c
		}
		return c
	})
	if *unique {
		lines = slices.CompactFunc(lines, func(a, b string) bool { return compare(a, b) == 0 })
	}
	if perr := printLines(call, lines); err == nil {
		err = perr
	}
	return err
}

// columns returns the columns from to to of line, counted from 1; the rest of the line when to is 0 and the whole line
// when from is.
func columns(line, separator string, from, to int) string {
	if from == 0 {
		return line
	}
	var cells []string
	if separator == "" {
		cells = strings.Fields(line)
		separator = " "
	} else {
		cells = strings.Split(line, separator)
	}
	if to == 0 || to > len(cells) {
		to = len(cells)
	}
	if from > to {
		return ""
	}
	return strings.Join(cells[from-1:to], separator)
}

func leadingNumber(s string) float64 {
	s = strings.TrimSpace(s)
	end := 0
	for end < len(s) && (s[end] >= '0' && s[end] <= '9' || s[end] == '.' || end == 0 && s[end] == '-') {
		end++
	}
	n, _ := strconv.ParseFloat(s[:end], 64)
	return n
}

func uniq(_ context.Context, call *builtin.Call) error {
	set := newFlags(call)
	count := set.BoolP("count", "c", false, "how often, too")
	repeated := set.BoolP("repeated", "d", false, "only lines that are repeated")
	once := set.BoolP("unique", "u", false, "only lines that are not")
	files, err := set.parse()
	if err != nil {
		return err
	}
	lines, err := allLines(call, files)
	for i := 0; i < len(lines); {
		n := 1
		for i+n < len(lines) && lines[i+n] == lines[i] {
			n++
		}
		if (!*repeated || n > 1) && (!*once || n == 1) {
			if *count {
				_, _ = fmt.Fprintf(call.Stdout, "%7d ", n)
			}
			_, _ = fmt.Fprintln(call.Stdout, lines[i])
		}
		i += n
	}
	return err
}
