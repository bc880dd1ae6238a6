package tui

import (
	"fmt"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/sigwalk/sigwalk/tui/palette"
	"github.com/sigwalk/sigwalk/tui/screen"
	"github.com/sigwalk/sigwalk/tui/settings"
	"github.com/sigwalk/sigwalk/tui/theme"
	"github.com/sigwalk/sigwalk/tui/widget"
)

// turn asks the root to give a setting the next of its values.
type turn struct{ name settings.Name }

// settings are the palette's items of what can be set: what can be changed now changes when it is chosen, of the rest it is
// said how it is given at the start.
func (r *root) settings() []palette.Item {
	now := r.deps.Settings
	if now == nil {
		return nil
	}
	var items []palette.Item
	for _, s := range settings.Catalogue() {
		switch {
		case !r.means(s.Where):
		case s.Live():
			title := fmt.Sprintf("%s: %s, then %s", s.Title, now.Value(s.Name), now.Next(s.Name))
			items = append(items, palette.Item{Kind: "setting", Title: title, Msg: turn{s.Name}})
		default:
			value := now.Value(s.Name)
			if w := r.workshop(); s.Name == settings.Place && w != nil {
				if presented, ok := w.Presented(); ok {
					value = presented.Snapshot.Where
				}
			}
			if value == "" {
				continue // nothing is known of it here
			}
			says := fmt.Sprintf("%s: %s; give it at the start, with %s", s.Title, value, s.Start)
			items = append(items, palette.Item{Kind: "setting", Title: s.Title + ": " + value + " (at the start)", Msg: screen.Say{Text: widget.Clean(says)}})
		}
	}
	return items
}

// means reports whether a setting that means something there does so now.
func (r *root) means(where settings.Where) bool {
	w := r.workshop()
	switch where {
	case settings.Everywhere:
		return true
	case settings.InLesson:
		return w != nil
	case settings.Presenting:
		return w != nil && w.school.stage != nil
	}
	return false
}

// turn gives a setting its next value, makes it so, and keeps it.
func (r *root) turn(msg turn) tea.Cmd {
	value := r.deps.Settings.Next(msg.name)
	if !r.deps.Settings.Set(msg.name, value) {
		return nil
	}
	var apply tea.Cmd
	if msg.name == settings.Mouse {
		apply = tea.DisableMouse
		if r.deps.Settings.On(settings.Mouse) {
			apply = tea.EnableMouseCellMotion
		}
	}
	*r.deps.Theme = *theme.New(look(r.able, r.deps.Settings))
	s, _ := settings.Of(msg.name)
	return tea.Batch(apply, r.keepSetting(msg.name, value, s.Title+": "+value))
}

// keepSetting keeps a value for the next time, and says so behind said; nothing where that is empty and it is kept.
func (r *root) keepSetting(name settings.Name, value, said string) tea.Cmd {
	if r.keep == nil {
		return screen.Tell(said + ", as long as the program runs")
	}
	write := r.keep(name, value)
	return r.deps.Tasks.Cmd(func() tea.Msg {
		switch err := write(); {
		case err != nil:
			return screen.Say{Text: widget.Clean(said + ", but only for now: " + err.Error())}
		case said != "":
			return screen.Say{Text: said + ", now and the next time"}
		}
		return nil
	})
}

// look is how things look on a terminal that is able to show so much, as the person has set it.
func look(able theme.Options, now *settings.Current) theme.Options {
	switch now.Value(settings.Background) {
	case "dark":
		able.Dark = true
	case "light":
		able.Dark = false
	}
	if !now.On(settings.Colours) {
		able.Profile = theme.NoColour
	}
	able.Mouse = now.On(settings.Mouse)
	able.Links = able.Links && now.On(settings.Links)
	able.ASCII = able.ASCII || now.Is(settings.Drawing, "ascii")
	return able
}
