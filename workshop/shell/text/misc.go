package text

import (
	"context"
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/workshop/shell/builtin"
)

func basename(_ context.Context, call *builtin.Call) error {
	words, err := newFlags(call).parse()
	if err != nil {
		return err
	}
	if len(words) == 0 || len(words) > 2 {
		return builtin.Usage("a path is wanted")
	}
	base := path.Base(words[0])
	if len(words) == 2 && base != words[1] {
		base = strings.TrimSuffix(base, words[1])
	}
	_, err = fmt.Fprintln(call.Stdout, base)
	return err
}

func dirname(_ context.Context, call *builtin.Call) error {
	words, err := newFlags(call).parse()
	if err != nil {
		return err
	}
	for _, word := range words {
		if _, err := fmt.Fprintln(call.Stdout, path.Dir(word)); err != nil {
			return err
		}
	}
	return nil
}

// printEnv is env and printenv. Secrets come out as dots: what a lesson prints ends up on a projector.
func printEnv(_ context.Context, call *builtin.Call) error {
	words, err := newFlags(call).parse()
	if err != nil {
		return err
	}
	if call.Name == "env" && len(words) > 0 {
		return notBuilt(call, "env with a command (write NAME=VALUE COMMAND)")
	}
	show := func(value string, secret bool) string {
		if secret {
			return actions.NewSecret(value).String()
		}
		return value
	}
	if len(words) == 0 {
		for _, v := range call.Environment.List() {
			_, _ = fmt.Fprintf(call.Stdout, "%s=%s\n", v.Name, show(v.Value, v.Secret))
		}
		return nil
	}
	missing := false
	for _, name := range words {
		v, ok := call.Environment.Get(name)
		if !ok {
			missing = true
			continue
		}
		_, _ = fmt.Fprintln(call.Stdout, show(v.Value, v.Secret))
	}
	if missing {
		return builtin.Exit(1)
	}
	return nil
}

func sleep(ctx context.Context, call *builtin.Call) error {
	var total time.Duration
	for _, word := range call.Args {
		if word == "" {
			return builtin.Usage("an empty word is not a time")
		}
		units := map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour}
		unit := time.Second
		number := word
		if u, ok := units[word[len(word)-1]]; ok {
			unit, number = u, word[:len(word)-1]
		}
		n, err := strconv.ParseFloat(number, 64)
		if err != nil || n < 0 {
			return builtin.Usage("%q is not a time", word)
		}
		total += time.Duration(n * float64(unit))
	}
	if len(call.Args) == 0 {
		return builtin.Usage("how long?")
	}
	timer := time.NewTimer(total)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

func seq(ctx context.Context, call *builtin.Call) error {
	var numbers []int
	for _, word := range call.Args {
		n, err := strconv.Atoi(word)
		if err != nil {
			return builtin.Usage("%q is not a whole number", word)
		}
		numbers = append(numbers, n)
	}
	first, step := 1, 1
	var last int
	switch len(numbers) {
	case 1:
		last = numbers[0]
	case 2:
		first, last = numbers[0], numbers[1]
	case 3:
		first, step, last = numbers[0], numbers[1], numbers[2]
	default:
		return builtin.Usage("one to three numbers are wanted")
	}
	if step == 0 {
		return builtin.Usage("the step cannot be 0")
	}
	for n := first; step > 0 && n <= last || step < 0 && n >= last; n += step {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if _, err := fmt.Fprintln(call.Stdout, n); err != nil {
			return err
		}
	}
	return nil
}

func date(_ context.Context, call *builtin.Call) error {
	set := newFlags(call)
	utc := set.BoolP("utc", "u", false, "in UTC")
	iso := set.StringP("iso-8601", "I", "", "as in ISO 8601: date, or seconds")
	set.Lookup("iso-8601").NoOptDefVal = "date"
	words, err := set.parse()
	if err != nil {
		return err
	}
	now := call.Clock.Now()
	if *utc {
		now = now.UTC()
	}
	format := "+%a %b %e %H:%M:%S %Z %Y"
	switch {
	case len(words) == 1 && strings.HasPrefix(words[0], "+"):
		format = words[0]
	case len(words) > 0:
		return notBuilt(call, "setting the time")
	case *iso == "date":
		format = "+%F"
	case *iso != "":
		format = "+%FT%T%:z"
	}
	_, err = fmt.Fprintln(call.Stdout, strftime(now, format[1:]))
	return err
}

// strftime writes t by the conversions of strftime(3) that lessons use.
func strftime(t time.Time, format string) string {
	return strings.NewReplacer(
		"%%", "%", "%n", "\n", "%t", "\t",
		"%F", t.Format("2006-01-02"), "%T", t.Format("15:04:05"), "%D", t.Format("01/02/06"), "%R", t.Format("15:04"),
		"%Y", t.Format("2006"), "%y", t.Format("06"), "%m", t.Format("01"), "%d", t.Format("02"), "%e", t.Format("_2"),
		"%H", t.Format("15"), "%I", t.Format("03"), "%M", t.Format("04"), "%S", t.Format("05"), "%p", t.Format("PM"),
		"%a", t.Format("Mon"), "%A", t.Format("Monday"), "%b", t.Format("Jan"), "%B", t.Format("January"),
		"%j", fmt.Sprintf("%03d", t.YearDay()), "%s", strconv.FormatInt(t.Unix(), 10), "%N", fmt.Sprintf("%09d", t.Nanosecond()),
		"%Z", t.Format("MST"), "%z", t.Format("-0700"), "%:z", t.Format("-07:00"),
	).Replace(format)
}
