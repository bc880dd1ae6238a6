package tui

import (
	"context"
	"fmt"
	"io"
	"strings"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/muesli/cancelreader"
	"golang.org/x/term"

	"github.com/sigwalk/sigwalk/tui/screen"
)

// raw leaves the screen and prints a text alone, where the terminal itself can select it: a full screen cuts long lines,
// and a terminal in a browser lets programs copy nothing.
func (r *root) raw(msg screen.Raw) tea.Cmd {
	return tea.Exec(&rawView{ctx: r.deps.Context, text: msg.Text}, func(err error) tea.Msg {
		if err != nil && r.deps.Context.Err() == nil {
			return screen.Say{Text: "not shown: " + err.Error()}
		}
		return nil
	})
}

// rawView is a tea.ExecCommand. It ends with the program.
type rawView struct {
	ctx  context.Context //nolint:containedctx // Run has none
	text string
	in   io.Reader
	out  io.Writer
}

// SetStdin implements tea.ExecCommand.
func (v *rawView) SetStdin(in io.Reader) { v.in = in }

// SetStdout implements tea.ExecCommand.
func (v *rawView) SetStdout(out io.Writer) { v.out = out }

// SetStderr implements tea.ExecCommand.
func (v *rawView) SetStderr(io.Writer) {}

// Run implements tea.ExecCommand.
func (v *rawView) Run() error {
	// No key may do what it does in a shell, such as to end the program.
	if file, ok := v.in.(interface{ Fd() uintptr }); ok {
		if state, err := term.MakeRaw(int(file.Fd())); err == nil {
			defer func() { _ = term.Restore(int(file.Fd()), state) }()
		}
	}
	if _, err := fmt.Fprintf(v.out, "\r\n%s\r\n\r\nenter goes back\r\n", strings.ReplaceAll(v.text, "\n", "\r\n")); err != nil {
		return err
	}
	in, err := cancelreader.NewReader(v.in)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	defer context.AfterFunc(v.ctx, func() { in.Cancel() })()
	const ctrlC, escape = 3, 27
	key := make([]byte, 1)
	for {
		if _, err := in.Read(key); err != nil {
			return err
		}
		switch key[0] {
		case '\r', '\n', ctrlC, escape, 'q':
			return nil
		}
	}
}
