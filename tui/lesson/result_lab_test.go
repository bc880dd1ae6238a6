package lesson_test

import (
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"github.com/muesli/termenv"

	"github.com/sigwalk/sigwalk/actions/registry/quay"
	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/tui/lesson"
	"github.com/sigwalk/sigwalk/tui/lesson/lessontest"
	"github.com/sigwalk/sigwalk/tui/theme"
	"github.com/sigwalk/sigwalk/workshop/lab"
	"github.com/sigwalk/sigwalk/workshop/shell/own"
)

// TestResultsOfTheLab draws what lessons look at beside signatures, within the width, whatever the names are.
func TestResultsOfTheLab(t *testing.T) {
	const odd = "署名 👩‍💻 e\u0301 \x1b[31mred\ttab"
	plain := theme.New(theme.Options{Dark: true, Profile: termenv.Ascii})
	index := int64(7)
	for _, c := range []struct {
		value any
		want  []string
		never string
	}{
		{
			&own.Page{URL: "http://127.0.0.1:1/repository/a", Badges: 1, Rows: []quay.Shown{
				{Tag: quay.Tag{Name: "latest" + odd}, Badge: true, SignatureTag: "sha256-1.sig"}, {Tag: quay.Tag{Name: "sha256-1.sig"}},
			}},
			[]string{"1 badge at 2 tags", "signed  latest", "because of the tag sha256-1.sig", "nothing was verified"},
			"",
		},
		{
			&lab.RaceOutcome{Image: "a:latest", Signers: 5, Before: 1, After: 2, Lost: 4, LogIndexes: []int64{3, 4}},
			[]string{"5 signers signed at once", "1 signature on the image", "2 signatures, where 6 would have to be", "3, 4: every one of them", "4 signatures overwritten"},
			"",
		},
		{&lab.RaceOutcome{Signers: 2, After: 2}, []string{"2 signatures"}, "overwritten"},
		{
			&own.Footing{Lacking: 1, Rows: []verification.Footing{{LogIndex: &index, Subject: "maria@example.com" + odd, Anchors: []verification.Anchor{
				{Part: "certificate authority", Known: true, Entry: "fulcio"}, {Part: "transparency log", Name: "abcd" + odd},
			}}}},
			[]string{"lacks 1 thing needed for 1 signature", "7  maria@example.com", "ok certificate authority fulcio", "x  transparency log      not in the trust root: abcd"},
			"",
		},
		{&own.Footing{Rows: []verification.Footing{{}}}, []string{"holds everything that is needed for 1 signature", "a key pair"}, "lacks"},
	} {
		got := strings.Join(lesson.Result(plain, c.value, lessontest.Now(), 100), "\n")
		for _, want := range c.want {
			if !strings.Contains(got, want) {
				t.Errorf("no %q in\n%s", want, got)
			}
		}
		if c.never != "" && strings.Contains(got, c.never) {
			t.Errorf("%q in\n%s", c.never, got)
		}
		for width := 40; width < 140; width++ {
			for _, line := range lesson.Result(plain, c.value, lessontest.Now(), width) {
				if ansi.StringWidth(line) > width || strings.ContainsAny(line, "\t\x1b") {
					t.Fatalf("at %d: %q", width, line)
				}
			}
		}
	}
}
