package pack

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/sigstore/sigstore-go/pkg/root"

	"github.com/sigwalk/sigwalk/actions/keys"
	"github.com/sigwalk/sigwalk/actions/printable"
	"github.com/sigwalk/sigwalk/actions/trust"
	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/actions/web"
)

// Trusted is the trust root that came with the pack.
func (p *Pack) Trusted() (*root.TrustedRoot, error) {
	return trust.Parse(p.File+" (trusted_root.json)", p.Root)
}

// Verifier is a verifier for the pack under a trust root, and the count of the network calls that it was refused. The public
// key of a policy is read by readFile; nil for any file of this machine.
func Verifier(trusted root.TrustedMaterial, readFile func(string) ([]byte, error)) (*verification.Verifier, *web.Refusing) {
	refusing := &web.Refusing{}
	return verification.New(verification.Options{
		Material:  func(context.Context) (root.TrustedMaterial, error) { return trusted, nil },
		Transport: refusing, Keys: keys.New(keys.Options{Transport: refusing, ReadFile: readFile}), ReadFile: readFile,
	}), refusing
}

// SignersOf are whose signatures verified, each once, in the order of the log.
func SignersOf(report *verification.Report) []Signer {
	var found []Signer
	for _, s := range report.Verified() {
		signer := Signer{Subject: s.Subject, Issuer: s.Issuer}
		if !slices.Contains(found, signer) {
			found = append(found, signer)
		}
	}
	return found
}

// Proof is a pack that was opened again and verified as the other side will, without the network.
type Proof struct {
	*Result
	Report *verification.Report // for any identity, explained
	Calls  int                  // to the network; each was refused
}

// Prove opens what was written and verifies it.
func Prove(ctx context.Context, result *Result) (*Proof, error) {
	opened, err := Open(ctx, result.File)
	if err != nil {
		return nil, err
	}
	trusted, err := opened.Trusted()
	if err != nil {
		return nil, err
	}
	verifier, refusing := Verifier(trusted, nil)
	report, err := verifier.List(ctx, opened.Reference())
	if err != nil {
		return nil, err
	}
	if err := report.Explain(ctx); err != nil {
		return nil, err
	}
	if err := opened.Add(ctx, report); err != nil {
		return nil, err
	}
	return &Proof{result, report, int(refusing.Calls())}, nil
}

// Text is the proof for people.
func (p *Proof) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n  sha256 %s, %d bytes, %d manifests, %d blobs\n  trust root sha256 %s\n", p.File, p.SHA256, p.Bytes, p.Manifests, p.Blobs, p.TrustRoot)
	word := "signatures"
	if len(p.Report.Signatures) == 1 {
		word = "signature"
	}
	fmt.Fprintf(&b, "  without the network: %d of %d %s verified for any identity, %d network calls\n",
		len(p.Report.Verified()), len(p.Report.Signatures), word, p.Calls)
	b.WriteString(Sentences(p.Report))
	return b.String()
}

// Sentences say of each signature who signed, or why it does not verify, a line each behind its log index.
func Sentences(report *verification.Report) string {
	var b strings.Builder
	for i := range report.Signatures {
		s := &report.Signatures[i]
		index, said := "-", s.Sentence()
		if s.LogIndex != nil {
			index = fmt.Sprint(*s.LogIndex)
		}
		if !s.Verified {
			said = "not verified: " + s.Reason.Error()
		}
		fmt.Fprintf(&b, "    %s  %s\n", index, printable.Line(said, ' '))
	}
	return b.String()
}
