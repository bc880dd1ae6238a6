package doctor

import (
	"context"
	"errors"
	"fmt"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/identity"
)

// check is one idea of what must hold.
type check struct {
	id    string
	group Group
	title string
	// needs are the checks without whose outcome this one cannot be made: each must be well, or not apply.
	needs []string
	// after are checks that must have ended, and not failed: what they would find is behind what this one would see.
	after []string
	// follows are checks that must have ended, whatever they found.
	follows []string
	run     func(context.Context) verdict
}

// verdict is how a check ended.
type verdict struct {
	state    State
	code     actions.Code
	evidence []string
	means    string
	next     string
	commands []string
	waits    []string // the checks that must be well first, of one that was skipped
}

func passed(evidence ...string) verdict { return verdict{state: OK, evidence: evidence} }

func notApplicable(why string) verdict { return verdict{state: NotApplicable, means: why} }

// skipped is for a check that could not be made, and next says what would make it possible.
func skipped(why, next string) verdict { return verdict{state: Skipped, means: why, next: next} }

func failed(code actions.Code, means, next string) verdict {
	return verdict{state: Failed, code: code, means: means, next: next}
}

// saw adds evidence.
func (v verdict) saw(format string, args ...any) verdict {
	v.evidence = append(v.evidence, fmt.Sprintf(format, args...))
	return v
}

// try adds a line that can be run.
func (v verdict) try(format string, args ...any) verdict {
	v.commands = append(v.commands, fmt.Sprintf(format, args...))
	return v
}

// because is a failure for the reason of an error. One that has no code of its own is the server's unusable answer.
func because(err error) verdict {
	var e *actions.Error
	if !errors.As(err, &e) {
		return failed(actions.CodeNotAsked, "the answer cannot be used", "look at what answers there").saw("%s", plain(err.Error()))
	}
	v := failed(e.Code, e.What, e.Next)
	switch {
	case e.Why != "":
		v = v.saw("%s", plain(e.Why))
	case e.Err != nil:
		v = v.saw("%s", plain(e.Err.Error()))
	}
	return v
}

// plain is text of others on one line, printable and short.
func plain(text string) string { return identity.Quoted(text) }
