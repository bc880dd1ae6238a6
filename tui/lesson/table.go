package lesson

import (
	"context"

	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/tui/signatures"
)

// tableOptions let the table of a step try another policy, and ask the log for proofs. What they find is shown there and nowhere
// else: the step is judged by its own command.
func (m *Model) tableOptions() signatures.Options {
	opts := signatures.Options{Entry: signatures.EntryAt(m.named("SIGWALK_REKOR_SEARCH_URL"), m.named("COSIGN_REKOR_URL"))}
	if m.verifier == nil {
		return opts
	}
	verifier := m.verifier
	opts.Verify = func(ctx context.Context, image string, policy verification.Policy) (*verification.Report, error) {
		v, err := verifier()
		if err != nil {
			return nil, err
		}
		return v.Everything(ctx, image, policy)
	}
	opts.Prove = func(ctx context.Context, s verification.Signature) (verification.Signature, error) {
		v, err := verifier()
		if err != nil {
			return s, err
		}
		return v.Prove(ctx, s)
	}
	return opts
}
