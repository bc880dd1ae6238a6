// Package recording keeps what a terminal showed, in the format asciicast, which asciinema plays too
// (https://docs.asciinema.org/manual/asciicast/v2/ and v3).
package recording

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sigwalk/sigwalk/actions"
)

// Recording is what a terminal showed. It is never changed once it was read.
type Recording struct {
	Title         string
	Made          time.Time // zero where the file does not say
	Width, Height int       // at the beginning
	Events        []Event
}

// Event is something that happened at a time since the beginning.
type Event struct {
	At   time.Duration
	Kind Kind
	// Data is what was written, the label of a marker, or the new size as WIDTHxHEIGHT.
	Data string
}

// Kind says what an event is.
type Kind string

// The kinds of events that are kept; input and others are left out.
const (
	Output Kind = "o"
	Marker Kind = "m"
	Resize Kind = "r"
)

// Length is when the last event happens.
func (r *Recording) Length() time.Duration {
	if len(r.Events) == 0 {
		return 0
	}
	return r.Events[len(r.Events)-1].At
}

// Markers returns the indexes of the markers among the events.
func (r *Recording) Markers() []int {
	var at []int
	for i, e := range r.Events {
		if e.Kind == Marker {
			at = append(at, i)
		}
	}
	return at
}

// Largest returns the size that holds all that the recording shows.
func (r *Recording) Largest() (width, height int) {
	width, height = r.Width, r.Height
	for _, e := range r.Events {
		if w, h, ok := size(e.Data); e.Kind == Resize && ok {
			width, height = max(width, w), max(height, h)
		}
	}
	return width, height
}

// What a recording may be at most: far more than one of a terminal is.
const (
	mostBytes  = 64 << 20
	mostEvents = 1 << 20
	mostTime   = 48 * time.Hour
	mostWidth  = 500
	mostHeight = 300
)

// header is the first line of a file; version 3 keeps the size in term.
type header struct {
	Version   int     `json:"version"`
	Width     int     `json:"width,omitempty"`
	Height    int     `json:"height,omitempty"`
	Timestamp int64   `json:"timestamp,omitempty"`
	Idle      float64 `json:"idle_time_limit,omitempty"`
	Title     string  `json:"title,omitempty"`
	Term      *struct {
		Cols int `json:"cols"`
		Rows int `json:"rows"`
	} `json:"term,omitempty"`
}

// Read reads a recording. It fails with CodeRecording where the file is none, or not whole, and says in which line.
func Read(path string) (*Recording, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, unusable(path, err.Error(), "name a recording that can be read")
	}
	defer func() { _ = file.Close() }()
	if info, err := file.Stat(); err == nil && !info.Mode().IsRegular() {
		return nil, unusable(path, "it is no file", "name a recording")
	}
	r, err := read(io.LimitReader(file, mostBytes+1))
	if err != nil {
		return nil, unusable(path, err.Error(), "make a new one with `sigwalk demo record FILE`, or take it from where it came once more")
	}
	return r, nil
}

func unusable(path, why, next string) error {
	return &actions.Error{Code: actions.CodeRecording, What: path + " is no recording that can be played", Why: why, Next: next}
}

// reader turns lines into events.
type reader struct {
	recording *Recording
	version   int
	idle      time.Duration // no event comes later than that behind the one before; zero for any time
	last      time.Duration // as the file says, before idle counts
	at        time.Duration
}

func read(in io.Reader) (*Recording, error) {
	lines := bufio.NewReader(in)
	r := &reader{recording: &Recording{}}
	total := 0
	for number := 1; ; number++ {
		line, err := lines.ReadString('\n')
		total += len(line)
		switch {
		case total > mostBytes:
			return nil, fmt.Errorf("it is larger than %d MiB", mostBytes>>20)
		case err != nil && !errors.Is(err, io.EOF):
			return nil, err
		case errors.Is(err, io.EOF) && line == "" && number == 1:
			return nil, errors.New("it is empty")
		case errors.Is(err, io.EOF) && line == "" && r.version == 0:
			return nil, errors.New("it has no header")
		case errors.Is(err, io.EOF) && line == "":
			return r.whole()
		case errors.Is(err, io.EOF):
			return nil, fmt.Errorf("line %d is cut off: without it, what is before can be played", number)
		case !utf8.ValidString(line):
			return nil, fmt.Errorf("line %d is no UTF-8", number)
		}
		if err := r.take(strings.TrimSpace(line)); err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
	}
}

