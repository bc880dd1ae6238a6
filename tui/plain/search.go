package plain

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/sigwalk/sigwalk/tui/settings"
	"github.com/sigwalk/sigwalk/tui/widget"
)

// found is something that can be found by its words.
type found struct {
	name string // which the words are looked for in
	text string // what is said of it
	do   func(ctx context.Context) error
}

// search lists what has every one of the words, and does what is chosen.
func (w *walker) search(ctx context.Context, words string) error {
	if strings.TrimSpace(words) == "" {
		w.say("Words stand behind the slash, such as: / trust root")
		return nil
	}
	all := w.everything()
	var fits []found
	for _, f := range all {
		if has(f.name, words) {
			fits = append(fits, f)
		}
	}
	if len(fits) == 0 {
		w.say("Nothing here is called like that.")
		return nil
	}
	for i, f := range fits {
		w.say("%d. %s", i+1, f.text)
	}
	w.ask("a number, or Enter for none> ")
	text, err := w.in.read(ctx, w.interrupts)
	if err != nil {
		return err
	}
	w.echo(text)
	if text = strings.TrimSpace(text); text == "" {
		return nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > len(fits) {
		w.say("There is no %s in this list.", widget.Clean(text))
		return nil
	}
	return fits[n-1].do(ctx)
}

// has reports whether each of the words is in a name, in any case.
func has(name, words string) bool {
	name = strings.ToLower(name)
	for word := range strings.FieldsSeq(strings.ToLower(words)) {
		if !strings.Contains(name, word) {
			return false
		}
	}
	return true
}

// everything is all that can be found.
func (w *walker) everything() []found {
	var all []found
	for _, c := range commands() {
		all = append(all, found{"command " + c.text(), "Command " + c.text(), func(ctx context.Context) error {
			if !c.takes {
				return c.do(w, ctx, "")
			}
			w.say("Type it with what it wants. %s", c.text())
			return nil
		}})
	}
	for i, s := range w.session.Snapshot().Steps {
		all = append(all, found{"step " + s.Step.Title, fmt.Sprintf("Step %d. %s: %s", i+1, widget.Clean(s.Step.Title), stateWord(s)), func(context.Context) error { return w.turn(i) }})
	}
	if w.opts.Course != nil {
		for i, l := range w.opts.Course.Lessons {
			all = append(all, found{"lesson " + l.Title, fmt.Sprintf("Lesson %d. %s", i+1, widget.Clean(l.Title)), func(context.Context) error { return &otherLesson{name: l.Name} }})
			if l.Name == w.session.Snapshot().Lesson.Name {
				continue
			}
			for n, s := range l.Steps {
				all = append(all, found{"step " + l.Title + " " + s.Title, fmt.Sprintf("Step %d of lesson %d. %s", n+1, i+1, widget.Clean(s.Title)), func(context.Context) error { return &otherLesson{l.Name, s.ID} }})
			}
		}
	}
	for _, s := range settings.Catalogue() {
		all = append(all, found{fmt.Sprintf("setting %s: %s", s.Name, s.Title), fmt.Sprintf("Setting %s: %s", s.Name, s.Title), func(context.Context) error {
			w.say("%s is %s. The word set changes it, such as: set mouse on", s.Name, widget.Clean(w.opts.Settings.Value(s.Name)))
			return nil
		}})
	}
	return all
}
