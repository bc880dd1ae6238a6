//go:build unix

package main

import (
	"strings"
	"testing"
)

// TestSettingIsKept changes a setting in the palette, and finds it so in the next run; a flag counts for its own run alone.
func TestSettingIsKept(t *testing.T) {
	const mouse = "\x1b[?1002h"
	m := open(t, setting{})
	m.see("1 Copy the image", "enter runs the command")
	m.press(":")
	m.see("Find")
	m.press("setting mouse")
	m.see("the mouse: wheel and clicks: off, then on")
	m.press("enter")
	m.see("on, now and the next time")
	if !strings.Contains(m.wrote(), mouse) {
		t.Error("the terminal was not asked for its mouse")
	}
	m.press("q")
	m.end()

	m = open(t, setting{dir: m.dir, args: []string{"--mouse=false"}})
	m.see("1 Copy the image", "enter runs the command")
	m.press("q")
	m.end()
	if strings.Contains(m.wrote(), mouse) {
		t.Error("the flag does not beat what was kept")
	}

	m = open(t, setting{dir: m.dir})
	m.see("1 Copy the image", "enter runs the command")
	m.press("q")
	m.end()
	if !strings.Contains(m.wrote(), mouse) {
		t.Error("the setting is not kept")
	}
}
