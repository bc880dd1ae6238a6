package lesson

import (
	"fmt"
	"strings"

	"github.com/sigwalk/sigwalk/tui/theme"
	"github.com/sigwalk/sigwalk/tui/widget"
	"github.com/sigwalk/sigwalk/workshop/lab"
	"github.com/sigwalk/sigwalk/workshop/shell/own"
)

// pageLines draws what Quay's page shows: a row for each tag, with the tag that its badge goes by.
func pageLines(t *theme.Theme, v *own.Page, width int) []string {
	f := facts{t: t, width: width}
	f.ok(fmt.Sprintf("the page shows %s at %s", counted(v.Badges, "badge"), counted(len(v.Rows), "tag")))
	f.add("page", v.URL)
	shown := v.Rows[:min(inline, len(v.Rows))]
	names := 0
	for _, row := range shown {
		names = max(names, min(widget.Width(widget.Clean(row.Name)), width/3))
	}
	for _, row := range shown {
		mark, because := t.Faint.Render(widget.Fit("-", 6, "")), ""
		if row.Badge {
			mark, because = t.Good.Render("signed"), "because of the tag "+row.SignatureTag
		}
		line := mark + "  " + widget.Fit(widget.Clean(row.Name), names, t.Lines.More) + "  "
		f.out = append(f.out, widget.Cut(line+t.Faint.Render(widget.Clean(because)), width, t.Lines.More))
	}
	if more := len(v.Rows) - len(shown); more > 0 {
		f.out = append(f.out, t.Faint.Render(fmt.Sprintf("and %d more", more)))
	}
	f.warn("a badge goes by names alone: nothing was verified")
	return f.out
}

// foretoldLines draws what programs will find of an image's signatures: a line each.
func foretoldLines(t *theme.Theme, v *own.Foretold, width int) []string {
	names := 0
	for _, c := range v.Consumers {
		names = max(names, min(widget.Width(widget.Clean(c.Name)), width/2))
	}
	var out []string
	for _, c := range v.Consumers {
		mark := t.Bad.Render("x") + "  "
		switch {
		case c.Finds:
			mark = t.Good.Render("ok") + " "
		case c.WithKey:
			mark = t.Faint.Render("--") + " "
		}
		out = append(out, widget.Hang(mark+widget.Fit(widget.Clean(c.Name), names, t.Lines.More)+"  ", widget.Clean(c.Sees), width)...)
	}
	return out
}

// raceLines draws how a race of signers ended.
func raceLines(t *theme.Theme, v *lab.RaceOutcome, width int) []string {
	f := facts{t: t, width: width}
	f.ok(fmt.Sprintf("%s signed at once, and each was told that all went well", counted(v.Signers, "signer")))
	f.add("image", v.Image)
	f.add("before", counted(v.Before, "signature")+" on the image")
	f.add("now", fmt.Sprintf("%s, where %d would have to be", counted(v.After, "signature"), v.Before+v.Signers))
	var indexes []string
	for _, index := range v.LogIndexes {
		indexes = append(indexes, fmt.Sprint(index))
	}
	f.add("in the log", strings.Join(indexes, ", ")+": every one of them")
	if v.Lost > 0 {
		f.warn(counted(v.Lost, "signature") + " overwritten: the log knows them, and the image does not")
	}
	return f.out
}

// footingLines draws what each signature rests on, and what of it the trust root does not know.
func footingLines(t *theme.Theme, v *own.Footing, width int) []string {
	f := facts{t: t, width: width}
	if v.Lacking == 0 {
		f.ok("the trust root holds everything that is needed for " + counted(len(v.Rows), "signature"))
	} else {
		f.warn(fmt.Sprintf("the trust root lacks %s needed for %s", counted(v.Lacking, "thing"), counted(len(v.Rows), "signature")))
	}
	shown := v.Rows[:min(inline, len(v.Rows))]
	for _, row := range shown {
		who := row.Subject
		if who == "" {
			who = "a key pair"
		}
		if row.LogIndex != nil {
			who = fmt.Sprintf("%d  %s", *row.LogIndex, who)
		}
		f.out = append(f.out, t.Strong.Render(widget.Cut(widget.Clean(who), width, t.Lines.More)))
		for _, anchor := range row.Anchors {
			mark, name := t.Good.Render("ok"), anchor.Entry
			switch {
			case !anchor.Known:
				mark, name = t.Bad.Render("x "), "not in the trust root: "+anchor.Name
			case anchor.Outside != "":
				mark, name = t.Bad.Render("x "), anchor.Entry+": "+anchor.Outside
			}
			f.out = append(f.out, widget.Hang("  "+mark+" "+widget.Fit(anchor.Part, 21, "")+" ", widget.Clean(name), width)...)
		}
	}
	if more := len(v.Rows) - len(shown); more > 0 {
		f.out = append(f.out, t.Faint.Render(fmt.Sprintf("and %d more", more)))
	}
	return f.out
}

// warn says what a person should know of it.
func (f *facts) warn(text string) {
	f.out = append(f.out, widget.Hang(f.t.Warning.Render("!")+"  ", widget.Clean(text), f.width)...)
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
