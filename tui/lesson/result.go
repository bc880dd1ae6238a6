package lesson

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/attachments"
	"github.com/sigwalk/sigwalk/actions/identity/technicaluser"
	"github.com/sigwalk/sigwalk/actions/keys"
	"github.com/sigwalk/sigwalk/actions/pack"
	"github.com/sigwalk/sigwalk/actions/recovery"
	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/actions/registry/quay"
	"github.com/sigwalk/sigwalk/actions/signing"
	"github.com/sigwalk/sigwalk/actions/trust"
	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/tui/signatures"
	"github.com/sigwalk/sigwalk/tui/theme"
	"github.com/sigwalk/sigwalk/tui/tree"
	trustview "github.com/sigwalk/sigwalk/tui/trust"
	"github.com/sigwalk/sigwalk/tui/widget"
	"github.com/sigwalk/sigwalk/workshop"
	"github.com/sigwalk/sigwalk/workshop/lab"
	"github.com/sigwalk/sigwalk/workshop/shell/own"
)

// inline is how many rows of a result are drawn in the pane; its own screen shows them all.
const inline = 100

// resultKey tells whether the lines of a result can be drawn again as they are.
type resultKey struct {
	step, revision, width int
	look                  theme.Options
}

// resultLines draws what came of the last run of a step.
func (m *Model) resultLines(step workshop.StepSnapshot, width int) []string {
	key := resultKey{m.step, m.revision, width, m.deps.Theme.Options}
	if m.made.key == key && m.made.lines != nil {
		return m.made.lines
	}
	t := m.deps.Theme
	var out []string
	part := func(lines []string) {
		if len(out) > 0 && len(lines) > 0 {
			out = append(out, "")
		}
		out = append(out, lines...)
	}
	if step.Err != nil || step.ExitCode != 0 {
		part(errorLines(t, step, width))
	}
	for _, v := range step.Values {
		if r, ok := v.(*verification.Report); ok && step.Err != nil {
			part(signatures.Table(t, r, width, inline)) // the error has said why
			continue
		}
		part(Result(t, v, m.deps.Clock.Now(), width))
	}
	for _, note := range step.Notes {
		if note.Level == actions.NoteWarning {
			part(widget.Hang(t.Warning.Render("!")+"  ", widget.Clean(note.Text), width))
		}
	}
	m.made = made{key, out}
	return out
}

// made keeps the lines of the last result that was drawn.
type made struct {
	key   resultKey
	lines []string
}

// errorLines says what went wrong, why, and what to do next; it is a success where the step wanted just that, which only
// the checks of a step that observes can say: those of the others look at the world, whatever the line was.
func errorLines(t *theme.Theme, step workshop.StepSnapshot, width int) []string {
	mark := t.Bad.Render("x") + "  "
	wanted := step.Step.Kind == workshop.Observes && step.State == workshop.StepDone && step.Holds()
	if wanted {
		mark = t.Good.Render("ok") + " "
	}
	if step.Err == nil {
		return widget.Hang(mark, fmt.Sprintf("the command ended with exit code %d", step.ExitCode), width)
	}
	var e *actions.Error
	if !errors.As(step.Err, &e) {
		return widget.Hang(mark, widget.Clean(step.Err.Error()), width)
	}
	// cosign has a line for each signature that it refused; why says it once.
	what, more, _ := strings.Cut(e.What, "\n")
	if more != "" {
		what += fmt.Sprintf(" (and %s in the output)", counted(1+strings.Count(more, "\n"), "more line"))
	}
	out := widget.Hang(mark, widget.Clean(what), width)
	why := e.Why
	if why == "" && e.Err != nil {
		why = e.Err.Error()
	}
	for _, line := range []struct{ name, text string }{{"why", why}, {"next", e.Next}} {
		for i, text := range strings.Split(line.text, "\n") {
			if text = strings.TrimSpace(text); text == "" {
				continue
			}
			name := line.name
			if i > 0 {
				name = ""
			}
			out = append(out, widget.Hang("   "+t.Faint.Render(widget.Fit(name, 6, "")), widget.Clean(text), width)...)
		}
	}
	if wanted && step.ExitCode != 0 {
		out = append(out, widget.Hang("   "+t.Faint.Render(widget.Fit("exit", 6, "")), fmt.Sprintf("%d, as this step wants it", step.ExitCode), width)...)
	}
	return out
}

// Result draws a typed result as what it is, at the time now, in lines of at most width cells. It draws nothing of a
// type that it does not know.
func Result(t *theme.Theme, value any, now time.Time, width int) []string {
	if draw := drawing(value, now); draw != nil {
		return draw(t, width)
	}
	return nil
}

// drawing returns what draws a typed result; nil for what is not to be drawn, because all of it was printed.
func drawing(value any, now time.Time) func(t *theme.Theme, width int) []string {
	switch v := value.(type) {
	case *verification.Report:
		return func(t *theme.Theme, width int) []string { return signatures.Summary(t, v, width, inline) }
	case *verification.Node:
		return func(t *theme.Theme, width int) []string { return tree.Summary(t, v, width, inline) }
	case *trust.Status:
		return func(t *theme.Theme, width int) []string { return trustview.Summary(t, v, now, width) }
	case *own.Difference:
		return func(t *theme.Theme, width int) []string { return divergenceLines(t, v.Changes, v.Signatures, width) }
	case *registry.LoginResult:
		return bound(loginLines, v)
	case *registry.CopyResult:
		return bound(copyLines, v)
	case *signing.Result:
		return bound(signLines, v)
	case *keys.Files:
		return bound(keyLines, v)
	case *own.Page:
		return bound(pageLines, v)
	case *own.Foretold:
		return bound(foretoldLines, v)
	case *own.Footing:
		return bound(footingLines, v)
	case *lab.RaceOutcome:
		return bound(raceLines, v)
	case *lab.Outcome:
		return bound(tamperLines, v)
	case *recovery.Report:
		return bound(recoveryLines, v)
	case *quay.Organization:
		return bound(organizationLines, v)
	case *technicaluser.Report:
		return bound(userLines, v)
	case *pack.Proof:
		return bound(packLines, v)
	case *attachments.Attached:
		return bound(attachedLines, v)
	case []attachments.Removed:
		return bound(removedLines, v)
	}
	return nil
}

