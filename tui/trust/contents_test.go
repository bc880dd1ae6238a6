package trust

import (
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/sigwalk/sigwalk/actions/trust"
	"github.com/sigwalk/sigwalk/tui/theme"
)

// TestTimeLine draws each validity where it lies between the first beginning and the last end, the present on it.
func TestTimeLine(t *testing.T) {
	day := func(year int) *time.Time {
		at := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
		return &at
	}
	c := &trust.Contents{
		Authorities: []trust.Authority{{URI: "https://fulcio.example.com", Chain: []trust.Certificate{{Subject: "CN=old", NotBefore: *day(2000), NotAfter: *day(2010)}}}},
		Logs: []trust.Log{
			{URL: "https://rekor.example.com", ID: "ab", Period: trust.Period{From: day(2010), Until: day(2030)}},
			{ID: "cd", Period: trust.Period{From: day(2029)}},
		},
	}
	var lines []string
	for _, line := range contents(theme.New(theme.Options{}), c, *day(2015), 60) {
		lines = append(lines, strings.TrimRight(ansi.Strip(line), " "))
	}
	want := `
                              2000-01-01  | now   2030-01-01

certificate authorities
  CN=old                      ==========....|...............
    until 2010-01-01  x expired  https://fulcio.example.com

transparency logs
  https://rekor.example.com   .........=====|===============
    until 2030-01-01  in 5479 days  ab
  cd                          ..............|.............==
    no end

certificate logs
  none

timestamp authorities
  none`
	if got := strings.Join(lines, "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
