// Package theme holds how things look, by what they mean: one value that is made once and handed to every screen.
package theme

import (
	"io"
	"strings"

	"github.com/charmbracelet/lipgloss"
	"github.com/muesli/termenv"
)

// NoColour is the profile without colours.
const NoColour = termenv.Ascii

// Options say what the terminal can do and what the person wants. Nothing is asked of the terminal.
type Options struct {
	// Dark is true for light text on a dark background.
	Dark bool
	// Profile is how many colours there are; NoColour for none.
	Profile termenv.Profile
	// ASCII draws lines with characters that every terminal has.
	ASCII bool
	// Links is true where addresses may be hyperlinks (OSC 8).
	Links bool
	// Mouse is true where the person uses the mouse: what can be clicked is marked then (widget.Spot).
	Mouse bool
}

// Detect reads the options from the environment: NO_COLOR, TERM, COLORTERM, COLORFGBG and the locale. A background
// of "dark" or "light" wins over COLORFGBG; anything else leaves it to COLORFGBG, and without that to dark. Where there are no
// colours there are no hyperlinks: whoever turned those off wants text.
func Detect(background string, getenv func(string) string) Options {
	colours := profile(getenv)
	return Options{Dark: dark(background, getenv), Profile: colours, ASCII: !utf8Locale(getenv), Links: colours != NoColour && getenv("TERM") != "linux"}
}

func dark(background string, getenv func(string) string) bool {
	switch background {
	case "dark":
		return true
	case "light":
		return false
	}
	fields := strings.Split(getenv("COLORFGBG"), ";")
	switch fields[len(fields)-1] {
	case "7", "15":
		return false
	}
	return true
}

func profile(getenv func(string) string) termenv.Profile {
	term := getenv("TERM")
	switch {
	case getenv("NO_COLOR") != "", term == "dumb", term == "":
		return termenv.Ascii
	case getenv("COLORTERM") == "truecolor", getenv("COLORTERM") == "24bit":
		return termenv.TrueColor
	case strings.Contains(term, "256color"):
		return termenv.ANSI256
	}
	return termenv.ANSI
}

// utf8Locale follows POSIX: the first of LC_ALL, LC_CTYPE and LANG that is set decides. Where none is set, as on
// Windows and in many containers, terminals show UTF-8 all the same.
func utf8Locale(getenv func(string) string) bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToLower(getenv(name)); v != "" {
			return strings.Contains(v, "utf-8") || strings.Contains(v, "utf8")
		}
	}
	return true
}

// Lines are the characters that frames are drawn with, each one cell wide.
type Lines struct {
	H, V, TopLeft, TopRight, BottomLeft, BottomRight, Left, Right, Top, Bottom string
	// Open and Closed mark what can be folded, Full and Empty fill a progress bar, Mark points at the chosen row.
	Open, Closed, Full, Empty, Mark string
	// Up and Down say which way a column is sorted and which way there is more to see; More stands for text left out.
	Up, Down, More string
}

// Theme is the look of everything, by meaning. Where a person may set how things look, the event loop puts another in its place
// between two frames; nothing but drawing reads it there.
type Theme struct {
	Options Options
	Lines   Lines

	Plain    lipgloss.Style // ordinary text
	Title    lipgloss.Style // the name of a screen or pane
	Strong   lipgloss.Style // what matters most in a text
	Faint    lipgloss.Style // what one may overlook
	Rule     lipgloss.Style // frames and lines
	Focus    lipgloss.Style // title and frame of the pane that has the focus
	Selected lipgloss.Style // the chosen row
	Command  lipgloss.Style // what a person would type
	Key      lipgloss.Style // a key in a hint
	Good     lipgloss.Style // done, verified
	Busy     lipgloss.Style // under way
	Bad      lipgloss.Style // failed
	Blocked  lipgloss.Style // waits for something else
	Warning  lipgloss.Style // a person should read this
	Link     lipgloss.Style // an address
}

// New makes a theme.
func New(opts Options) *Theme {
	r := lipgloss.NewRenderer(io.Discard, termenv.WithEnvironment(noEnvironment{}))
	r.SetColorProfile(opts.Profile)
	r.SetHasDarkBackground(opts.Dark)
	style := func(light, dark string) lipgloss.Style {
		return r.NewStyle().Foreground(lipgloss.AdaptiveColor{Light: light, Dark: dark})
	}
	t := &Theme{
		Options:  opts,
		Lines:    lines(opts.ASCII),
		Plain:    r.NewStyle(),
		Title:    r.NewStyle().Bold(true),
		Strong:   r.NewStyle().Bold(true),
		Faint:    style("243", "245"),
		Rule:     style("250", "239"),
		Focus:    style("25", "81").Bold(true),
		Selected: r.NewStyle().Bold(true).Background(lipgloss.AdaptiveColor{Light: "254", Dark: "236"}),
		Command:  style("24", "117"),
		Key:      style("25", "81"),
		Good:     style("28", "78"),
		Busy:     style("25", "81"),
		Bad:      style("160", "203"),
		Blocked:  style("130", "179"),
		Warning:  style("130", "179"),
		Link:     style("25", "81").Underline(true),
	}
	return t
}

func lines(ascii bool) Lines {
	if ascii {
		return Lines{
			H: "-", V: "|", TopLeft: "+", TopRight: "+", BottomLeft: "+", BottomRight: "+", Left: "+", Right: "+", Top: "+", Bottom: "+",
			Open: "v", Closed: ">", Full: "#", Empty: ".", Mark: ">", Up: "^", Down: "v", More: "~",
		}
	}
	return Lines{
		H: "─", V: "│", TopLeft: "┌", TopRight: "┐", BottomLeft: "└", BottomRight: "┘", Left: "├", Right: "┤", Top: "┬", Bottom: "┴",
		Open: "▾", Closed: "▸", Full: "━", Empty: "─", Mark: "›", Up: "↑", Down: "↓", More: "…",
	}
}

// noEnvironment keeps the renderer from reading the environment: all that it needs was given to it.
type noEnvironment struct{}

func (noEnvironment) Environ() []string    { return nil }
func (noEnvironment) Getenv(string) string { return "" }

// Cursor draws the cell that the next character goes to. Reverse video is no colour: it is there without colours too,
// for a cursor that cannot be seen is of no use.
func (t *Theme) Cursor(cell string) string { return "\x1b[7m" + cell + "\x1b[27m" }
