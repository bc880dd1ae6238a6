package plain

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/sigwalk/sigwalk/tui/widget"
)

// line runs a line of the workshop shell, or says what its last word can become. A terminal that reads whole lines hands over the tab
// that was typed to ask that.
func (w *walker) line(ctx context.Context, text string) error {
	if begun, asked := strings.CutSuffix(text, "\t"); asked {
		w.complete(ctx, strings.ReplaceAll(begun, "\t", ""))
		return nil
	}
	if strings.TrimSpace(text) == "" {
		w.say("The line stands behind the dollar sign, such as: $ echo $IMAGE")
		return nil
	}
	return w.try(ctx, text)
}

// mostOffered bounds what is listed of what a word can become.
const mostOffered = 40

func (w *walker) complete(ctx context.Context, text string) {
	candidates, from := w.session.Complete(ctx, text)
	switch len(candidates) {
	case 0:
		w.say("Nothing that is known here begins like that.")
		return
	case 1:
		w.say("One thing begins like that. The line is:")
		w.plainly("$ " + text[:from] + candidates[0])
		return
	}
	w.say("%d things begin like that:", len(candidates))
	for i, c := range candidates {
		if i == mostOffered {
			w.say("And %d more: type more of the word.", len(candidates)-i)
			return
		}
		w.plainly("  " + c)
	}
}

// history lists the lines that were run.
func (w *walker) history() {
	lines := w.session.History()
	if len(lines) == 0 {
		w.say("Nothing was run yet.")
		return
	}
	for i, line := range lines {
		w.plainly(fmt.Sprintf("%d. %s", i+1, strings.ReplaceAll(line, "\n", "; ")))
	}
	w.say("An exclamation mark and a number runs one again, such as: ! %d", len(lines))
}

// repeat runs a line of the history.
func (w *walker) repeat(ctx context.Context, number string) error {
	lines := w.session.History()
	n, err := strconv.Atoi(strings.TrimSpace(number))
	if err != nil || n < 1 || n > len(lines) {
		w.say("There is no line %s. The word history lists them.", widget.Clean(number))
		return nil
	}
	w.plainly("$ " + lines[n-1])
	return w.try(ctx, lines[n-1])
}
