package verification

import (
	"context"
	"slices"
)

// Prove is FetchProofs for one signature: it returns s with the proof in its Entry and the check CheckProof as it came out,
// and leaves what s shares with other copies as it is.
func (v *Verifier) Prove(ctx context.Context, s Signature) (Signature, error) {
	s.Checks = slices.Clone(s.Checks)
	alone := &Report{Signatures: []Signature{s}}
	err := v.FetchProofs(ctx, alone)
	return alone.Signatures[0], err
}
