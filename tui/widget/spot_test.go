package widget_test

import (
	"slices"
	"testing"

	"github.com/sigwalk/sigwalk/tui/theme"
	"github.com/sigwalk/sigwalk/tui/widget"
)

// TestSpots finds what is marked where it is drawn, in wide letters too; what is within an area comes before it, and what was cut
// away is nowhere.
func TestSpots(t *testing.T) {
	th := theme.New(theme.Options{Mouse: true})
	row := widget.Fit("署名 "+widget.Spot(th, 7, "a row")+" cut"+widget.Spot(th, 8, "away"), 14, "")
	lines, at := widget.Spots(widget.Beside([]string{"left|"}, widget.Area(th, 2, []string{row})))
	if want := "left|署名 a row cut"; lines[0] != want {
		t.Errorf("drawn is %q, not %q", lines[0], want)
	}
	area := slices.IndexFunc(at, func(s widget.SpotAt) bool { n, ok := widget.AreaOf(s.Number); return ok && n == 2 })
	if len(at) != 2 || area != 1 || at[0] != (widget.SpotAt{Number: 7, Y: 0, From: 10, To: 15}) || at[1].From != 5 || at[1].To != 19 {
		t.Errorf("found are %+v", at)
	}
	if column, ok := widget.HeadOf(widget.Head(3)); !ok || column != 3 {
		t.Error("a heading is not known again")
	}
	for _, number := range []int{0, 999, widget.Head(0)} {
		if _, ok := widget.AreaOf(number); ok {
			t.Errorf("%d is an area", number)
		}
	}
	if lines, at := widget.Spots([]string{"\x1b[zno beginning", widget.Spot(theme.New(theme.Options{}), 1, "no mouse")}); len(at) > 0 || lines[0] != "no beginning" || lines[1] != "no mouse" {
		t.Errorf("%q, %+v", lines, at)
	}
}
