// Package settings is the one catalogue of what a person can set beside what keys do at once: the palette finds it, --plain
// lists it, and the README's table is made of it. What is changed while the program runs is kept in a file for the next time.
package settings

import "slices"

// Name names a setting, in the file and in --plain.
type Name string

// The settings that can be changed while the program runs.
const (
	Mouse      Name = "mouse"
	Background Name = "background"
	Colours    Name = "colours"
	Drawing    Name = "drawing"
	Links      Name = "links"
	Panes      Name = "panes"
	Follow     Name = "follow"
	Pace       Name = "pace"
)

// The settings that are given when the program starts.
const (
	Place     Name = "place"
	Course    Name = "course"
	Host      Name = "host"
	Plain     Name = "plain"
	Presented Name = "present"
	Record    Name = "record"
	State     Name = "state"
	Config    Name = "config"
)

// Setting is one thing that can be set.
type Setting struct {
	Name Name
	// Title says what it is about, in a few words.
	Title string
	// Values are what it can be, the first one unless the person says otherwise; none for a setting that is given at the start.
	Values []string
	// Start is how it is given on the command line; empty where it is not.
	Start string
	// Where says where it means something.
	Where Where
}

// Where is where a setting means something.
type Where int

// The places.
const (
	Everywhere Where = iota
	InLesson         // while a lesson is open
	Presenting       // on a projector
)

// Live reports whether it can be changed while the program runs.
func (s Setting) Live() bool { return len(s.Values) > 0 }

// Catalogue returns every setting.
func Catalogue() []Setting {
	return []Setting{
		{Mouse, "the mouse: wheel and clicks", []string{off, on}, "--mouse", Everywhere},
		{Background, "the terminal's background", []string{auto, "dark", "light"}, "--background dark|light", Everywhere},
		{Colours, "colours", []string{auto, off}, "NO_COLOR=1", Everywhere},
		{Drawing, "drawing: the characters of lines and marks", []string{auto, "ascii"}, "", Everywhere},
		{Links, "links that a terminal can open (OSC 8)", []string{auto, off}, "", Everywhere},
		{Panes, "panes of steps and variables beside the step, where there is room", []string{on, off}, "", InLesson},
		{Follow, "follow the output: its end is shown as it grows", []string{on, off}, "", InLesson},
		{Pace, "the pace of autoplay and typing", []string{"1", "1.5", "2", "4", "8", "16", "0.25", "0.5", "0.75"}, "", Presenting},
		{Place, "where you work", nil, "sigwalk --on sandbox|cluster|own|public", InLesson},
		{Course, "the course", nil, "sigwalk --workshop FOLDER", InLesson},
		{Host, "lessons may run programs of this machine", nil, "sigwalk --allow-host", InLesson},
		{Plain, "line by line, without a full screen", nil, "sigwalk --plain", InLesson},
		{Presented, "large and without secrets, for an audience", nil, "sigwalk --present", InLesson},
		{Record, "a recording is kept", nil, "sigwalk demo record FILE", InLesson},
		{State, "the state directory", nil, "--dir DIR", InLesson},
		{Config, "the configuration file", nil, "--config FILE", InLesson},
	}
}

// Of returns the setting of a name.
func Of(name Name) (Setting, bool) {
	all := Catalogue()
	i := slices.IndexFunc(all, func(s Setting) bool { return s.Name == name })
	if i < 0 {
		return Setting{}, false
	}
	return all[i], true
}

const (
	on   = "on"
	off  = "off"
	auto = "auto" // as the environment says
)
