// Package transcript keeps what was run in a course: the lines with their times, exit codes, results and output, without
// secrets, and writes it for people.
package transcript

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sigwalk/sigwalk/actions"
)

// Entry is one line that was run. Fields are added, never renamed or removed. Whoever makes it has taken the secrets out.
type Entry struct {
	At      time.Time `json:"at"` // when it began
	Lesson  string    `json:"lesson"`
	Step    string    `json:"step"`  // its ID
	Title   string    `json:"title"` // of the step
	Line    string    `json:"line"`
	Exit    int       `json:"exit"`
	Seconds float64   `json:"seconds"`
	// Done is true when the step was done afterwards.
	Done bool `json:"done"`
	// Results say what came of it, a line each; Error is why it failed.
	Results []string `json:"results,omitempty"`
	Error   string   `json:"error,omitempty"`
	Output  string   `json:"output,omitempty"`
}

const (
	// longest is how much of an output is kept: far more than a person reads again.
	longest = 16 << 10
	// mostBytes bounds the file: beyond it, it is kept aside under another name and a new one is begun.
	mostBytes = 32 << 20
)

// Append adds an entry to the file, which is made when it is not there. Several processes may share it: an entry is one write.
func Append(path string, e Entry) error {
	if len(e.Output) > longest {
		const tail = longest / 4
		e.Output = e.Output[:longest-tail] + fmt.Sprintf("\n[%d bytes are left out]\n", len(e.Output)-longest) + e.Output[len(e.Output)-tail:]
	}
	e.Output = strings.ToValidUTF8(e.Output, "\uFFFD")
	text, err := json.Marshal(e)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return unwritable(path, err)
	}
	if info, err := os.Stat(path); err == nil && info.Size() > mostBytes {
		_ = os.Rename(path, path+".kept-"+e.At.UTC().Format("20060102T150405Z")) // what cannot be moved grows on
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return unwritable(path, err)
	}
	// A line that was cut off by a crash must not swallow the next one.
	if _, err = file.Write(append(append([]byte{'\n'}, text...), '\n')); err == nil {
		err = file.Close()
	} else {
		_ = file.Close()
	}
	if err != nil {
		return unwritable(path, err)
	}
	return nil
}

func unwritable(path string, err error) error {
	return &actions.Error{
		Code: actions.CodeStateUnwritable, What: "cannot write " + path, Why: actions.FileReason(err), Err: err,
		Next: "make room or give write permission",
	}
}

// Read returns the entries of the file in their order, and how many lines could not be read, such as one that a crash cut off.
// A file that is not there holds none.
func Read(path string) (entries []Entry, broken int, err error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, &actions.Error{
			Code: actions.CodeStateUnreadable, What: "cannot read the transcript in " + path, Why: err.Error(), Err: err, Next: "make it readable",
		}
	}
	defer func() { _ = file.Close() }()
	in := bufio.NewReader(io.LimitReader(file, 2*mostBytes))
	for {
		line, err := in.ReadBytes('\n')
		if text := strings.TrimSpace(string(line)); text != "" {
			var e Entry
			if json.Unmarshal([]byte(text), &e) == nil && !e.At.IsZero() {
				entries = append(entries, e)
			} else {
				broken++
			}
		}
		if err != nil {
			return entries, broken, nil //nolint:nilerr // the end, or all that can be had
		}
	}
}
