package actions

import (
	"context"
	"time"
)

// Observer watches one piece of work. Event must not block and must be safe for concurrent use; Ask may wait for a
// person, returns ctx.Err() when the work is cancelled, and ErrNobodyToAsk when no person is there.
type Observer interface {
	Event(ctx context.Context, event Event)
	Ask(ctx context.Context, question Question) (Answer, error)
}

// Event is one of Stage, Progress, Note, Call or Made.
type Event interface{ event() }

// StageState is where a stage of an action stands.
type StageState int

// The states of a stage.
const (
	StageStarted StageState = iota
	StageDone
	StageFailed
	StageSkipped
)

// Stage is a named part of an action ("certificate", "log entry", "push") that started or ended. A stage that started
// ends exactly once.
type Stage struct {
	// ID names the stage within its action: lower case words, stable, for programs.
	ID string
	// Title says the same to a person.
	Title string
	State StageState
	// Detail is one line on how it ended, or empty.
	Detail string
	At     time.Time
	// Took is how long the stage ran; zero when it starts.
	Took time.Duration
}

// Progress says how far a transfer has come. Done and Total are bytes unless Unit says otherwise; Total is zero while it is
// unknown.
type Progress struct {
	// ID tells transfers of one action apart, such as a layer's digest.
	ID    string
	Title string
	Done  int64
	Total int64
	// Unit is what Done and Total count, in the plural ("entries"); empty for bytes.
	Unit string
	// Skipped is true when the bytes were there already or were mounted from a neighbouring repository.
	Skipped bool
}

// NoteLevel tells a remark from a warning.
type NoteLevel int

// The levels of a note.
const (
	NoteInfo NoteLevel = iota
	NoteWarning
)

// Note is one thing that a person should read, such as a warning that a tag was given where a digest is wanted. Text may
// hold several lines and never holds a secret.
type Note struct {
	Level NoteLevel
	Text  string
}

// Call is one network call of an action, for its trace. It never holds a header, a query or a body.
type Call struct {
	Method string
	Host   string
	Path   string
	// Status is the HTTP status, or zero when there was no answer.
	Status int
	At     time.Time
	Took   time.Duration
	// Sent and Received count the bytes of the bodies; -1 when unknown. An answer that does not say how long it is is reported
	// when it was read, or given up.
	Sent     int64
	Received int64
	// Err is why there was no answer, without secrets; empty when there was one.
	Err string
}

// Fact is one thing that a stage found or made, with its name in the field's own words ("notAfter", "logIndex"). It never
// holds a secret.
type Fact struct{ Name, Value string }

// Made is what a stage produced: the fields of a certificate, the entry in the log, the manifest before and after. It comes
// before the stage ends, at most once a stage.
type Made struct {
	// Stage is the ID of the stage.
	Stage string
	Facts []Fact
}

func (Stage) event()    {}
func (Progress) event() {}
func (Note) event()     {}
func (Call) event()     {}
func (Made) event()     {}

// Discard is an Observer that drops events and has nobody to ask.
var Discard Observer = discard{}

type discard struct{}

func (discard) Event(context.Context, Event) {}

func (discard) Ask(context.Context, Question) (Answer, error) { return Answer{}, ErrNobodyToAsk }
