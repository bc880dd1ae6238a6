package pack

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/sigstore/sigstore-go/pkg/root"

	"github.com/sigwalk/sigwalk/actions"
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

// KeyPairsOf counts the signatures that carry no certificate, so that only the public key of a pair verifies them.
func KeyPairsOf(report *verification.Report) int {
	n := 0
	for i := range report.Signatures {
		if reason := report.Signatures[i].Reason; reason != nil && reason.Code == actions.CodeNoCertificate {
			n++
		}
	}
	return n
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
	fmt.Fprintf(&b, "%s\n  sha256 %s, %d bytes, %s, %s\n  trust root sha256 %s\n", p.File, p.SHA256, p.Bytes, counted(p.Manifests, "manifest"), counted(p.Blobs, "blob"), p.TrustRoot)
	fmt.Fprintf(&b, "  without the network: %d of %s verified for any identity, %d network calls\n",
		len(p.Report.Verified()), counted(len(p.Report.Signatures), "signature"), p.Calls)
	b.WriteString(Sentences(p.Report))
	return b.String()
}

// counted is a number of things.
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
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
