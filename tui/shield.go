package tui

import (
	"fmt"
	"os"
)

// shield keeps what libraries print off the screen: for as long as it is drawn, the process's standard output and error
// go to the file stray, or nowhere. It returns files that reach the terminal as before, and what undoes it.
func shield(in, out *os.File, stray string) (*os.File, *os.File, func(), error) {
	if stray == "" {
		stray = os.DevNull
	}
	file, err := os.OpenFile(stray, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("keep the output of libraries off the screen: %w", err)
	}
	screen, restore, err := divert(out, file)
	if err != nil {
		_ = file.Close()
		return nil, nil, nil, fmt.Errorf("keep the output of libraries off the screen: %w", err)
	}
	stdout, stderr := os.Stdout, os.Stderr
	os.Stdout, os.Stderr = file, file
	return in, screen, func() {
		os.Stdout, os.Stderr = stdout, stderr
		restore()
		_ = file.Close()
	}, nil
}
