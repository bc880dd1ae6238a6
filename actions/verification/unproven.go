package verification

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/sigwalk/sigwalk/actions"
)

// leftOut are the codes of checks that a policy leaves out.
var leftOut = []actions.Code{actions.CodeSkippedClaims, actions.CodeSkippedLog, actions.CodeSkippedSCT}

// Unproven says, for a policy that leaves checks out, what is no longer proven of the signatures that verified, one line a
// check, and when the first of them will stop to verify. It says nothing for a policy that leaves nothing out. It explains
// the report, and fails only when ctx ends.
func (r *Report) Unproven(ctx context.Context) ([]string, error) {
	if p := r.Policy; !p.IgnoreLog && !p.IgnoreSCT && !p.SkipClaims {
		return nil, nil
	}
	if err := r.Explain(ctx); err != nil {
		return nil, err
	}
	var lines []string
	var first *time.Time
	for i := range r.Signatures {
		s := &r.Signatures[i]
		if !s.Verified {
			continue
		}
		for _, c := range s.Checks {
			line := fmt.Sprintf("not proven (%s): %s", c.ID, c.What)
			if c.State == CheckSkipped && slices.Contains(leftOut, c.Code) && !slices.Contains(lines, line) {
				lines = append(lines, line)
			}
		}
		if s.Until != nil && (first == nil || s.Until.Before(*first)) {
			first = s.Until
		}
	}
	if first != nil {
		lines = append(lines, fmt.Sprintf("works until %s: then a certificate ends, and nothing that was looked at proves that its signature is older", clock(*first)))
	}
	return lines, nil
}
