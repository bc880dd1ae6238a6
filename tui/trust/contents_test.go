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

// TestWhenRolesEndIsSeen: in a narrow pane the sizes give way, and not how long a role is still good for.
func TestWhenRolesEndIsSeen(t *testing.T) {
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	status := &trust.Status{Roles: map[string]trust.Role{"timestamp.json": {Version: 12, Length: 4321, Expires: now.AddDate(1, 0, 0)}}}
	for _, width := range []int{58, 61, 65, 66, 90} {
		lines := Summary(theme.New(theme.Options{}), status, now, width)
		line := lines[len(lines)-1]
		if line = ansi.Strip(line); !strings.Contains(line, "in 365 days") || ansi.StringWidth(line) > width || strings.Contains(line, "4321") != (width >= 66) {
			t.Errorf("%d cells: %q", width, line)
		}
	}
}
