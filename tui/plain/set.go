package plain

import (
	"slices"
	"strings"

	"github.com/sigwalk/sigwalk/tui/settings"
	"github.com/sigwalk/sigwalk/tui/widget"
)

// set lists the settings, or sets one. Most are for the screens, and wait for them.
func (w *walker) set(rest string) {
	name, value, _ := strings.Cut(strings.TrimSpace(rest), " ")
	if name == "" {
		w.settings()
		return
	}
	value = strings.TrimSpace(value)
	s, known := settings.Of(settings.Name(name))
	switch {
	case !known:
		w.say("There is no setting %s. The word set alone lists them.", widget.Clean(name))
	case !s.Live():
		w.say("%s is given at the start, with: %s", s.Name, s.Start)
	case !slices.Contains(s.Values, value):
		w.say("%s is one of: %s.", s.Name, strings.Join(s.Values, ", "))
	case !w.opts.Settings.Set(s.Name, value) || w.opts.Keep == nil:
		w.say("Settings are not kept here.")
	default:
		if err := w.opts.Keep(s.Name, value)(); err != nil {
			w.failure(err)
			return
		}
		w.say("%s: %s. The screens go by it, now and the next time.", s.Name, value)
	}
}

func (w *walker) settings() {
	for _, s := range settings.Catalogue() {
		now := widget.Clean(w.opts.Settings.Value(s.Name))
		if s.Live() {
			w.say("%s: %s. It is %s, and can be: %s.", s.Name, s.Title, now, strings.Join(s.Values, ", "))
			continue
		}
		w.say("%s: %s. It is %s, and is given at the start, with: %s", s.Name, s.Title, now, s.Start)
	}
}
