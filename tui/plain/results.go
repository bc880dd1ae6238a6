package plain

import (
	"context"
	"errors"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/trust"
	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/tui/lesson"
	"github.com/sigwalk/sigwalk/tui/signatures"
	trustview "github.com/sigwalk/sigwalk/tui/trust"
	"github.com/sigwalk/sigwalk/tui/widget"
	"github.com/sigwalk/sigwalk/workshop/transcript"
)

// output says again what the last run printed, and what came of it.
func (w *walker) output() {
	s := w.now()
	if s.Runs == 0 {
		w.say("The step was not run yet. Enter runs it.")
		return
	}
	w.flush(w.step, s.OutputStart)
	_ = w.report(w.step, nil)
}

// signatures lists those of the last verification, or says all of one.
func (w *walker) signatures(ctx context.Context, number string) error {
	r := lesson.Latest[*verification.Report](w.session.Snapshot(), w.step)
	if r == nil {
		w.say("Nothing was verified yet: a step with cosign verify does it.")
		return nil
	}
	rows := r.Rows()
	if number == "" {
		w.say("%s", widget.Clean(signatures.Count(r)))
		for i := range rows {
			verdict := "verified"
			if !rows[i].Verified {
				verdict = "not verified"
			}
			w.say("%d. Log index %s, %s: %s. It is %s.", i+1, widget.Clean(signatures.Index(&rows[i])), widget.Clean(signatures.Subject(&rows[i])),
				verdict, widget.Clean(rows[i].Sentence()))
		}
		if len(rows) > 0 {
			w.say("v and a number says every check of one, such as: v 1")
		}
		return nil
	}
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 || n > len(rows) {
		w.say("There is no signature %s. v alone lists them.", widget.Clean(number))
		return nil
	}
	one := rows[n-1]
	one.Explain(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	w.paragraphs(verification.MatrixText(&one))
	for _, l := range signatures.Certificate(look(), &one, w.width) {
		w.plainly(strings.TrimRight(l, " "))
	}
	return nil
}

// paragraphs prints lines, each broken at the width.
func (w *walker) paragraphs(text string) {
	for l := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		w.say("%s", widget.Clean(l))
	}
}

// tree says what hangs off an image, each thing with how deep it lies, in place of lines that are drawn.
func (w *walker) tree() {
	root := lesson.Latest[*verification.Node](w.session.Snapshot(), w.step)
	if root == nil {
		w.say("No tree was looked at yet: a step with cosign tree does it.")
		return
	}
	for l := range strings.SplitSeq(strings.TrimRight(verification.TreeText(root), "\n"), "\n") {
		text := strings.TrimLeft(l, "│├└─ ")
		depth := (len([]rune(l)) - len([]rune(text))) / branchWidth
		w.say("Level %d: %s", depth+1, widget.Clean(text))
	}
}

// branchWidth is how many characters verification.TreeText draws for each level.
const branchWidth = 4

func (w *walker) trust(ctx context.Context) error {
	status, err := w.trusted(ctx)
	var failed *actions.Error
	switch {
	case errors.As(err, &failed) && failed.Code != actions.CodeNoTrustRoot:
		w.failure(err)
		return nil
	case status == nil:
		w.say("No trust root was fetched yet: the step with cosign initialize does it.")
		return nil
	}
	now := w.opts.Clock.Now()
	for _, l := range trustview.Summary(look(), status, now, w.width) {
		w.plainly(strings.TrimRight(l, " "))
	}
	if status.Contents != nil {
		for l := range strings.SplitSeq(strings.TrimRight(status.Contents.Text(), "\n"), "\n") {
			w.plainly(l)
		}
	}
	for _, warning := range status.Warnings(now) {
		w.say("Warning: %s %s, %s: %s. %s.", warning.Part, widget.Clean(warning.Name), warning.At.UTC().Format("2006-01-02 15:04"), warning.Means, warning.Next)
	}
	return ctx.Err()
}

// trusted is the trust root that is kept now; where that cannot be read here, the one that a step has fetched, or nil.
func (w *walker) trusted(ctx context.Context) (*trust.Status, error) {
	if w.opts.Trust == nil {
		return lesson.Latest[*trust.Status](w.session.Snapshot(), w.step), nil
	}
	return w.opts.Trust(ctx)
}

// copy writes the command to a file: there is no clipboard line by line.
func (w *walker) copy() {
	command := strings.TrimRight(w.now().Step.Command, "\n")
	switch {
	case command == "":
		w.say("This step has no command.")
		return
	case w.opts.Dir == "":
		w.say("There is no directory here to write to. Y prints the command alone.")
		return
	}
	file, err := transcript.WriteNext(w.opts.Dir, "copied", ".txt", command+"\n")
	if err != nil {
		w.failure(err)
		return
	}
	w.say("The command is in %s.", widget.Clean(filepath.Join(w.opts.Dir, file)))
}

// raw prints the command and nothing else.
func (w *walker) raw() {
	command := strings.TrimRight(w.now().Step.Command, "\n")
	if command == "" {
		w.say("This step has no command.")
		return
	}
	for l := range strings.SplitSeq(command, "\n") {
		w.plainly(l)
	}
}
