package workshop

import (
	"context"
	"fmt"
	"slices"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/explain"
	"github.com/sigwalk/sigwalk/actions/verification"
)

// checkState wants the step's matrix to show one check in a state, at so many signatures.
func (a *asked) checkState(ctx context.Context) CheckResult {
	report, ok := lastOf[*verification.Report](a)
	if !ok {
		return fails("the command verified nothing")
	}
	if outcome, same := a.sameImage(ctx, report.Digest.DigestStr()); !same {
		return outcome
	}
	id, state := verification.CheckID(a.with["check"]), verification.CheckState(a.with["state"])
	found, explained := 0, false
	for _, row := range report.Signatures {
		explained = explained || len(row.Checks) > 0
		if subject := a.with["subject"]; subject != "" && subject != row.Subject {
			continue
		}
		if slices.ContainsFunc(row.Checks, func(c verification.Check) bool { return c.ID == id && c.State == state }) {
			found++
		}
	}
	if !explained {
		return fails("the command showed no check: --explain does")
	}
	if want, ok := a.enough(found); !ok {
		return fails(fmt.Sprintf("%s is %s at %s, and %s wanted", id, state, signatures(found), want))
	}
	return holds("%s is %s at %s", id, state, signatures(found))
}

// explained wants the step to have had a code explained, by its name or as the cause of a failure.
func (a *asked) explained() CheckResult {
	want := actions.Code(a.with["code"])
	if entries, ok := lastOf[[]explain.Entry](a); ok {
		if slices.ContainsFunc(entries, func(e explain.Entry) bool { return e.Code == want }) {
			return holds("%s was explained", want)
		}
		return fails("another code was explained")
	}
	causes, ok := lastOf[[]explain.Cause](a)
	switch {
	case !ok:
		return fails("the command explained nothing")
	case !slices.ContainsFunc(causes, func(c explain.Cause) bool { return c.Code == want }):
		return fails(fmt.Sprintf("%s is not among the causes that were found", want))
	}
	return holds("%s was found as the cause", want)
}
