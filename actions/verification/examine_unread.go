package verification

import "context"

// unreadExaminee is a signature of which nothing could be read: it is no bundle, or could not be fetched.
type unreadExaminee struct{ evidence }

func (e *unreadExaminee) format() Check { return e.broken() }

func (e *unreadExaminee) unreadable() Check {
	return needs(CheckFormat, "it cannot be read")
}

func (e *unreadExaminee) claims() Check                  { return e.unreadable() }
func (e *unreadExaminee) annotations() Check             { return e.unreadable() }
func (e *unreadExaminee) signature() Check               { return e.unreadable() }
func (e *unreadExaminee) givenKey() Check                { return e.unreadable() }
func (e *unreadExaminee) chain() Check                   { return e.unreadable() }
func (e *unreadExaminee) sct() Check                     { return e.unreadable() }
func (e *unreadExaminee) logEntry(context.Context) Check { return e.unreadable() }
func (e *unreadExaminee) logPayload() Check              { return e.unreadable() }
func (e *unreadExaminee) set() Check                     { return e.unreadable() }
func (e *unreadExaminee) proof() Check                   { return e.unreadable() }
func (e *unreadExaminee) timestamp() Check               { return e.unreadable() }
func (e *unreadExaminee) time() Check                    { return e.unreadable() }
func (e *unreadExaminee) subject() Check                 { return e.unreadable() }
func (e *unreadExaminee) issuer() Check                  { return e.unreadable() }
