package verification

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/sigstore/rekor/pkg/generated/client"
	"github.com/sigstore/rekor/pkg/generated/client/entries"
	"golang.org/x/sync/errgroup"

	"github.com/sigwalk/sigwalk/actions"
)

// FetchProofs asks the log for the inclusion proofs that the signatures of the report do not carry, and checks them. It
// changes the check CheckProof and the Entry of those signatures, which it explains first, and no verdict. It fails without a log to ask
// (CodeUsage) or when ctx ends; a proof that cannot be had is the check's own outcome.
func (v *Verifier) FetchProofs(ctx context.Context, report *Report) error {
	if v.opts.Endpoints.Rekor == "" {
		return &actions.Error{
			Code: actions.CodeUsage, What: "no transparency log is known that could be asked for proofs",
			Next: "give --rekor-url or COSIGN_REKOR_URL",
		}
	}
	log, err := v.rekor(v.opts.Endpoints.Rekor)
	if err != nil {
		return err
	}
	if err := report.Explain(ctx); err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(fetchers)
	for i := range report.Signatures {
		s := &report.Signatures[i]
		if s.Entry == nil || s.Entry.Proof != nil || s.Check(CheckProof).Code != actions.CodeNoProof {
			continue
		}
		g.Go(func() error {
			s.setCheck(s.examination.fetchProof(ctx, log, s))
			return ctx.Err()
		})
	}
	return g.Wait()
}

// setCheck replaces a check of the matrix.
func (s *Signature) setCheck(c Check) {
	for i := range s.Checks {
		if s.Checks[i].ID == c.ID {
			s.Checks[i] = c
		}
	}
}

func (x *examination) fetchProof(ctx context.Context, log *client.Rekor, s *Signature) Check {
	c := guarded(CheckProof, func() Check { return x.fetchedProof(ctx, log, s) })
	c.ID = CheckProof
	return c.ours()
}

func (x *examination) fetchedProof(ctx context.Context, log *client.Rekor, s *Signature) Check {
	answer, err := log.Entries.GetLogEntryByIndexContext(ctx, entries.NewGetLogEntryByIndexParams().WithLogIndex(s.Entry.Index))
	if err != nil {
		return unavailable(err)
	}
	for _, found := range answer.GetPayload() {
		entry, err := fetchedEntry(&found)
		if err != nil {
			return unavailable(err)
		}
		e := &evidence{x: x, s: s}
		if !bytes.Equal(entry.Body, s.Entry.Body) {
			return failed(actions.CodeProof, fmt.Sprintf("the log holds another entry at index %d", s.Entry.Index), nextTampered).
				sides(Value{"entry " + fingerprint(s.Entry.Body), e.place("log entry")}, Value{"entry " + fingerprint(entry.Body), "answer of the log"})
		}
		merged := *s.Entry
		merged.Proof, merged.Fetched = entry.Proof, true
		s.Entry = &merged
		return e.checkProof(&merged)
	}
	return unavailable(errors.New("the answer holds no entry"))
}

func unavailable(err error) Check {
	return skipped(actions.CodeLogUnavailable, "not carried, and the log could not be asked for it: "+err.Error(), "check --rekor-url, or try again")
}