// bound binds a drawing to what it draws.
func bound[T any](draw func(t *theme.Theme, v T, width int) []string, v T) func(t *theme.Theme, width int) []string {
	return func(t *theme.Theme, width int) []string { return draw(t, v, width) }
}

// Latest returns the last result of a type: of the step, else of the nearest before it, else of any; the zero T where there is none.
func Latest[T any](snap workshop.Snapshot, step int) (none T) {
	order := make([]int, 0, len(snap.Steps))
	for i := step; i >= 0; i-- {
		order = append(order, i)
	}
	for i := len(snap.Steps) - 1; i > step; i-- {
		order = append(order, i)
	}
	for _, i := range order {
		values := snap.Steps[i].Values
		for j := len(values) - 1; j >= 0; j-- {
			if v, ok := values[j].(T); ok {
				return v
			}
		}
	}
	return none
}

// facts draws names and values under each other.
type facts struct {
	t     *theme.Theme
	width int
	out   []string
}

func (f *facts) add(name, value string) {
	if value != "" {
		f.out = append(f.out, widget.Hang(f.name(name), widget.Linked(f.t, widget.Clean(value)), f.width)...)
	}
}

// name is how the name of a fact stands before it.
func (f *facts) name(name string) string { return f.t.Faint.Render(widget.Fit(name, 12, "")) }

// bad says what went wrong.
func (f *facts) bad(text string) {
	f.out = append(f.out, widget.Hang(f.t.Bad.Render("x")+"  ", widget.Clean(text), f.width)...)
}

// ok says what was done.
func (f *facts) ok(text string) {
	f.out = append(f.out, widget.Hang(f.t.Good.Render("ok")+" ", text, f.width)...)
}

func loginLines(t *theme.Theme, v *registry.LoginResult, width int) []string {
	f := facts{t: t, width: width}
	f.ok("logged in; the registry has checked the credentials")
	f.add("registry", v.Server)
	if v.Helper != "" {
		f.add("kept by", "the credential helper "+v.Helper)
		return f.out
	}
	f.add("kept in", v.Path)
	f.out = append(f.out, widget.Hang(t.Warning.Render("!")+"  ", "in plain text: whoever can read this file can log in", width)...)
	return f.out
}

func copyLines(t *theme.Theme, v *registry.CopyResult, width int) []string {
	f := facts{t: t, width: width}
	f.ok("copied; the digest is the same at both ends")
	if v.Source != nil {
		f.add("from", v.Source.String())
	}
	if v.Destination != nil {
		f.add("to", v.Destination.String())
	}
	f.add("digest", v.Digest.String())
	f.add("platforms", strings.Join(v.Platforms, ", "))
	f.add("travelled", fmt.Sprintf("%s in %s", tree.Size(v.Bytes), v.Took.Round(10*time.Millisecond)))
	f.add("blobs", fmt.Sprintf("%d, of them %d there already", v.Blobs, v.Skipped))
	return f.out
}

func signLines(t *theme.Theme, v *signing.Result, width int) []string {
	f := facts{t: t, width: width}
	if v.KeyReference != "" {
		f.ok("signed with the key " + t.Strong.Render(widget.Clean(v.KeyReference)))
		f.add("vouched by", "nobody: whoever verifies needs the public key")
	} else {
		f.ok("signed by " + t.Strong.Render(widget.Clean(v.Subject)))
		f.add("vouched by", v.Issuer)
	}
	f.add("digest", v.Digest.DigestStr())
	if v.ByTag {
		f.add("", "a tag was given; what it names now was signed")
	}
	if v.Integrated.IsZero() {
		f.add("log index", "none: the log was left out")
	} else {
		f.add("log index", fmt.Sprintf("%d, logged %s", v.LogIndex, v.Integrated.UTC().Format("2006-01-02 15:04:05Z")))
	}
	if !v.Timestamp.IsZero() {
		f.add("time stamp", v.Timestamp.UTC().Format("2006-01-02 15:04:05Z")+" (RFC 3161)")
	}
	if v.Signature != nil {
		f.add("stored as", v.Signature.String())
	}
	f.add("signatures", fmt.Sprintf("%d on this image now", v.Total))
	if v.Restored > 0 {
		f.add("", fmt.Sprintf("%d that others had overwritten were put back", v.Restored))
	}
	return f.out
}

func keyLines(t *theme.Theme, v *keys.Files, width int) []string {
	f := facts{t: t, width: width}
	f.ok("a key pair; its private half opens with the password alone")
	f.add("private", v.Private)
	if v.Private == "" {
		f.add("private", "in the cluster, with its password")
	}
	f.add("public", v.Public)
	if fingerprint, err := keys.Fingerprint(v.PublicKey); err == nil {
		f.add("fingerprint", fingerprint)
	}
	return f.out
}
