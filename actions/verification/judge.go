package verification

import (
	"context"
	"encoding/hex"
	"fmt"
	"runtime"

	"github.com/sigstore/cosign/v2/pkg/cosign"
	cbundle "github.com/sigstore/cosign/v2/pkg/cosign/bundle"
	"github.com/sigstore/sigstore-go/pkg/verify"
)

// lookups is how many signatures without a log entry are looked up at the same time, as many as cosign does.
const lookups = 10

// judge gives cosign's verdict on every signature, on all processors. It fails only when ctx ends. Where f follows, those that
// it has judged keep their verdict, and it is told of the others.
func judge(ctx context.Context, signatures []Signature, x *examination, co *cosign.CheckOpts, f *follower) error {
	j := newJudgement(x, co)
	workers := runtime.GOMAXPROCS(0)
	if co.RekorClient != nil {
		for i := range signatures {
			if !signatures[i].isBundle() && signatures[i].LogIndex == nil {
				workers = max(workers, lookups)
				break
			}
		}
	}
	return everyOneBy(ctx, workers, len(signatures), func(i int) {
		s := &signatures[i]
		if f == nil || s.examination == nil {
			j.judge(ctx, s)
			f.judged(s)
		}
	})
}

// judgement is what all signatures of an image are held against. It is only read.
type judgement struct {
	legacy  *cosign.CheckOpts
	bundles *cosign.CheckOpts
	*examination
}

func newJudgement(x *examination, co *cosign.CheckOpts) *judgement {
	rememberEntries()
	return &judgement{legacy: co, bundles: bundleOptions(co), examination: x}
}

// judge sets the verdict of s, and leaves it what an explanation is made against.
func (j *judgement) judge(ctx context.Context, s *Signature) {
	s.stampTime()
	s.examination = j.examination
	j.decide(ctx, s)
}

// decide sets the verdict of s and, when it did not verify, why.
func (j *judgement) decide(ctx context.Context, s *Signature) {
	s.Verified, s.BundleVerified, s.Reason = false, false, nil
	if s.broken != nil {
		s.Reason = s.broken
		return
	}
	logged, err := j.ask(ctx, s)
	if err != nil {
		s.Reason = j.explain(s, err)
		return
	}
	s.Verified, s.BundleVerified = true, logged
}

// ask is cosign's own answer. Parts that do not fit together make cosign and the libraries below it panic (a log entry
// whose body is no text, a key that is no PEM); cosign ends there, which is a "no" as well.
func (j *judgement) ask(ctx context.Context, s *Signature) (logged bool, err error) {
	defer func() {
		if r := recover(); r != nil {
			logged, err = false, &unfit{fmt.Sprint(r)}
		}
	}()
	if s.isBundle() {
		return j.askBundle(ctx, s)
	}
	if err := j.checkStamp(s); err != nil {
		return false, err
	}
	co := *j.legacy
	s.chains = nil // where others keep a copy of s, they keep theirs
	co.TrustedMaterial = remembering{materialFor(co.TrustedMaterial, s), &s.chains}
	if s.Kind == KindAttestation {
		return cosign.VerifyBlobAttestation(ctx, s.legacy, j.digest, attestationOptions(&co))
	}
	return cosign.VerifyImageSignature(ctx, s.legacy, j.digest, &co)
}

func (j *judgement) askBundle(ctx context.Context, s *Signature) (bool, error) {
	artifact, done, err := j.artifactPolicy()
	if err != nil {
		return false, err
	}
	defer done()
	if _, err = cosign.VerifyNewBundle(ctx, withStamps(j.bundles, s.bundle), artifact, s.bundle); err != nil {
		return false, err
	}
	if err := j.checkBound(s); err != nil {
		return false, err
	}
	if err := j.checkStatement(s); err != nil {
		return false, err
	}
	return !j.policy.IgnoreLog, nil
}

// artifactPolicy is what a bundle must be about: the artifact, or its digest.
func (j *judgement) artifactPolicy() (artifact verify.ArtifactPolicyOption, done func(), err error) {
	if j.content != nil {
		content, err := j.content()
		if err != nil {
			return nil, nil, err
		}
		return verify.WithArtifact(content), func() { _ = content.Close() }, nil
	}
	digest, err := hex.DecodeString(j.digest.Hex)
	return verify.WithArtifactDigest(j.digest.Algorithm, digest), func() {}, err
}

// checkStamp refuses a time stamp that does not verify before cosign sees it: 2.6.5 writes to standard error there and
// then takes the first of no times, which ends the process.
func (j *judgement) checkStamp(s *Signature) error {
	if !j.policy.UseSignedTimestamps {
		return nil
	}
	stamp, err := s.legacy.RFC3161Timestamp()
	if err != nil || stamp == nil {
		return nil // cosign says so itself
	}
	signature, err := s.legacy.Signature()
	if err != nil {
		return nil
	}
	if len(signature) == 0 {
		signature = s.Payload // of an attestation, the signature is inside
	}
	verified, failed, err := verify.VerifySignedTimestamp(&stamped{stamp: stamp, signature: signature}, j.legacy.TrustedMaterial)
	if err == nil && len(verified) == 0 {
		err = fmt.Errorf("%v", failed)
	}
	if err != nil {
		return &stampFailed{err}
	}
	return nil
}

// unfit is a signature whose parts made the verification panic.
type unfit struct{ why string }

// Error implements error.
func (u *unfit) Error() string { return "the parts of the signature do not fit together: " + u.why }

// stampFailed is a time stamp that does not verify.
type stampFailed struct{ err error }

// Error implements error.
func (e *stampFailed) Error() string {
	return "unable to verify RFC3161 timestamp bundle: " + e.err.Error()
}

// Unwrap returns the cause.
func (e *stampFailed) Unwrap() error { return e.err }

// stamped shows sigstore-go a time stamp and what it was made over.
type stamped struct {
	verify.BaseSignedEntity
	stamp     *cbundle.RFC3161Timestamp
	signature []byte
}

// Timestamps returns the one time stamp.
func (s *stamped) Timestamps() ([][]byte, error) {
	return [][]byte{s.stamp.SignedRFC3161Timestamp}, nil
}

// SignatureContent returns what was stamped.
func (s *stamped) SignatureContent() (verify.SignatureContent, error) {
	return rawSignature(s.signature), nil
}

// rawSignature is a signature without what it is over.
type rawSignature []byte

// Signature returns the bytes.
func (r rawSignature) Signature() []byte { return r }

// EnvelopeContent returns nothing: there is no envelope.
func (r rawSignature) EnvelopeContent() verify.EnvelopeContent { return nil }

// MessageSignatureContent returns nothing: there is no message.
func (r rawSignature) MessageSignatureContent() verify.MessageSignatureContent { return nil }
