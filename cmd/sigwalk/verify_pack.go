package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/spf13/cobra"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/pack"
	"github.com/sigwalk/sigwalk/actions/printable"
	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/actions/web"
	"github.com/sigwalk/sigwalk/workshop/environment"
)

// verifyPack verifies a pack. Nothing here opens a connection: neither sandbox nor deployment is asked, and the transport of
// everything that could want one refuses and counts.
func (a *app) verifyPack(cmd *cobra.Command, file string, args []string, policy verification.Policy, show shown, material materialFlags) error {
	switch {
	case len(args) > 0:
		return usage("--pack is verified in place of an image: leave out %s", args[0])
	case show.fetchProofs:
		return usage("--fetch-proofs asks the transparency log, and --pack is verified without the network")
	case strings.Contains(policy.KeyReference, "://") && !strings.HasPrefix(policy.KeyReference, "env://"):
		return usage("--key %s is read over the network, and --pack is verified without it: give a file", policy.KeyReference)
	}
	own, err := a.ownVariables()
	if err != nil {
		return err
	}
	(&place{env: environment.New(own...)}).policyDefaults(cmd.Flags(), &policy)
	if err := policy.Validate(); err != nil {
		return err
	}
	opened, err := pack.Open(cmd.Context(), file)
	if err != nil {
		return err
	}
	verifier, calls, err := packVerifier(opened, material)
	if err != nil {
		return err
	}
	look := verifier.Verify
	if a.whole() || show.explain && show.all {
		look = verifier.Everything
	}
	report, err := look(cmd.Context(), opened.Reference(), policy)
	if err != nil {
		return err
	}
	if show.explain || a.whole() {
		if err := report.Explain(cmd.Context()); err != nil {
			return err
		}
		if err := opened.Add(cmd.Context(), report); err != nil {
			return err
		}
	}
	if err := a.sayUnproven(cmd.Context(), report); err != nil {
		return err
	}
	if a.flags.output == "json" {
		return a.printPackJSON(opened, material, report, calls)
	}
	a.tell("%s  %s", printable.Line(opened.Image, ' '), opened.Digest)
	if material.trustedRoot == "" {
		a.tell("trust root: came with the pack, sha256 %s; compare it with what whoever runs the signing service says", opened.TrustRoot)
	} else {
		a.tell("trust root: %s", material.trustedRoot)
	}
	if given, err := material.named().Authorities(nil); err == nil && given != nil {
		a.tell("certificate authorities: %s, in place of the trust root's", given.From)
	}
	err = a.printReport(cmd.Context(), report, show)
	a.tell("network calls: %d", calls.Calls())
	return err
}

// tell writes a line to standard error: what is said beside a result.
func (a *app) tell(format string, args ...any) {
	_, _ = fmt.Fprintf(a.err, format+"\n", args...)
}

// packVerifier is a verifier for a pack and the count of the calls that it was refused.
func packVerifier(p *pack.Pack, flags materialFlags) (*verification.Verifier, *web.Refusing, error) {
	own, err := p.Trusted()
	if err != nil {
		return nil, nil, err
	}
	trusted := root.TrustedMaterial(own)
	material, err := flags.material(func(context.Context) (*root.TrustedRoot, error) { return own, nil })
	if err != nil {
		return nil, nil, err
	}
	if material != nil {
		if trusted, err = material(context.Background()); err != nil {
			return nil, nil, err
		}
	}
	verifier, refusing := pack.Verifier(trusted, nil)
	return verifier, refusing, nil
}

// packJSON stands before what `verify -o json` prints for an image. Fields are added, never renamed or removed.
type packJSON struct {
	File string `json:"file"`
	pack.Description
	// TrustedRoot is the file that was used in place of the pack's own trust root; empty for that.
	TrustedRoot string `json:"trustedRoot,omitempty"`
}

func (a *app) printPackJSON(p *pack.Pack, material materialFlags, report *verification.Report, calls *web.Refusing) error {
	text, err := json.Marshal(report)
	if err != nil {
		return err
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(text, &all); err != nil {
		return err
	}
	for name, value := range map[string]any{
		"pack": packJSON{p.File, p.Description, material.trustedRoot}, "networkCalls": calls.Calls(),
	} {
		if all[name], err = json.Marshal(value); err != nil {
			return err
		}
	}
	a.printJSON(all)
	if verdict := report.Verdict(); verdict != nil {
		a.complain(verdict)
		return exit(actions.ExitCode(verdict))
	}
	return nil
}
