package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/sigwalk/sigwalk/actions"
)

// terminalObserver asks questions on the terminal. It shows no events: the built-ins print what the real tools print.
type terminalObserver struct {
	in  io.Reader
	err io.Writer
}

func newTerminalObserver(in io.Reader, err io.Writer) *terminalObserver {
	return &terminalObserver{in: in, err: err}
}

func (o *terminalObserver) Event(context.Context, actions.Event) {}

// Ask asks when standard input is a terminal; elsewhere nobody is there.
func (o *terminalObserver) Ask(ctx context.Context, q actions.Question) (actions.Answer, error) {
	file, ok := o.in.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return actions.Answer{}, actions.ErrNobodyToAsk
	}
	if q.Text != "" {
		_, _ = fmt.Fprintln(o.err, q.Text)
	}
	prompt := q.Prompt
	if q.YesNo {
		prompt += " [y/N]"
	}
	_, _ = fmt.Fprint(o.err, prompt+" ")
	type reply struct {
		text string
		err  error
	}
	replies := make(chan reply, 1) // a read from a terminal cannot be cancelled, so its goroutine may outlive the question
	go func() {
		if q.Secret {
			text, err := term.ReadPassword(int(file.Fd()))
			_, _ = fmt.Fprintln(o.err)
			replies <- reply{string(text), err}
			return
		}
		text, err := bufio.NewReader(o.in).ReadString('\n')
		replies <- reply{strings.TrimSpace(text), err}
	}()
	select {
	case <-ctx.Done():
		return actions.Answer{}, ctx.Err()
	case r := <-replies:
		if r.err != nil && r.text == "" {
			return actions.Answer{}, actions.ErrNobodyToAsk
		}
		yes := strings.EqualFold(r.text, "y") || strings.EqualFold(r.text, "yes")
		return actions.Answer{Yes: q.YesNo && yes, Text: actions.NewSecret(r.text)}, nil
	}
}
