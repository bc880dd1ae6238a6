package main

import (
	"context"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/spf13/cobra"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/doctor"
	"github.com/sigwalk/sigwalk/actions/newfile"
	"github.com/sigwalk/sigwalk/actions/registry"
)

// exitUnseen is the exit code of a doctor that found nothing wrong, and could not look at everything.
const exitUnseen exit = 3

func (a *app) doctorCommand() *cobra.Command {
	var ask diagnosis
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Find out what is wrong with the deployment, and say what to do about it",
		Long: `Check the deployment from this machine: names, certificates, clocks, the identity provider and its client, Fulcio, the
logs, the trust root, the registry. Each check says what it saw, what that means and what to do; sigwalk explain knows its
code. A check that needs what a failed one would have found is skipped, so that one fault is blamed once.

Nothing is changed anywhere, unless --sign asks for a signature from end to end: of the image that it names, or of a small
one in a scratch repository beside IMAGE, which is removed again. The transparency log keeps it for ever, with the name of
who signed: --yes, or COSIGN_YES=true, agrees to that; the sandbox's log needs no yes.

--report writes everything that was seen to a file, for the person who helps: every check, every network call, no secret.

Exit codes: 0 all is well, 1 a check failed, 3 none failed and some could not be made.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ask.limited = cmd.Flags().Changed("timeout")
			return a.diagnose(cmd.Context(), ask)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&ask.all, "all", false, "show what was seen of what is well, too")
	f.DurationVar(&ask.limit, "timeout", doctor.DefaultLimit, "the `TIME` that all checks may take; with --sign 1m0s")
	f.StringVar(&ask.report, "report", "", "`FILE` to write everything to, for the person who helps; one that is there is not overwritten")
	f.StringVar(&ask.sign, "sign", "", "sign from end to end: a scratch image, or with --sign=IMAGE that one")
	f.Lookup("sign").NoOptDefVal = scratch
	f.BoolVarP(&ask.yes, "yes", "y", false, "agree that the transparency log keeps the signature for ever")
	return printing(cmd, "text", "json")
}

// scratch is the value of --sign without one.
const scratch = "scratch"

// diagnosis is what the command line asks for.
type diagnosis struct {
	all, yes, limited bool
	limit             time.Duration
	report, sign      string
}

func (a *app) diagnose(ctx context.Context, ask diagnosis) error {
	if ask.limit <= 0 {
		return usage("--timeout %s is no time to check anything in", ask.limit)
	}
	p, err := a.open(ctx, nil)
	if err != nil {
		return err
	}
	defer p.close()
	calls := &doctor.Calls{}
	opts := p.doctor(a)
	opts.Observer = calls
	if ask.limited {
		opts.Limit, opts.Patience = ask.limit, min(ask.limit, doctor.DefaultPatience)
	}
	if opts.Sign, err = a.wantsSignature(p, ask); err != nil {
		return err
	}
	var file *newfile.File
	if ask.report != "" {
		if file, err = doctor.CreateFile(ask.report); err != nil {
			return err
		}
		defer file.Discard()
	}
	report, err := doctor.Examine(ctx, opts)
	if err == nil && file != nil {
		err = a.writeReport(file, p, report, calls)
	}
	if err != nil {
		return err
	}
	if a.flags.output == "json" {
		a.printJSON(report)
	} else {
		a.say("%s", report.Text(ask.all))
		if file != nil {
			a.say("everything that was seen is in %s\n", ask.report)
		}
	}
	switch {
	case report.Count(doctor.Failed) > 0:
		return exit(1)
	case !report.Well():
		return exitUnseen
	}
	return nil
}

// wantsSignature is what to sign, once the person has agreed to what stays.
func (a *app) wantsSignature(p *place, ask diagnosis) (*doctor.Sign, error) {
	switch {
	case ask.sign == "":
		return nil, nil
	case p.handle == nil && !ask.yes && p.value("COSIGN_YES") != "true":
		return nil, usageNext("agree with --yes, or leave out --sign", "--sign writes to the transparency log, which keeps the name of who signed for ever")
	case ask.sign == scratch:
		return &doctor.Sign{}, nil
	}
	if _, err := registry.Parse(ask.sign); err != nil {
		return nil, err
	}
	return &doctor.Sign{Image: ask.sign}, nil
}

// writeReport writes everything that was seen, but no secret of the environment.
func (a *app) writeReport(file *newfile.File, p *place, report *doctor.Report, calls *doctor.Calls) error {
	v := currentVersion()
	about := []doctor.Fact{
		{Name: "sigwalk", Value: v.Version + " " + v.Commit},
		{Name: "system", Value: v.Platform + ", " + v.Go},
	}
	var secrets []actions.Secret
	for _, v := range p.env.List() {
		if v.Secret {
			secrets = append(secrets, actions.NewSecret(v.Value))
			about = append(about, doctor.Fact{Name: v.Name, Value: "set, a secret, from: " + string(v.Source)})
			continue
		}
		about = append(about, doctor.Fact{Name: v.Name, Value: v.Value + "   from: " + string(v.Source)})
	}
	_, err := file.Write([]byte(report.Document(about, calls.All(), secrets)))
	if err == nil {
		err = file.Commit()
	}
	if err != nil {
		return &actions.Error{Code: actions.CodeStateUnwritable, What: "the report could not be written to " + file.Name(), Why: reasonOf(err), Next: "make room on the disk, or name another file", Err: err}
	}
	return nil
}

// doctor is what the doctor examines here.
func (p *place) doctor(a *app) doctor.Options {
	path, _ := a.lookup("PATH")
	opts := doctor.Options{
		Endpoints: p.env.Endpoints(), Homes: p.homes, Dir: p.dir, Path: path,
		Registry: p.value("QUAY"), Image: p.value("IMAGE"), Repository: p.value("COSIGN_REPOSITORY"),
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

// doctor finds out what is wrong with the deployment that the lesson uses, as it is now. It signs nothing.
func (g *guide) doctor(ctx context.Context, told func(doctor.Finding)) (*doctor.Report, error) {
	g.mu.Lock()
	p := g.place
	g.mu.Unlock()
	if p == nil {
		return nil, &actions.Error{Code: actions.CodeNotRunning, What: "the deployment is not open yet", Next: "wait until the lesson is there"}
	}
	opts := p.doctor(g.app)
	opts.Told = told
	for _, f := range doctor.Planned(opts) {
		told(f)
	}
	return doctor.Examine(ctx, opts)
}
