package verification_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/sigstore/cosign/v2/pkg/cosign"
	"github.com/sigstore/cosign/v2/pkg/oci"
	ociremote "github.com/sigstore/cosign/v2/pkg/oci/remote"
	"github.com/sigstore/cosign/v2/pkg/oci/static"
	"github.com/sigstore/rekor/pkg/types"
	"github.com/sigstore/rekor/pkg/types/hashedrekord"

	"github.com/sigwalk/sigwalk/actions/verification"
)

// reference is cosign's own verdict on each signature of the tag, read from the registry by cosign's own code, in the
// order of the layers. A panic of cosign, which would end it, counts as a refusal.
func (w *world) reference(policy verification.Policy) []error {
	w.t.Helper()
	// Nothing that a verifier remembers has a part in it.
	types.TypeMap.Store(hashedrekord.KIND, hashedrekord.New)
	co := w.checkOpts(policy)
	digest, err := v1.NewHash(w.image.DigestStr())
	if err != nil {
		w.t.Fatal(err)
	}
	list := w.stored()
	verdicts := make([]error, len(list))
	for i, sig := range list {
		verdicts[i] = func() (err error) {
			defer func() {
				if r := recover(); r != nil {
					err = fmt.Errorf("cosign panics: %v", r)
				}
			}()
			if sig.err != nil {
				return sig.err
			}
			_, err = cosign.VerifyImageSignature(context.Background(), sig.Signature, digest, co)
			return err
		}()
	}
	return verdicts
}

// copied is a signature as cosign copies it before it verifies, or why it could not.
type copied struct {
	oci.Signature
	err error
}

// stored reads the signatures of the tag with cosign's own code, which takes long for many: once a world.
func (w *world) stored() []copied {
	w.t.Helper()
	if w.copies != nil {
		return w.copies
	}
	ref, err := name.ParseReference(w.tag())
	if err != nil {
		w.t.Fatal(err)
	}
	tag, err := ociremote.SignatureTag(ref)
	if err != nil {
		w.t.Fatal(err)
	}
	signatures, err := ociremote.Signatures(tag)
	if err != nil {
		w.t.Fatal(err)
	}
	list, err := signatures.Get()
	if err != nil {
		w.t.Fatal(err)
	}
	for _, sig := range list {
		w.copies = append(w.copies, func() (c copied) {
			defer func() {
				if r := recover(); r != nil {
					c.err = fmt.Errorf("cosign panics: %v", r)
				}
			}()
			c.Signature, c.err = static.Copy(sig)
			return c
		}())
	}
	return w.copies
}

// compare fails where the report's verdicts are not cosign's.
func (w *world) compare(policy verification.Policy, report *verification.Report) {
	w.t.Helper()
	verdicts := w.reference(policy)
	if len(verdicts) != len(report.Signatures) {
		w.t.Fatalf("cosign sees %d signatures, the report has %d", len(verdicts), len(report.Signatures))
	}
	for _, s := range report.Signatures {
		if theirs := verdicts[s.Position]; s.Verified != (theirs == nil) {
			w.t.Errorf("signature %d: verified %t (%v), cosign says %v", s.Position, s.Verified, s.Reason, theirs)
		}
		if s.Verified == (s.Reason != nil) {
			w.t.Errorf("signature %d: verified %t with reason %v", s.Position, s.Verified, s.Reason)
		}
		if s.Defect != nil {
			w.t.Errorf("signature %d: %v\n%s", s.Position, s.Defect, matrix(s))
		}
	}
}

// matrix is the checks of a signature on lines, for messages.
func matrix(s verification.Signature) string {
	var b strings.Builder
	for _, c := range s.Checks {
		fmt.Fprintf(&b, "%-14s %-12s %-24s %s | expected %s | found %s\n", c.State, c.ID, c.Code, c.What, c.Expected, c.Found)
	}
	return b.String()
}
