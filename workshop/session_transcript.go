package workshop

import (
	"fmt"
	"time"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/recovery"
	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/actions/signing"
	"github.com/sigwalk/sigwalk/actions/trust"
	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/workshop/lab"
	"github.com/sigwalk/sigwalk/workshop/shell"
	"github.com/sigwalk/sigwalk/workshop/transcript"
)

// transcribe keeps what a line did, without secrets. A failure is said once, as a notice, and does not stop the lesson.
func (s *Session) transcribe(step int, line string, began time.Time) {
	if s.opts.Transcript == "" {
		return
	}
	snapshot := s.Snapshot()
	at := snapshot.Steps[step]
	output, _ := s.Output(step, at.OutputStart)
	env := s.opts.Environment
	entry := transcript.Entry{
		At: began.UTC(), Lesson: s.opts.Lesson.Name, Step: at.Step.ID, Title: at.Step.Title, Line: shell.Safe(line, env),
		Exit: at.ExitCode, Seconds: at.Took.Seconds(), Done: at.State == StepDone, Output: shell.Redact(output, env),
	}
	for _, value := range at.Values {
		if said := Summary(value); said != "" {
			entry.Results = append(entry.Results, shell.Redact(said, env))
		}
	}
	if at.Err != nil {
		entry.Error = shell.Redact(at.Err.Error(), env)
	}
	if err := transcript.Append(s.opts.Transcript, entry); err != nil {
		s.mu.Lock()
		s.note("%v", err)
		s.mu.Unlock()
	}
}

// ExportTranscript writes what was run in the course so far, as Markdown, to a new file of dir, and returns its name. course
// names the lessons; nil for a lesson alone. No file is ever overwritten.
func (s *Session) ExportTranscript(dir string, course *Course) (string, error) {
	if s.opts.Transcript == "" || dir == "" {
		return "", &actions.Error{Code: actions.CodeUsage, What: "no transcript is kept here"}
	}
	entries, _, err := transcript.Read(s.opts.Transcript)
	if err != nil {
		return "", err
	}
	title, titles := s.opts.Lesson.Title, map[string]string{s.opts.Lesson.Name: s.opts.Lesson.Title}
	if course != nil {
		title, titles = course.Title, course.Titles()
	}
	return transcript.WriteNext(dir, "transcript", ".md", transcript.Markdown(title, titles, entries))
}

// Summary says in a line what came of an action, or "" for a result that has no such line.
func Summary(value any) string {
	switch v := value.(type) {
	case *registry.CopyResult:
		return fmt.Sprintf("copied, %d blobs", v.Blobs)
	case *registry.LoginResult:
		return "logged in"
	case *trust.Status:
		return fmt.Sprintf("the trust root holds %d targets", len(v.Targets))
	case *signing.Result:
		who := v.Subject
		if who == "" {
			who = "a key pair"
		}
		return fmt.Sprintf("signed %s by %s, log index %d", v.Digest.DigestStr(), who, v.LogIndex)
	case *verification.Report:
		return fmt.Sprintf("%d of %s verified", len(v.Verified()), signatures(len(v.Signatures)))
	case *verification.Node:
		return fmt.Sprintf("%s in the tree", signatures(countSignatures(v)))
	case *recovery.Report:
		return fmt.Sprintf("%d brought back, the tag holds %d", len(v.Attached()), v.After)
	case *lab.RaceOutcome:
		return fmt.Sprintf("%d signed at once, %s lost", v.Signers, signatures(v.Lost))
	case *lab.Outcome:
		return fmt.Sprintf("tampered (%s), red: %v", v.Case, v.Red)
	}
	return ""
}
