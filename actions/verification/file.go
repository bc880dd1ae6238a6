package verification

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"hash"
	"io"
	"path/filepath"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/filetype"
)

// BundleRequest is a Sigstore bundle that stands alone, of version 0.1 to 0.3, and what it should be about.
type BundleRequest struct {
	// Name says to people where the bundle is, such as the name of a file.
	Name    string
	Content []byte
	// Open opens the artifact, more than once; nil where Digest is all that is known.
	Open func() (io.ReadCloser, error)
	// Digest is that of the artifact (sha256, sha384 or sha512); of no account with Open. Without either, ShowBundle holds
	// the bundle against the digest that it names itself, and says in the check claims that nothing else was given.
	Digest v1.Hash
	Policy Policy
}

// BundleReport is what the verification of a bundle found.
type BundleReport struct {
	Bundle   string // BundleRequest.Name
	Artifact string // digest
	Policy   Policy
	// TrustFlags are as in Options.
	TrustFlags []string
	// Signature is the one of the bundle, with its checks.
	Signature Signature
}

// Report is the same as that of an image with one signature, for whatever shows reports. It has no Digest.
func (r *BundleReport) Report() *Report {
	return &Report{Image: r.Bundle, Policy: r.Policy, TrustFlags: r.TrustFlags, Signatures: []Signature{r.Signature}}
}

// Verdict is nil when the bundle verified, or else why it did not.
func (r *BundleReport) Verdict() error {
	if r.Signature.Verified {
		return nil
	}
	return r.Signature.Reason
}

// MaxBundleBytes is how large a bundle may be: it carries its attestation inside.
const MaxBundleBytes = maxBundleBytes

// VerifyBundle gives cosign's verdict on a bundle, as `cosign verify-blob` and `cosign verify-blob-attestation` with
// --new-bundle-format do, and explains it. It fails only when it could not look (CodeNoTrustRoot, CodeUsage,
// CodeFormat for what is no bundle at all); that the bundle did not verify is the report's Verdict.
func (v *Verifier) VerifyBundle(ctx context.Context, req BundleRequest) (*BundleReport, error) {
	if err := req.Policy.Validate(); err != nil {
		return nil, err
	}
	return v.ShowBundle(ctx, req)
}

// ShowBundle is VerifyBundle for looking: a policy that names nobody accepts any identity.
func (v *Verifier) ShowBundle(ctx context.Context, req BundleRequest) (*BundleReport, error) {
	s := Signature{Kind: KindSignature, Storage: StoredInFile, mediaType: "application/json"}
	s.parseBundle(req.Content)
	if s.parsed == nil {
		return nil, notABundle(req, s.broken)
	}
	s.mediaType = s.parsed.GetMediaType()
	sums, err := req.sums(ctx)
	if err != nil {
		return nil, err
	}
	co, err := v.checks(ctx, req.Policy)
	if err != nil {
		return nil, err
	}
	co.RekorClient = nil // a bundle carries its entry, and nobody is asked
	digest, ownWord := req.Digest, false
	switch {
	case req.Open != nil:
		digest = v1.Hash{Algorithm: "sha256", Hex: sums["sha256"]}
	case digest == v1.Hash{}:
		digest, ownWord = s.named(), true
	}
	x := newExamination(digest, req.Policy, co)
	x.holder, x.content, x.sums, x.ownWord = filepath.Base(req.Name), req.Open, sums, ownWord
	newJudgement(x, co).judge(ctx, &s)
	s.Explain(ctx)
	return &BundleReport{Bundle: req.Name, Artifact: digest.String(), Policy: req.Policy, TrustFlags: v.opts.TrustFlags, Signature: s}, ctx.Err()
}

