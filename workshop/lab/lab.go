// Package lab is the tamper lab: something is done to an image of the sandbox, the learner says which check will turn red,
// and the verification shows which did. It judges with what judges everything else.
package lab

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/workshop/sandbox/tamper"
)

// Request is one round.
type Request struct {
	Tamper   *tamper.Lab
	Verifier *verification.Verifier
	Case     string
	Image    string // signed by an identity, in the sandbox's registry
	// Prediction is the check that the learner thinks will turn red, or tamper.NoSignatures; empty for none.
	Prediction string
}

// Outcome is what came of it. Fields are added, never renamed or removed: it is `sigwalk sandbox tamper -o json`.
type Outcome struct {
	Case string `json:"case"`
	Does string `json:"does"`
	// From is the image that was copied, Image the copy that was tampered with, Digest what that names now.
	From   string `json:"from"`
	Image  string `json:"image"`
	Digest string `json:"digest"`
	// Red are the checks that failed, in the order of the matrix. It is empty where nothing was there to be checked.
	Red []verification.CheckID `json:"red"`
	// Verified is what the verdict is, under the identity that signed the original; Why its reason.
	Verified bool   `json:"verified"`
	Why      string `json:"why"`
	// About is the check that the case is about, or "no-signatures"; Because is why.
	About   string `json:"about"`
	Because string `json:"because"`
	// Prediction is the learner's; Right whether that turned red.
	Prediction string `json:"prediction,omitempty"`
	Right      bool   `json:"right"`
	// Verify is the command that shows all of it.
	Verify string `json:"verify"`
}

// Predictions are what may be said: the checks, and that there is nothing to check.
func Predictions() []string {
	var all []string
	for _, id := range verification.Checks() {
		all = append(all, string(id))
	}
	return append(all, tamper.NoSignatures)
}

// Run does one round. It fails with CodeUsage for a case or a prediction that does not exist and for an image that is not
// the sandbox's, and with CodeNoSignatures for one that nobody with an identity signed.
func Run(ctx context.Context, req Request) (*Outcome, error) {
	c, ok := tamper.Find(req.Case)
	if !ok {
		var names []string
		for _, c := range tamper.Cases() {
			names = append(names, c.Name)
		}
		return nil, &actions.Error{Code: actions.CodeUsage, What: fmt.Sprintf("there is no case %q", req.Case), Next: "choose one of " + strings.Join(names, ", ")}
	}
	if req.Prediction != "" && !slices.Contains(Predictions(), req.Prediction) {
		return nil, &actions.Error{
			Code: actions.CodeUsage, What: fmt.Sprintf("%q is no check", req.Prediction), Next: "predict one of " + strings.Join(Predictions(), ", "),
		}
	}
	if err := req.Tamper.Owns(req.Image); err != nil {
		return nil, explain(ctx, err, req.Image)
	}
	policy, err := signerOf(ctx, req)
	if err != nil {
		return nil, err
	}
	result, err := req.Tamper.Apply(ctx, c, req.Image)
	if err != nil {
		return nil, explain(ctx, err, req.Image)
	}
	report, err := req.Verifier.Verify(ctx, result.Image, policy)
	if err != nil {
		return nil, err
	}
	if err := report.Explain(ctx); err != nil {
		return nil, err
	}
	out := &Outcome{
		Case: c.Name, Does: c.Does, From: req.Image, Image: result.Image, Digest: result.Digest, Red: []verification.CheckID{},
		Verified: report.Verdict() == nil, About: c.Breaks, Because: c.Because, Prediction: req.Prediction,
		Verify: "sigwalk verify --explain --certificate-identity=" + policy.Subject + " --certificate-oidc-issuer=" + policy.Issuer + " " + result.Image,
	}
	if verdict := report.Verdict(); verdict != nil {
		out.Why = verdict.Error()
	}
	for _, s := range report.Signatures {
		for _, check := range s.Checks {
			if check.State == verification.CheckFailed && !slices.Contains(out.Red, check.ID) {
				out.Red = append(out.Red, check.ID)
			}
		}
	}
	out.Right = out.turned(req.Prediction)
	return out, nil
}

// turned reports whether what was predicted happened.
func (o *Outcome) turned(prediction string) bool {
	if prediction == tamper.NoSignatures {
		return len(o.Red) == 0 && !o.Verified
	}
	return slices.Contains(o.Red, verification.CheckID(prediction))
}

// signerOf is the policy under which the original verifies.
func signerOf(ctx context.Context, req Request) (verification.Policy, error) {
	report, err := req.Verifier.List(ctx, req.Image)
	if err != nil {
		return verification.Policy{}, err
	}
	for _, s := range report.Verified() {
		if s.Certificate != nil && s.Storage == verification.StoredInTag {
			return verification.Policy{Subject: s.Subject, Issuer: s.Issuer}, nil
		}
	}
	return verification.Policy{}, explain(ctx, tamper.ErrUnsigned, req.Image)
}

func explain(ctx context.Context, err error, image string) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	e := &actions.Error{What: image + " cannot be tampered with", Why: err.Error(), Err: err}
	switch {
	case errors.Is(err, tamper.ErrUnsigned):
		e.Code, e.Next = actions.CodeNoSignatures, "sign it first: cosign sign "+image
	case errors.Is(err, tamper.ErrElsewhere):
		e.Code, e.Next = actions.CodeUsage, "copy the image into the sandbox and sign it there; nothing outside of it is ever touched"
	default:
		e.Code, e.Next = actions.CodeSandboxFailed, "see `sigwalk sandbox status`, and try again"
	}
	return e
}

// Text is the outcome for people, in lines that end with a line end.
func (o *Outcome) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n  %s  %s\n", o.Case, o.Does, o.Image, o.Digest)
	red := make([]string, len(o.Red))
	for i, id := range o.Red {
		red[i] = string(id)
	}
	switch {
	case o.Verified:
		b.WriteString("  verified: nothing turned red\n")
	case len(red) == 0:
		b.WriteString("  nothing to check: no signatures\n")
	default:
		fmt.Fprintf(&b, "  red: %s\n", strings.Join(red, ", "))
	}
	switch {
	case o.Prediction == "":
	case o.Right && o.Prediction == o.About:
		fmt.Fprintf(&b, "  you predicted %s, and right: it is what the case is about\n", o.Prediction)
	case o.Right:
		fmt.Fprintf(&b, "  you predicted %s, and right: the case is about %s\n", o.Prediction, o.About)
	default:
		fmt.Fprintf(&b, "  you predicted %s, and wrong: that stayed as it was\n", o.Prediction)
	}
	fmt.Fprintf(&b, "  %s: %s\n  see it: %s\n", o.About, o.Because, o.Verify)
	return b.String()
}

// List names the cases for people.
func List() string {
	var b strings.Builder
	for _, c := range tamper.Cases() {
		fmt.Fprintf(&b, "%-20s  %s\n", c.Name, c.Does)
	}
	return b.String()
}
