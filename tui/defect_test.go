//go:build unix

package tui

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/creack/pty"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/tui/outline"
	"github.com/sigwalk/sigwalk/tui/screen"
)

// holed is a screen with a defect, in what it does or beside that.
type holed struct {
	screen.Screen
	beside bool
}

func (b holed) Init() tea.Cmd {
	if !b.beside {
		panic("there is a hole in the screen")
	}
	return func() tea.Msg { panic("there is a hole in the screen") }
}

// TestDefectSaysWhereItsStackIs: a screen that crashes gives the terminal back, and says where to look and what to do.
func TestDefectSaysWhereItsStackIs(t *testing.T) {
	for _, beside := range []bool{false, true} {
		terminal, program, err := pty.Open()
		if err != nil {
			t.Fatal(err)
		}
		if err := pty.Setsize(terminal, &pty.Winsize{Rows: 24, Cols: 80}); err != nil {
			t.Fatal(err)
		}
		go func() { _, _ = io.Copy(io.Discard, terminal) }()
		stray := filepath.Join(t.TempDir(), "stray.log")
		err = show(t.Context(), Terminal{In: program, Out: program, Stray: stray}, brisk, alone, func(deps screen.Deps) screen.Screen {
			return holed{newStarting(deps, &school{}, outline.Chosen{}), beside}
		})
		var defect *actions.Error
		if !errors.As(err, &defect) || defect.Code != actions.CodeInternal || !strings.Contains(defect.Why, stray) {
			t.Errorf("it ended with %v", err)
		}
		text, err := os.ReadFile(stray)
		if err != nil || !strings.Contains(string(text), "there is a hole in the screen") || !strings.Contains(string(text), "defect_test.go") {
			t.Errorf("stray output is %q (%v)", text, err)
		}
		_ = program.Close()
		_ = terminal.Close()
	}
}
