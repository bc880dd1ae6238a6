package theme_test

import (
	"testing"

	"github.com/muesli/termenv"

	"github.com/sigwalk/sigwalk/tui/theme"
)

func TestDetect(t *testing.T) {
	for _, c := range []struct {
		name       string
		background string
		env        map[string]string
		want       theme.Options
	}{
		{"nothing is known", "", nil, theme.Options{Dark: true, Profile: theme.NoColour}},
		{"sixteen colours", "", map[string]string{"TERM": "xterm"}, theme.Options{Dark: true, Profile: termenv.ANSI}},
		{"256 colours", "", map[string]string{"TERM": "xterm-256color"}, theme.Options{Dark: true, Profile: termenv.ANSI256}},
		{
			"true colour", "",
			map[string]string{"TERM": "xterm-256color", "COLORTERM": "truecolor"},
			theme.Options{Dark: true, Profile: termenv.TrueColor},
		},
		{"true colour by its other name", "", map[string]string{"TERM": "xterm", "COLORTERM": "24bit"}, theme.Options{Dark: true, Profile: termenv.TrueColor}},
		{"the console of Linux, which has no links", "", map[string]string{"TERM": "linux"}, theme.Options{Dark: true, Profile: termenv.ANSI}},
		{"dumb", "", map[string]string{"TERM": "dumb", "COLORTERM": "truecolor"}, theme.Options{Dark: true, Profile: theme.NoColour}},
		{
			"NO_COLOR wins over COLORTERM", "",
			map[string]string{"TERM": "xterm", "COLORTERM": "truecolor", "NO_COLOR": "1"},
			theme.Options{Dark: true, Profile: theme.NoColour},
		},
		{"an empty NO_COLOR is none", "", map[string]string{"TERM": "xterm", "NO_COLOR": ""}, theme.Options{Dark: true, Profile: termenv.ANSI}},
		{"COLORFGBG light", "", map[string]string{"COLORFGBG": "0;15"}, theme.Options{Profile: theme.NoColour}},
		{"COLORFGBG light grey", "", map[string]string{"COLORFGBG": "0;7"}, theme.Options{Profile: theme.NoColour}},
		{"COLORFGBG of three parts", "", map[string]string{"COLORFGBG": "0;default;15"}, theme.Options{Profile: theme.NoColour}},
		{"COLORFGBG dark", "", map[string]string{"COLORFGBG": "15;0"}, theme.Options{Dark: true, Profile: theme.NoColour}},
		{"COLORFGBG unclear", "", map[string]string{"COLORFGBG": "default"}, theme.Options{Dark: true, Profile: theme.NoColour}},
		{"light wins over COLORFGBG", "light", map[string]string{"COLORFGBG": "15;0"}, theme.Options{Profile: theme.NoColour}},
		{"dark wins over COLORFGBG", "dark", map[string]string{"COLORFGBG": "0;15"}, theme.Options{Dark: true, Profile: theme.NoColour}},
		{"auto leaves it to COLORFGBG", "auto", map[string]string{"COLORFGBG": "0;15"}, theme.Options{Profile: theme.NoColour}},
		{"a locale without UTF-8", "", map[string]string{"LANG": "C"}, theme.Options{Dark: true, Profile: theme.NoColour, ASCII: true}},
		{"LC_ALL decides", "", map[string]string{"LANG": "C", "LC_ALL": "C.UTF-8"}, theme.Options{Dark: true, Profile: theme.NoColour}},
		{"LC_CTYPE before LANG", "", map[string]string{"LANG": "de_DE.utf8", "LC_CTYPE": "POSIX"}, theme.Options{Dark: true, Profile: theme.NoColour, ASCII: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.want.Links = c.want.Profile != theme.NoColour && c.env["TERM"] != "linux"
			if got := theme.Detect(c.background, func(name string) string { return c.env[name] }); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}
