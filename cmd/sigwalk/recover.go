package main

import (
	"context"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/recovery"
	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/actions/trust"
	"github.com/sigwalk/sigwalk/tui"
	recoveryscreen "github.com/sigwalk/sigwalk/tui/recovery"
	"github.com/sigwalk/sigwalk/workshop/shell/own"
)

// recoverFlags are those of sigwalk recover.
type recoverFlags struct {
	request     recovery.Request
	from        []string
	annotations []string
	logIndexes  []int64
	dryRun      bool
	plain       bool
}

func (a *app) recoverCommand() *cobra.Command {
	var f recoverFlags
	cmd := &cobra.Command{
		Use:   "recover IMAGE",
		Short: "Bring back signatures that an image's tag lost, from the transparency log and the registry's history",
		Long: `Bring back the signatures that others overwrote. The transparency log remembers every signature of an image that
was ever put into it; where the registry is a Quay, it also remembers what the tag named before (QUAY_TOKEN is its
token). What the registry lacks is rebuilt, verified, and attached after a yes. Nothing that is there is changed, and
a second run finds nothing to do.

On a terminal this is a screen, on which one chooses what to bring back; --plain, --yes, --dry-run and -o json do without.

Who signed with annotations is found only when they are named with -a, or when another signature with the same
annotations is still there. An RFC 3161 time stamp is in the history alone. Flags that name an identity or a key
bring back matching signatures only; without them, whoever signed with an identity that this deployment vouches for.`,
		Example: `  sigwalk recover $IMAGE
  sigwalk recover --dry-run -o json $IMAGE
  sigwalk recover --yes --from log --certificate-identity-regexp '@example\.com$' $IMAGE`,
		Args: oneImage,
		RunE: func(cmd *cobra.Command, args []string) error {
			f.request.Image = args[0]
			if err := f.parse(); err != nil {
				return err
			}
			if a.onTerminal() && !f.plain && !f.dryRun && !f.request.Consented && f.logIndexes == nil && !cmd.Flags().Changed("output") && os.Getenv("TERM") != "dumb" {
				return a.recoverOnScreen(cmd.Context(), f.request)
			}
			return a.recoverImage(cmd.Context(), f)
		},
	}
	flags, policy := cmd.Flags(), &f.request.Policy
	flags.StringSliceVar(&f.from, "from", nil, "sources to ask, of log and history; without it every one that is there")
	flags.StringArrayVarP(&f.annotations, "annotations", "a", nil, "annotations that were signed, as key=value[,key=value]; may be repeated for other signers")
	flags.StringArrayVar(&f.request.Identities, "sign-container-identity", nil, "another name of the image that was signed; may be repeated")
	flags.StringVar(&policy.Subject, "certificate-identity", "", "bring back only what this identity signed")
	flags.StringVar(&policy.SubjectRegexp, "certificate-identity-regexp", "", "a regular expression for the identity; beats the exact one")
	flags.StringVar(&policy.Issuer, "certificate-oidc-issuer", "", "the issuer that must have vouched for the identity")
	flags.StringVar(&policy.IssuerRegexp, "certificate-oidc-issuer-regexp", "", "a regular expression for the issuer; beats the exact one")
	flags.StringVar(&policy.KeyReference, "key", "", "public key (file, URL or env://NAME) for signatures without a certificate")
	flags.Int64SliceVar(&f.logIndexes, "log-index", nil, "bring back only the entries of these log indexes, as 3,7")
	flags.BoolVar(&f.plain, "plain", false, "no full screen: one line after another, and one question")
	flags.BoolVarP(&f.request.Consented, "yes", "y", false, "attach without asking")
	flags.BoolVar(&f.dryRun, "dry-run", false, "look only")
	return printing(cmd, "text", "json")
}

func (a *app) recoverImage(ctx context.Context, f recoverFlags) error {
	p, err := a.open(ctx, nil)
	if err != nil {
		return err
	}
	defer p.close()
	recoverer, err := p.recoverer(newTeller(a.in, a.err))
	if err != nil {
		return err
	}
	report, err := recoverer.Look(ctx, f.request)
	if err != nil {
		return err
	}
	if a.flags.output != "json" {
		a.say("%s", report.FoundText())
	}
	chosen, err := report.At(f.logIndexes)
	if err != nil {
		return err
	}
	var failed error
	if !f.dryRun {
		if failed = recoverer.Agree(ctx, f.request, report, chosen); failed == nil {
			failed = recoverer.Attach(ctx, report, chosen)
		}
	}
	switch {
	case a.flags.output == "json":
		a.printJSON(report)
	case failed == nil:
		a.say("%s", report.DoneText(f.dryRun))
	}
	return failed
}

// recoverOnScreen is recoverImage on the screen.
func (a *app) recoverOnScreen(ctx context.Context, request recovery.Request) error {
	p, err := a.open(ctx, nil)
	if err != nil {
		return err
	}
	defer p.close()
	terminal, err := a.terminal(p.dir)
	if err != nil {
		return err
	}
	return tui.Recover(ctx, terminal, p.recoverScreen(request))
}

// recoverScreen says how the screen looks for what an image's tag lost, and attaches it.
func (p *place) recoverScreen(request recovery.Request) recoveryscreen.Options {
	return recoveryscreen.Options{
		Image: request.Image,
		Look: func(ctx context.Context, told func(actions.Stage)) (*recovery.Report, error) {
			recoverer, err := p.recoverer(stageObserver(told))
			if err != nil {
				return nil, err
			}
			return recoverer.Look(ctx, request)
		},
		Attach: func(ctx context.Context, report *recovery.Report, chosen []*recovery.Signature, told func(actions.Stage)) error {
			recoverer, err := p.recoverer(stageObserver(told))
			if err != nil {
				return err
			}
			return recoverer.Attach(ctx, report, chosen)
		},
	}
}

// stageObserver passes on the stages; the screen has asked before.
type stageObserver func(actions.Stage)

// Event implements actions.Observer.
func (o stageObserver) Event(_ context.Context, event actions.Event) {
	if stage, ok := event.(actions.Stage); ok {
		o(stage)
	}
}

// Ask implements actions.Observer.
func (stageObserver) Ask(context.Context, actions.Question) (actions.Answer, error) {
	return actions.Answer{}, actions.ErrNobodyToAsk
}

// parse reads what cobra leaves as text.
func (f *recoverFlags) parse() error {
	for _, from := range f.from {
		switch source := recovery.Source(from); source {
		case recovery.FromLog, recovery.FromHistory:
			f.request.From = append(f.request.From, source)
		default:
			return usage("--from %s: there are log and history", from)
		}
	}
	for _, set := range f.annotations {
		annotations, err := own.Annotations(strings.Split(set, ","))
		if err != nil {
			return err
		}
		f.request.Annotations = append(f.request.Annotations, annotations)
	}
	return nil
}

func (p *place) recoverer(obs actions.Observer) (*recovery.Recoverer, error) {
	endpoints := p.env.Endpoints()
	transport, err := p.transport(obs)
	if err != nil {
		return nil, err
	}
	token, _ := p.env.Get("QUAY_TOKEN")
	host, _ := p.env.Get("QUAY")
	return recovery.New(recovery.Options{
		Registry:  registry.New(registry.Options{Homes: p.homes, Transport: transport, Observer: obs}),
		Trust:     trust.New(trust.Options{Homes: p.homes, Endpoints: endpoints, Transport: transport, Observer: obs}),
		Endpoints: endpoints, Homes: p.homes, Transport: transport, Observer: obs, QuayToken: actions.NewSecret(token.Value), QuayHost: host.Value,
	}), nil
}