func (r *reader) whole() (*Recording, error) {
	for _, e := range r.recording.Events {
		if e.Kind == Output {
			return r.recording, nil
		}
	}
	return nil, errors.New("nothing was shown")
}

func (r *reader) take(line string) error {
	switch {
	case line == "", strings.HasPrefix(line, "#") && r.version == 3:
		return nil
	case r.version == 0:
		return r.header(line)
	case len(r.recording.Events) == mostEvents:
		return fmt.Errorf("there are more than %d events", mostEvents)
	}
	return r.event(line)
}

func (r *reader) header(line string) error {
	var h header
	if err := json.Unmarshal([]byte(line), &h); err != nil {
		return errors.New("that is no header of an asciicast")
	}
	if h.Term != nil {
		h.Width, h.Height = h.Term.Cols, h.Term.Rows
	}
	switch {
	case h.Version != 2 && h.Version != 3:
		return fmt.Errorf("it is of version %d of the format, and 2 and 3 are known", h.Version)
	case !fits(h.Width, h.Height):
		return fmt.Errorf("a terminal of %dx%d", h.Width, h.Height)
	case h.Idle < 0 || math.IsNaN(h.Idle) || math.IsInf(h.Idle, 0):
		return errors.New("an idle time that is none")
	}
	r.version, r.idle = h.Version, seconds(min(h.Idle, mostTime.Seconds()))
	r.recording.Title, r.recording.Width, r.recording.Height = h.Title, h.Width, h.Height
	if h.Timestamp > 0 {
		r.recording.Made = time.Unix(h.Timestamp, 0).UTC()
	}
	return nil
}

func fits(width, height int) bool {
	return width > 0 && width <= mostWidth && height > 0 && height <= mostHeight
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

func (r *reader) event(line string) error {
	var parts []json.RawMessage
	var at float64
	var kind, data string
	if err := json.Unmarshal([]byte(line), &parts); err != nil || len(parts) != 3 {
		return errors.New("that is no event: it wants a time, a kind and data")
	}
	if json.Unmarshal(parts[0], &at) != nil || json.Unmarshal(parts[1], &kind) != nil {
		return errors.New("that is no event: it wants a time, a kind and data")
	}
	if at < 0 || at > mostTime.Seconds() {
		return fmt.Errorf("an event at %g seconds", at)
	}
	gap := seconds(at)
	if r.version == 2 {
		if gap < r.last {
			return errors.New("an event before the one before it")
		}
		gap, r.last = gap-r.last, gap
	}
	if r.idle > 0 {
		gap = min(gap, r.idle)
	}
	if r.at += gap; r.at > mostTime {
		return fmt.Errorf("it is longer than %v", mostTime)
	}
	switch Kind(kind) {
	case Output, Marker, Resize:
		if json.Unmarshal(parts[2], &data) != nil {
			return errors.New("the data of an event are no text")
		}
	default:
		return nil
	}
	if w, h, ok := size(data); Kind(kind) == Resize && (!ok || !fits(w, h)) {
		return fmt.Errorf("a terminal of %q", data)
	}
	r.recording.Events = append(r.recording.Events, Event{r.at, Kind(kind), data})
	return nil
}

// size reads WIDTHxHEIGHT.
func size(text string) (width, height int, ok bool) {
	n, err := fmt.Sscanf(text, "%dx%d", &width, &height)
	return width, height, n == 2 && err == nil
}

// Size returns the size that a Resize asks for.
func (e Event) Size() (width, height int) {
	width, height, _ = size(e.Data)
	return width, height
}
