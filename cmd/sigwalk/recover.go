package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/recovery"
	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/actions/trust"
)

// recoverFlags are those of sigwalk recover.
type recoverFlags struct {
	request     recovery.Request
	from        []string
	annotations []string
	dryRun      bool
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

Who signed with annotations is found only when they are named with -a, or when another signature with the same
annotations is still there. An RFC 3161 time stamp is in the history alone. Flags that name an identity or a key
bring back matching signatures only; without them, whoever signed with an identity that this deployment vouches for.`,
		Example: `  sigwalk recover $IMAGE
  sigwalk recover --dry-run -o json $IMAGE
  sigwalk recover --yes --from log --certificate-identity-regexp '@example\.com$' $IMAGE`,
		Args: oneImage,
		RunE: func(cmd *cobra.Command, args []string) error {
			f.request.Image = args[0]
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
	flags.BoolVarP(&f.request.Consented, "yes", "y", false, "attach without asking")
	flags.BoolVar(&f.dryRun, "dry-run", false, "look only")
	return printing(cmd, "text", "json")
}

func (a *app) recoverImage(ctx context.Context, f recoverFlags) error {
	if err := f.parse(); err != nil {
		return err
	}
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
		a.sayFound(report)
	}
	var failed error
	if !f.dryRun {
		if failed = recoverer.Agree(ctx, f.request, report); failed == nil {
			failed = recoverer.Attach(ctx, report)
		}
	}
	switch {
	case a.flags.output == "json":
		a.printJSON(report)
	case failed == nil:
		a.sayDone(report, f.dryRun)
	}
	return failed
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
		annotations, err := parseAnnotations(strings.Split(set, ","))
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

// sayFound says who signed, as far as the sources know, and what is there.
func (a *app) sayFound(report *recovery.Report) {
	a.say("%s\n%s holds %s\n", report.Digest.Name(), report.Tag.TagStr(), signatures(report.Before))
	for _, asked := range report.Asked {
		where := string(asked.Source)
		if asked.Address != "" {
			where += " at " + asked.Address
		}
		if asked.Skipped != "" {
			a.say("%s: not asked, %s\n", where, asked.Skipped)
			continue
		}
		a.say("%s: %d found\n", where, asked.Entries)
	}
	if len(report.Signatures) == 0 {
		return
	}
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 8, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "logIndex\tSigned by\tAt\tSource\tState")
	for _, s := range report.Signatures {
		row := []string{"-", signedBy(s), "-", sourcesOf(s), stateOf(s)}
		if s.LogIndex != nil {
			row[0] = strconv.FormatInt(*s.LogIndex, 10)
		}
		if s.Integrated != nil {
			row[2] = s.Integrated.UTC().Format(time.RFC3339)
		}
		_, _ = fmt.Fprintln(w, strings.Join(printable(row), "\t"))
	}
	_ = w.Flush() // into memory
	a.say("\n%s\n", table.String())
}

func signedBy(s *recovery.Signature) string {
	const shown = 16
	switch {
	case s.Subject != "":
		return s.Subject
	case s.Key != "":
		return "key " + s.Key[:shown]
	}
	return "unknown"
}

func sourcesOf(s *recovery.Signature) string {
	names := make([]string, len(s.Sources))
	for i, source := range s.Sources {
		names[i] = string(source)
	}
	return strings.Join(names, ", ")
}

func stateOf(s *recovery.Signature) string {
	switch {
	case s.Present:
		return "there"
	case s.Reason != nil:
		return "cannot be brought back: " + s.Reason.Error()
	}
	return "lost, can be brought back"
}

func signatures(n int) string {
	if n == 1 {
		return "1 signature"
	}
	return fmt.Sprintf("%d signatures", n)
}

// sayDone says what was attached.
func (a *app) sayDone(report *recovery.Report, dryRun bool) {
	attached, lacking := len(report.Attached()), len(report.Lacking())
	switch {
	case attached > 0:
		a.say("attached %d; %s holds %s now\n", attached, report.Tag.TagStr(), signatures(report.After))
	case lacking > 0 && dryRun:
		a.say("%d can be brought back; nothing was changed\n", lacking)
	default:
		a.say("nothing to bring back; nothing was changed\n")
	}
}
