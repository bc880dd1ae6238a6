package verification

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"io"
	"regexp"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/sigstore/cosign/v2/pkg/cosign"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/signature"

	"github.com/sigwalk/sigwalk/actions"
)

// examination is what all signatures of an image are explained against. It is only read, but for issuers.
type examination struct {
	digest   v1.Hash
	policy   Policy
	material root.TrustedMaterial
	logs     map[string]*root.TransparencyLog
	ctLogs   map[string]*root.TransparencyLog
	key      signature.Verifier // nil without --key
	keyPEM   []byte
	keyFrom  string // the flag that named key
	lookup   lookup // nil where no log may be asked
	issuers  issuers

	subject, issuer *regexp.Regexp // nil without a pattern
	// now is what cosign compares with when nothing proves the time of signing: the system's clock, never a moved one.
	now time.Time
	// holder says where the parts of a stand-alone signature are stored; empty for an image's.
	holder string
	// content opens the artifact that a stand-alone signature is about; nil where its digest is all that is known.
	content func() (io.ReadCloser, error)
	// sums are the digests of content in hex, by algorithm.
	sums map[string]string
	// ownWord is true where digest is what a stand-alone signature says itself that it is about.
	ownWord bool
}

// examinationOf makes an examination for the signatures of an image.
func examinationOf(image name.Digest, policy Policy, co *cosign.CheckOpts) (*examination, error) {
	digest, err := v1.NewHash(image.DigestStr())
	if err != nil {
		return nil, err
	}
	return newExamination(digest, policy, co), nil
}

// newExamination makes an examination from the options that cosign gets, before it sees them.
func newExamination(digest v1.Hash, policy Policy, co *cosign.CheckOpts) *examination {
	x := &examination{
		digest: digest, policy: policy, material: co.TrustedMaterial, key: co.SigVerifier, keyFrom: "--key", now: time.Now(),
		logs: co.TrustedMaterial.RekorLogs(), ctLogs: co.TrustedMaterial.CTLogs(),
	}
	if policy.Certificate != "" && x.key != nil {
		// The key in the certificate stands in for one that was given.
		x.keyFrom = "--certificate " + policy.Certificate
		x.policy.KeyReference = x.keyFrom
	}
	if co.RekorClient != nil && !policy.Offline {
		x.lookup = askLog(co.RekorClient)
	}
	if x.key != nil {
		if public, err := x.key.PublicKey(); err == nil {
			x.keyPEM, _ = cryptoutils.MarshalPublicKeyToPEM(public)
		}
	}
	// A pattern that is none has been refused before, and matches nothing.
	if policy.SubjectRegexp != "" {
		x.subject, _ = regexp.Compile(policy.SubjectRegexp)
	}
	if policy.IssuerRegexp != "" {
		x.issuer, _ = regexp.Compile(policy.IssuerRegexp)
	}
	return x
}

// examinee makes each check of one kind of signature. What a check needs of an earlier one it keeps in itself.
type examinee interface {
	format() Check
	claims() Check
	annotations() Check
	signature() Check
	givenKey() Check
	chain() Check
	sct() Check
	logEntry(ctx context.Context) Check
	logPayload() Check
	set() Check
	proof() Check
	timestamp() Check
	time() Check
	subject() Check
	issuer() Check
}

// Explain makes every check of the matrix (Checks, Defect, Entry and Until) and compares them with the verdict. The two
// know nothing of each other. It does nothing where there is no verdict to explain (a document that nobody signed), or
// where it was done before. ctx bounds the look-up of an entry in the log, which only a signature without one needs.
func (s *Signature) Explain(ctx context.Context) {
	if s.examination == nil || s.Checks != nil {
		return
	}
	s.examination.examine(ctx, s)
	s.agree()
}

// Explain explains all signatures of the report, on all processors. It fails only when ctx ends.
func (r *Report) Explain(ctx context.Context) error {
	for _, rows := range [][]Signature{r.Signatures, r.Attached} {
		if err := everyOne(ctx, len(rows), func(i int) { rows[i].Explain(ctx) }); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// examine fills in the checks of s. They come from what is stored and from the trust root alone.
func (x *examination) examine(ctx context.Context, s *Signature) {
	var e examinee
	switch {
	case s.parsed != nil:
		e = x.bundleExaminee(s)
	case s.isBundle():
		e = &unreadExaminee{evidence{x: x, s: s}}
	default:
		e = x.tagExaminee(s)
	}
	makers := []func() Check{
		e.format, e.claims, e.annotations, e.signature, e.givenKey, e.chain, e.sct,
		func() Check { return e.logEntry(ctx) },
		e.logPayload, e.set, e.proof, e.timestamp, e.time, e.subject, e.issuer,
	}
	ids := Checks()
	s.Checks = make([]Check, len(ids))
	for i, id := range ids {
		s.Checks[i] = guarded(id, makers[i])
		s.Checks[i].ID = id
	}
}

// guarded makes one check. Parts that do not fit together make the libraries panic, which fails this check and no other.
func guarded(id CheckID, check func() Check) (c Check) {
	defer func() {
		if r := recover(); r != nil {
			c = Check{
				ID: id, State: CheckFailed, Code: actions.CodeFormat,
				What: fmt.Sprintf("the parts that this check compares do not fit together: %v", r), Next: nextTampered,
			}
		}
	}()
	return check()
}

// The four outcomes. Callers add the two sides.
func passed(what string) Check { return Check{State: CheckOK, What: what} }

func failed(code actions.Code, what, next string) Check {
	return Check{State: CheckFailed, Code: code, What: what, Next: next}
}

func skipped(code actions.Code, what, next string) Check {
	return Check{State: CheckSkipped, Code: code, What: what, Next: next}
}

func notApplicable(what string) Check { return Check{State: CheckNotApplicable, What: what} }

// needs is a check that cannot be made because of another.
func needs(other CheckID, what string) Check {
	return skipped(actions.CodeNeedsOther, what, "see the check "+string(other))
}

func (c Check) sides(expected, found Value) Check {
	c.Expected, c.Found = expected, found
	return c
}

func (c Check) ours() Check {
	c.Ours = true
	return c
}

// The places of the trust root, named as in trusted_root.json.
const (
	fromAuthorities = "trust root, certificateAuthorities"
	fromLogs        = "trust root, tlogs"
	fromCTLogs      = "trust root, ctlogs"
	fromStamps      = "trust root, timestampAuthorities"
)

// fingerprint names a public key or certificate for people: the start of the SHA-256 of its DER.
func fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return "SHA-256 " + hex.EncodeToString(sum[:8]) + "..."
}

// certificateName names a certificate for people.
func certificateName(cert *x509.Certificate) string {
	return fmt.Sprintf("certificate %s issued by %q", fingerprint(cert.Raw), cert.Issuer.String())
}

// logName is how the trust root calls a log: its address where it has one.
func logName(log *root.TransparencyLog, id string) string {
	if log != nil && log.BaseURL != "" {
		return log.BaseURL + " (" + short(id) + ")"
	}
	return short(id)
}

// short is the start of a long id.
func short(id string) string {
	if len(id) > 16 {
		return id[:16] + "..."
	}
	return quoted(id)
}
