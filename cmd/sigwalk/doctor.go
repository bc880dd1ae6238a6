package main

import (
	"context"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/spf13/cobra"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/doctor"
	"github.com/sigwalk/sigwalk/actions/registry"
)

// exitUnseen is the exit code of a doctor that found nothing wrong, and could not look at everything.
const exitUnseen exit = 3

func (a *app) doctorCommand() *cobra.Command {
	var all bool
	var limit time.Duration
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Find out what is wrong with the deployment, and say what to do about it",
		Long: `Check the deployment from this machine: names, certificates, clocks, the identity provider and its client, Fulcio, the
logs, the trust root, the registry. Each check says what it saw, what that means and what to do; sigwalk explain knows its
code. A check that needs what a failed one would have found is skipped, so that one fault is blamed once. Nothing is
changed anywhere.

Exit codes: 0 all is well, 1 a check failed, 3 none failed and some could not be made.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.diagnose(cmd.Context(), limit, all) },
	}
	cmd.Flags().BoolVar(&all, "all", false, "show what was seen of what is well, too")
	cmd.Flags().DurationVar(&limit, "timeout", doctor.DefaultLimit, "the time that all checks may take")
	return printing(cmd, "text", "json")
}

func (a *app) diagnose(ctx context.Context, limit time.Duration, all bool) error {
	if limit <= 0 {
		return usage("--timeout %s is no time to check anything in", limit)
	}
	p, err := a.open(ctx, nil)
	if err != nil {
		return err
	}
	defer p.close()
	opts := p.doctor(a)
	opts.Limit, opts.Patience = limit, min(limit, doctor.DefaultPatience)
	report, err := doctor.Examine(ctx, opts)
	if err != nil {
		return err
	}
	if a.flags.output == "json" {
		a.printJSON(report)
	} else {
		a.say("%s", report.Text(all))
	}
	switch {
	case report.Count(doctor.Failed) > 0:
		return exit(1)
	case !report.Well():
		return exitUnseen
	}
	return nil
}

// doctor is what the doctor examines here.
func (p *place) doctor(a *app) doctor.Options {
	path, _ := a.lookup("PATH")
	opts := doctor.Options{
		Endpoints: p.env.Endpoints(), Homes: p.homes, Dir: p.dir, Path: path,
		Registry: p.value("QUAY"), Image: p.value("IMAGE"),
		User: p.value("OIDC_USER"), Password: actions.NewSecret(p.value("OIDC_PASSWORD")),
		Token: actions.NewSecret(p.value("SIGSTORE_ID_TOKEN")),
	}
	if ref, err := registry.Parse(opts.Image); opts.Registry == "" && opts.Image != "" && err == nil && ref.Context().RegistryStr() != name.DefaultRegistry {
		opts.Registry = ref.Context().RegistryStr()
	}
	if user := p.value("QUAY_USER"); user != "" {
		opts.Login = &registry.Credentials{Username: user, Password: actions.NewSecret(p.value("QUAY_PASSWORD"))}
	}
	return opts
}
