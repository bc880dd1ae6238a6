package pack

import (
	"context"
	"fmt"

	"github.com/sigwalk/sigwalk/actions/verification"
)

// FetchProofs asks the log for the inclusion proofs that the signatures of seen do not carry, for Request.Proofs; nil where there are
// none. A log that does not answer is a note for the person, and no reason to pack nothing.
func FetchProofs(ctx context.Context, verifier *verification.Verifier, seen *verification.Report) (proofs []byte, note string, err error) {
	if err := verifier.FetchProofs(ctx, seen); err != nil {
		if ctx.Err() != nil {
			return nil, "", ctx.Err()
		}
		return nil, fmt.Sprintf("no inclusion proofs are packed: %v", err), nil
	}
	content, found, lacking, err := seen.Proofs()
	if lacking > 0 {
		note = fmt.Sprintf("%d of the signatures are packed without an inclusion proof, which the log did not give: they verify by its promise (SET) alone", lacking)
	}
	if err != nil || found == 0 {
		return nil, note, err
	}
	return content, note, nil
}