// named is the digest that a bundle names itself: that of the message, or the strongest of the statement's first subject
// which has any. Where it names none, it is one that nothing has.
func (s *Signature) named() v1.Hash {
	content, err := s.parsed.SignatureContent()
	if err != nil {
		return v1.Hash{Algorithm: "sha256"}
	}
	if message := content.MessageSignatureContent(); message != nil {
		return v1.Hash{Algorithm: messageAlgorithms[message.DigestAlgorithm()], Hex: hex.EncodeToString(message.Digest())}
	}
	envelope, err := s.parsed.Envelope()
	if err != nil {
		return v1.Hash{Algorithm: "sha256"}
	}
	statement, err := envelope.Statement()
	if err != nil {
		return v1.Hash{Algorithm: "sha256"}
	}
	for _, subject := range statement.GetSubject() {
		for _, algorithm := range []string{"sha512", "sha384", "sha256"} {
			if digest, ok := ParseArtifactDigest(algorithm + ":" + subject.GetDigest()[algorithm]); ok {
				return digest
			}
		}
	}
	return v1.Hash{Algorithm: "sha256"}
}

// sums hashes the artifact once for every algorithm that a statement may use.
func (r *BundleRequest) sums(ctx context.Context) (map[string]string, error) {
	if r.Open == nil {
		return nil, nil
	}
	content, err := r.Open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = content.Close() }()
	hashes := map[string]hash.Hash{"sha256": sha256.New(), "sha384": sha512.New384(), "sha512": sha512.New()}
	var all []io.Writer
	for _, h := range hashes {
		all = append(all, h)
	}
	if _, err := io.Copy(io.MultiWriter(all...), &stoppable{ctx, content}); err != nil {
		return nil, &actions.Error{
			Code: actions.CodeUsage, What: "the artifact cannot be read", Why: err.Error(), Err: err,
			Next: "give --artifact a file that can be read, or its digest as sha256:HEX",
		}
	}
	sums := make(map[string]string, len(hashes))
	for algorithm, h := range hashes {
		sums[algorithm] = hex.EncodeToString(h.Sum(nil))
	}
	return sums, nil
}

// stoppable is a reader that ends with its context.
type stoppable struct {
	ctx context.Context //nolint:containedctx // a reader has no other way to be told
	io.Reader
}

// Read implements io.Reader.
func (s *stoppable) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.Reader.Read(p)
}

// ParseArtifactDigest reads sha256:HEX, sha384:HEX or sha512:HEX. ok is false for anything else, such as a file name.
func ParseArtifactDigest(text string) (digest v1.Hash, ok bool) {
	algorithm, value, found := strings.Cut(text, ":")
	size, known := map[string]int{"sha256": 32, "sha384": 48, "sha512": 64}[algorithm]
	raw, err := hex.DecodeString(value)
	if !found || !known || err != nil || len(raw) != size {
		return v1.Hash{}, false
	}
	return v1.Hash{Algorithm: algorithm, Hex: strings.ToLower(value)}, true
}

// notABundle says what a file is that is no bundle, as far as it can be told.
func notABundle(req BundleRequest, broken *actions.Error) error {
	e := &actions.Error{
		Code: actions.CodeFormat, What: req.Name + " cannot be read as a Sigstore bundle", Err: broken,
		Next: "name the JSON that `cosign sign-blob --new-bundle-format --bundle FILE` or `cosign attest` wrote",
	}
	if broken != nil {
		e.Why = broken.Why
	}
	t := filetype.Of(req.Content)
	if t == filetype.Bundle {
		e.What, e.Next = req.Name+" is a Sigstore bundle that cannot be read", nextMalformed
		if broken != nil && broken.Err != nil {
			e.Why = readable(broken.Err)
		}
	} else {
		e.Why = t.Is
		if t.Known() {
			e.Next = t.Use
		}
	}
	return e
}

// bundleReportJSON is the form of `sigwalk verify --bundle -o json`. Fields are added, never renamed or removed.
type bundleReportJSON struct {
	Bundle    string        `json:"bundle"`
	Artifact  string        `json:"artifact"` // digest
	Verified  bool          `json:"verified"`
	Signature signatureJSON `json:"signature"`
}

// MarshalJSON implements json.Marshaler with the object {bundle, artifact, verified, signature}.
func (r *BundleReport) MarshalJSON() ([]byte, error) {
	return json.Marshal(bundleReportJSON{r.Bundle, r.Artifact, r.Signature.Verified, r.Signature.json()})
}
