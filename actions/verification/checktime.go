package verification

import (
	"fmt"
	"time"

	"github.com/sigwalk/sigwalk/actions"
)

// observed is a time at which somebody saw the signature, and who that was.
type observed struct {
	at     time.Time
	source string
}

// within compares the times at which the signature was seen with the life of the certificate. Each must lie inside, as
// both the log's and the time stamp's do for cosign.
func (e *evidence) within(times []observed) Check {
	life := Value{
		fmt.Sprintf("from %s to %s", clock(e.cert.NotBefore), clock(e.cert.NotAfter)),
		e.place("validity of the certificate"),
	}
	for _, t := range times {
		if e.outlives(t.at) {
			return failed(actions.CodeTime, "the certificate was not valid when it was used", nextResign).
				sides(life, Value{clock(t.at), t.source})
		}
	}
	last := times[len(times)-1]
	return passed("it was signed while the certificate was valid").sides(life, Value{clock(last.at), last.source})
}

// atPresent compares the present with the life of the certificate, where nothing proves an earlier time.
func (e *evidence) atPresent() Check {
	life := Value{
		fmt.Sprintf("from %s to %s", clock(e.cert.NotBefore), clock(e.cert.NotAfter)),
		e.place("validity of the certificate"),
	}
	found := Value{clock(e.x.now), "this computer's clock"}
	e.s.Until = &e.cert.NotAfter
	if !e.outlives(e.x.now) {
		return passed("nothing proves when it was signed, and the certificate is still valid: this stops working at "+clock(e.cert.NotAfter)).
			sides(life, found)
	}
	next := "leave out --insecure-ignore-tlog (the proof travels with the signature and needs no network)"
	if e.s.Timestamp != nil {
		next += ", or add --use-signed-timestamps"
	}
	return failed(actions.CodeExpired, "the certificate has expired, and nothing proves that the signature is older", next).sides(life, found)
}

// outlives is true for a time outside the certificate's life, both ends of which belong to it.
func (e *evidence) outlives(at time.Time) bool {
	return e.cert.NotAfter.Before(at) || e.cert.NotBefore.After(at)
}

// unproven is the check of the time where what should show it did not verify.
func (e *evidence) unproven(other CheckID) Check {
	c := skipped(actions.CodeTimeUnproven, "the time that it claims is not proven", "see the check "+string(other))
	if e.s.Integrated != nil {
		c.Found = Value{clock(*e.s.Integrated), e.place("integrated time of the log entry")}
	}
	return c
}
