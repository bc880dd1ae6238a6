package lesson

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sigwalk/sigwalk/actions/recovery"
	"github.com/sigwalk/sigwalk/actions/trust"
	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/tui/theme"
	"github.com/sigwalk/sigwalk/tui/widget"
	"github.com/sigwalk/sigwalk/workshop/lab"
)

// tamperLines draws which checks turned red, and whether that was foretold.
func tamperLines(t *theme.Theme, v *lab.Outcome, width int) []string {
	f := facts{t: t, width: width}
	switch {
	case v.Prediction == "":
	case v.Right && v.Prediction == v.About:
		f.ok("you predicted " + v.Prediction + ", and that is what it is about")
	case v.Right:
		f.ok("you predicted " + v.Prediction + ", and it turned red")
	default:
		f.bad("you predicted " + v.Prediction + ", and it did not turn red")
	}
	f.add("tampered", v.Does)
	red := make([]string, len(v.Red))
	for i, id := range v.Red {
		red[i] = string(id)
	}
	switch {
	case len(red) > 0:
		f.out = append(f.out, widget.Hang(f.name("red"), t.Bad.Render(strings.Join(red, ", ")), width)...)
	case !v.Verified:
		f.add("red", "nothing: there is no signature to check")
	default:
		f.add("red", "nothing")
	}
	if v.Because != "" {
		f.add("about", v.About+": "+v.Because)
	}
	f.add("cosign says", v.Why)
	return f.out
}

// recoveryLines draws what was lost, what was brought back, and what could not be.
func recoveryLines(t *theme.Theme, v *recovery.Report, width int) []string {
	f := facts{t: t, width: width}
	back := 0
	for _, s := range v.Signatures {
		if s.Attached {
			back++
		}
	}
	lacking := len(v.Lacking())
	switch {
	case back > 0:
		f.ok(counted(back, "signature") + " brought back")
	case lacking > 0:
		f.warn(counted(lacking, "signature") + " could be brought back")
	default:
		f.ok("nothing that was found is lacking")
	}
	f.add("image", v.Image)
	f.add("before", counted(v.Before, "signature")+" on the image")
	f.add("now", counted(v.After, "signature"))
	for _, asked := range v.Asked {
		said := fmt.Sprintf("%d found", asked.Entries)
		if asked.Skipped != "" {
			said = "not asked: " + asked.Skipped
		}
		f.add(string(asked.Source), said)
	}
	unfit := slices.DeleteFunc(slices.Clone(v.Signatures), func(s *recovery.Signature) bool { return s.Reason == nil || s.Present })
	for _, s := range unfit[:min(inline, len(unfit))] {
		index := "without a log index"
		if s.LogIndex != nil {
			index = fmt.Sprintf("log index %d", *s.LogIndex)
		}
		f.warn(index + ": " + s.Reason.Error())
	}
	return f.out
}

// divergenceLines draws how two trust roots differ, and what that means for signatures.
func divergenceLines(t *theme.Theme, changes []trust.Change, signatures []verification.Divergence, width int) []string {
	f := facts{t: t, width: width}
	if len(changes) == 0 {
		f.ok("the two trust roots hold the same")
	} else {
		f.warn("the two trust roots differ in " + counted(len(changes), "thing"))
	}
	for _, c := range changes[:min(inline, len(changes))] {
		f.add(c.What, c.Part+" "+c.Name)
		f.add("", c.Means)
	}
	for _, d := range signatures[:min(inline, len(signatures))] {
		who := d.Subject
		if who == "" {
			who = "a key pair"
		}
		if d.LogIndex != nil {
			who = fmt.Sprintf("%d  %s", *d.LogIndex, who)
		}
		f.out = append(f.out, t.Strong.Render(widget.Cut(widget.Clean(who), width, t.Lines.More)))
		f.side("first", d.A)
		f.side("second", d.B)
	}
	return f.out
}

// side says whether a signature verified under one of two trust roots, and else why not.
func (f *facts) side(which, why string) {
	mark, said := f.t.Good.Render("ok"), "it verifies under the "+which
	if why != "" {
		mark, said = f.t.Bad.Render("x "), "not under the "+which+": "+why
	}
	f.out = append(f.out, widget.Hang("  "+mark+" ", widget.Clean(said), f.width)...)
}
