package recording

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/sigwalk/sigwalk/actions"
)

const (
	// pace is the least time between two frames that are kept.
	pace = time.Second / 12
	// idle is how long nothing happens at most when it is played.
	idle = 3
)

// Writer records the frames of a screen. Frames are kept as they differ from the one before, by nothing but text, colours, places
// and erasing. It is safe for concurrent use, and never makes whoever shows wait.
//
// A recording stands under its own name from the first frame on, unlike what else sigwalk writes: it grows for hours, and each line is
// whole by itself, so that what is there when the power fails can be played. When the disk is full, half a line is taken away again.
type Writer struct {
	file  *os.File
	began time.Time
	wake  chan struct{}
	quit  chan struct{}
	done  chan struct{}

	mu            sync.Mutex
	frame         []string // the latest
	width, height int
	markers       []string // that came before it

	// These are the goroutine's own.
	drawn                   []string
	drawnWidth, drawnHeight int
	failed                  error
	kept                    int64 // bytes of whole lines
}

// Create begins a recording in a file that is not there yet. It fails with CodeFileInTheWay where one is.
func Create(path, title string, width, height int, now time.Time) (*Writer, error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil, &actions.Error{Code: actions.CodeFileInTheWay, What: path + " is there already, and is left as it is", Next: "name another file"}
	case err != nil:
		return nil, unwritable(path, err)
	}
	w := &Writer{
		file: file, began: time.Now(), wake: make(chan struct{}, 1), quit: make(chan struct{}), done: make(chan struct{}),
		drawnWidth: width, drawnHeight: height,
	}
	w.line(header{Version: 2, Width: width, Height: height, Timestamp: now.Unix(), Idle: idle, Title: title})
	go w.run()
	return w, nil
}

func unwritable(path string, err error) error {
	return &actions.Error{
		Code: actions.CodeStateUnwritable, What: "the recording cannot be kept in " + path, Why: err.Error(), Err: err,
		Next: "make room or give write permission",
	}
}

// Frame keeps what the screen shows now: lines without line breaks and without anything but text and colours.
func (w *Writer) Frame(lines []string, width, height int) {
	w.mu.Lock()
	w.frame, w.width, w.height = lines, width, height
	w.mu.Unlock()
	w.poke()
}

// Mark marks the frame that comes next.
func (w *Writer) Mark(label string) {
	w.mu.Lock()
	w.markers = append(w.markers, label)
	w.mu.Unlock()
}

func (w *Writer) poke() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Close keeps the last frame and ends the file. It returns why the recording could not be kept, if it could not.
func (w *Writer) Close() error {
	close(w.quit)
	<-w.done
	err := errors.Join(w.failed, w.file.Close())
	if err != nil {
		return unwritable(w.file.Name(), err)
	}
	return nil
}

// run writes what comes, at most at the pace; the last frame of all is always kept.
func (w *Writer) run() {
	defer close(w.done)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-w.quit:
			w.keep()
			return
		case <-w.wake:
		}
		w.keep()
		timer.Reset(pace)
		select {
		case <-w.quit:
		case <-timer.C:
		}
	}
}

// keep writes the latest frame as it differs from the one before, and marks.
func (w *Writer) keep() {
	w.mu.Lock()
	frame, width, height, markers := w.frame, w.width, w.height, w.markers
	if frame == nil {
		w.mu.Unlock()
		return
	}
	w.markers = nil
	w.mu.Unlock()
	at := time.Since(w.began).Seconds()
	whole := len(markers) > 0 || len(frame) != len(w.drawn)
	if width != w.drawnWidth || height != w.drawnHeight {
		w.drawnWidth, w.drawnHeight, whole = width, height, true
		w.event(at, Resize, fmt.Sprintf("%dx%d", width, height))
	}
	for _, label := range markers {
		w.event(at, Marker, label)
	}
	if text := changes(w.drawn, frame, whole); text != "" {
		w.event(at, Output, text)
	}
	w.drawn = frame
}

// changes draws the lines that differ.
func changes(before, now []string, whole bool) string {
	var b strings.Builder
	if whole {
		b.WriteString("\x1b[m\x1b[2J")
	}
	for i, line := range now {
		if whole || before[i] != line {
			fmt.Fprintf(&b, "\x1b[%d;1H\x1b[m\x1b[K%s\x1b[m", i+1, line)
		}
	}
	return b.String()
}

func (w *Writer) event(at float64, kind Kind, data string) {
	w.line([]any{json.Number(fmt.Sprintf("%.3f", at)), string(kind), data})
}

func (w *Writer) line(value any) {
	if w.failed != nil {
		return
	}
	text, err := json.Marshal(value)
	if err == nil {
		_, err = w.file.Write(append(text, '\n')) // one write a line
	}
	if err == nil {
		w.kept += int64(len(text)) + 1
		return
	}
	w.failed = errors.Join(err, w.file.Truncate(w.kept))
}
