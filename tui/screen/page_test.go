package screen_test

import (
	"context"
	"errors"
	"testing"

	"github.com/sigwalk/sigwalk/tui/screen"
)

// TestOpenPage opens a page where there is a browser, and shows the address alone where there is none, or where it fails.
func TestOpenPage(t *testing.T) {
	const address = "https://quay.example.com/repository/l3-students/demo?tab=tags"
	find := func(context.Context) (string, error) { return address, nil }
	var opened []string
	browser := func(_ context.Context, url string) error {
		opened = append(opened, url)
		return nil
	}
	for name, c := range map[string]struct {
		open func(context.Context, string) error
		find func(context.Context) (string, error)
		want any
	}{
		"a browser":    {browser, find, screen.Say{Text: "opened in your browser: " + address}},
		"no browser":   {nil, find, screen.Raw{Text: address}},
		"a broken one": {func(context.Context, string) error { return errors.New("no display") }, find, screen.Raw{Text: address}},
		"no page":      {browser, func(context.Context) (string, error) { return "", errors.New("it is no Quay\x1b[2J") }, screen.Say{Text: "it is no Quay"}},
	} {
		deps := screen.Deps{Context: t.Context(), Tasks: &screen.Tasks{}, Open: c.open}
		if got := deps.OpenPage(c.find)(); got != c.want {
			t.Errorf("%s: %#v", name, got)
		}
		deps.Tasks.Close()
	}
	if len(opened) != 1 || opened[0] != address {
		t.Errorf("opened %q", opened)
	}
}
