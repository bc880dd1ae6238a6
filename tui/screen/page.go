package screen

import (
	"context"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/sigwalk/sigwalk/tui/widget"
)

// OpenPage returns a command that finds the address of a page and opens it in the person's browser. Where there is none, the
// address is shown alone, to be opened elsewhere.
func (d Deps) OpenPage(find func(ctx context.Context) (string, error)) tea.Cmd {
	ctx, open := d.Context, d.Open
	return d.Tasks.Cmd(func() tea.Msg {
		address, err := find(ctx)
		switch {
		case err != nil:
			return Say{Text: widget.Clean(err.Error())}
		case open == nil || open(ctx, address) != nil:
			return Raw{Text: address}
		}
		return Say{Text: widget.Clean("opened in your browser: " + address)}
	})
}
