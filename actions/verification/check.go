package verification

import (
	"fmt"
	"slices"

	"github.com/sigwalk/sigwalk/actions"
)

// CheckID names a check of the matrix. It never changes once published; `sigwalk explain ID` explains it.
type CheckID string

// The checks. Every signature has all of them, in this order.
const (
	CheckFormat      CheckID = "format"      // every part can be read
	CheckClaims      CheckID = "claims"      // payload digest = image digest
	CheckAnnotations CheckID = "annotations" // the annotations that were asked for are signed
	CheckSignature   CheckID = "signature"   // signature over the payload
	CheckKey         CheckID = "key"         // the key that was given made it
	CheckChain       CheckID = "chain"       // an authority of the trust root issued the certificate
	CheckSCT         CheckID = "sct"         // the certificate is in a certificate transparency log
	CheckLogEntry    CheckID = "log-entry"   // the log entry records this signature and key
	CheckLogPayload  CheckID = "log-payload" // the log entry records this payload
	CheckSET         CheckID = "log-set"     // the log promised the entry (signed entry timestamp)
	CheckProof       CheckID = "log-proof"   // the log holds the entry (inclusion proof against a checkpoint)
	CheckTimestamp   CheckID = "timestamp"   // RFC 3161
	CheckTime        CheckID = "time"        // signed within the certificate's life
	CheckSubject     CheckID = "subject"     // who signed
	CheckIssuer      CheckID = "issuer"      // who vouched for that identity
)

// Checks lists every check in the order of the matrix.
func Checks() []CheckID {
	return []CheckID{
		CheckFormat, CheckClaims, CheckAnnotations, CheckSignature, CheckKey, CheckChain, CheckSCT, CheckLogEntry,
		CheckLogPayload, CheckSET, CheckProof, CheckTimestamp, CheckTime, CheckSubject, CheckIssuer,
	}
}

// Title says in a few words what the check compares.
func (id CheckID) Title() string { return checkTexts[id].title }

// Matters says in one sentence what could go wrong without the check.
func (id CheckID) Matters() string { return checkTexts[id].matters }

var checkTexts = map[CheckID]struct{ title, matters string }{
	CheckFormat: {
		"every part can be read",
		"what cannot be read cannot be checked, and cosign gives up on such a signature",
	},
	CheckClaims: {
		"payload digest = image digest",
		"a signature is for the digest inside its payload; without this check, one made for any other image would do",
	},
	CheckAnnotations: {
		"annotations that were asked for are signed",
		"annotations say under which conditions it was signed, such as a stage of a pipeline",
	},
	CheckSignature: {
		"signature over the payload",
		"it shows that the holder of the key signed exactly these bytes",
	},
	CheckKey: {
		"the given key made it",
		"with a key pair, the key is the identity: nothing else says who signed",
	},
	CheckChain: {
		"certificate issued by a trusted authority",
		"anyone can write a certificate with any name in it; only the authority of the trust root has checked who asked",
	},
	CheckSCT: {
		"certificate is in a transparency log (SCT)",
		"it keeps the authority honest: a certificate issued in secret has no signed certificate timestamp",
	},
	CheckLogEntry: {
		"log entry records this signature and key",
		"the entry of another signature would lend this one its place and its time in the log",
	},
	CheckLogPayload: {
		"log entry records this payload",
		"it ties what the log can be searched for to what was signed",
	},
	CheckSET: {
		"log promised the entry (SET)",
		"the log's own signature makes index and time of the entry more than a claim of whoever stored it",
	},
	CheckProof: {
		"entry is in the log's tree (inclusion proof)",
		"a promise can be broken; the proof shows that the entry is under a root hash which the log has signed",
	},
	CheckTimestamp: {
		"time stamp is from a trusted authority (RFC 3161)",
		"it proves the time of signing without the transparency log",
	},
	CheckTime: {
		"signed while the certificate was valid",
		"the key lives for minutes and is thrown away; a later signature was made with a key that should be gone",
	},
	CheckSubject: {
		"signed by the expected identity",
		"a valid signature by somebody else proves nothing about this image",
	},
	CheckIssuer: {
		"identity vouched for by the expected issuer",
		"another identity provider can hand out the same name to anybody",
	},
}

// CheckState is how a check came out.
type CheckState string

// The states of a check. Only CheckOK is good: a skipped check proves nothing, and is never shown as a success.
const (
	CheckOK            CheckState = "ok"
	CheckFailed        CheckState = "failed"
	CheckSkipped       CheckState = "skipped"        // not made: the policy leaves it out, or what it needs is not there
	CheckNotApplicable CheckState = "not-applicable" // this kind of signature has nothing of the sort
)

// Value is one side of a comparison, and where it came from: a flag, a field or annotation of what is stored, an entry of
// the trust root, the log's answer.
type Value struct {
	Text   string
	Source string
}

// Check is one check of one signature. No check looks at the outcome of the verdict, and none stops another.
type Check struct {
	ID    CheckID
	State CheckState
	// Code says why the check is not ok; empty when it is ok or does not apply.
	Code actions.Code
	// What is the outcome in one sentence.
	What string
	// Expected and Found are the two sides; either is empty where there is no such side.
	Expected, Found Value
	// Next is what to do; empty when the check is ok.
	Next string
	// Ours marks a check that cosign does not make for this kind of signature: it never changes the verdict.
	Ours bool
}

// Check returns one check of the signature; the zero Check when the matrix has none, as before a verification.
func (s *Signature) Check(id CheckID) Check {
	for _, c := range s.Checks {
		if c.ID == id {
			return c
		}
	}
	return Check{}
}

// Passed counts the checks that are ok, and Made those that are ok or failed. Skipped ones and those that do not apply
// count in neither.
func (s *Signature) Passed() (passed, made int) {
	for _, c := range s.Checks {
		switch c.State {
		case CheckOK:
			passed++
			made++
		case CheckFailed:
			made++
		case CheckSkipped, CheckNotApplicable:
		}
	}
	return passed, made
}

// holds is what the matrix says of the verdict: no check that cosign makes has failed.
func holds(checks []Check) bool {
	return !slices.ContainsFunc(checks, func(c Check) bool { return c.State == CheckFailed && !c.Ours })
}

// agree compares the verdict with the matrix. They share no result, so that a difference is a defect of one of them.
func (s *Signature) agree() {
	s.Defect = nil
	if holds(s.Checks) == s.Verified {
		return
	}
	e := &actions.Error{
		Code: actions.CodeDisagreement,
		What: "the verdict and the checks differ: this is a defect of sigwalk",
		Why:  "cosign accepts the signature, and a check of the table has failed",
		Next: "trust neither before you know why; `cosign verify` shows the verdict alone",
	}
	if !s.Verified {
		e.Why = "cosign refuses the signature, and no check of the table has failed"
		if s.Reason != nil {
			e.Why = fmt.Sprintf("%s (%s)", e.Why, s.Reason.Error())
		}
	}
	s.Defect = e
}
