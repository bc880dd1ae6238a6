package main

import (
	"cmp"
	"path/filepath"

	"github.com/sigwalk/sigwalk/tui/settings"
)

// settings are what the person has set, in the file of the state directory and by flags, and where it is kept. A file that cannot
// be understood counts for nothing, and the workshop says so: no screen is refused for a colour.
func (a *app) settings(start map[settings.Name]string) (*settings.Current, *settings.File) {
	file := settings.NewFile(filepath.Join(a.flags.dir, "settings.json"))
	kept, _ := file.Read()
	given := map[settings.Name]string{}
	if a.flags.background != "" {
		given[settings.Background] = a.flags.background
	}
	if a.flags.given("mouse") {
		given[settings.Mouse] = onOff(a.flags.mouse)
	}
	return settings.New(kept, given, start), file
}

// started are the settings that were given when the workshop was started, and stay as they are.
func (a *app) started(dir string) map[settings.Name]string {
	place := ""
	if own, err := a.ownVariables(); err == nil {
		if c, err := a.choose(own, dir); err == nil {
			place = c.On
		}
	}
	return map[settings.Name]string{
		settings.Place: place, settings.Course: cmp.Or(a.flags.workshop, "the one that is built in"), settings.Host: onOff(a.flags.host || a.permitted(dir)),
		settings.Plain: onOff(a.lineByLine()), settings.Presented: onOff(a.flags.present), settings.Record: cmp.Or(a.flags.record, onOff(false)),
		settings.State: dir, settings.Config: a.flags.config,
	}
}

func onOff(is bool) string {
	if is {
		return "on"
	}
	return "off"
}
