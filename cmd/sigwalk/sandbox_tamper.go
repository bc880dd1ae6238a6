package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/workshop/lab"
	"github.com/sigwalk/sigwalk/workshop/sandbox/tamper"
)

func (a *app) sandboxTamper() *cobra.Command {
	var image, prediction string
	cmd := &cobra.Command{
		Use:   "tamper [CASE]",
		Short: "Tamper with a copy of a signed image, and see which check turns red",
		Long: `Tamper with a copy of a signed image, and see which check turns red. Without CASE the cases are listed. Say beforehand
with --predict which check it will be. The copy is REGISTRY/l3-students/tamper-CASE:latest; the image stays as it is. Nothing is
painted: changed bytes are pushed to the real registry, forged signatures are in the real log, and certificates are issued with the
keys of the sandbox's own authority.

Predictions: ` + strings.Join(lab.Predictions(), ", "),
		Example: `  sigwalk sandbox tamper
  sigwalk sandbox tamper payload --predict signature`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return a.listTampering()
			}
			return a.tamperWith(cmd.Context(), lab.Request{Case: args[0], Image: image, Prediction: prediction})
		},
	}
	cmd.Flags().StringVar(&image, "of", "", "the signed `IMAGE` of the sandbox's registry to copy; without it the lesson's")
	cmd.Flags().StringVar(&prediction, "predict", "", "the `CHECK` that you think turns red")
	return printing(cmd, "text", "json")
}

func (a *app) listTampering() error {
	if a.flags.output == "json" {
		type caseJSON struct {
			Name string `json:"name"`
			Does string `json:"does"`
		}
		var all []caseJSON
		for _, c := range tamper.Cases() {
			all = append(all, caseJSON{c.Name, c.Does})
		}
		a.printJSON(all)
		return nil
	}
	a.say("%s", lab.List())
	return nil
}

func (a *app) tamperWith(ctx context.Context, req lab.Request) error {
	p, err := a.openRunning(ctx)
	if err != nil {
		return err
	}
	defer p.close()
	if p.handle == nil {
		return usageNext("give --sandbox, or unset the addresses of the deployment", "there is no sandbox here to tamper with: a deployment of your own is in force, and is never touched")
	}
	settings := p.handle.Settings()
	if req.Image == "" {
		req.Image = settings.Image
	}
	req.Tamper = &tamper.Lab{Dir: p.dir, Settings: settings}
	if req.Verifier, err = p.verifier(actions.Discard); err != nil {
		return err
	}
	outcome, err := lab.Run(ctx, req)
	if err != nil {
		return err
	}
	if a.flags.output == "json" {
		a.printJSON(outcome)
	} else {
		a.say("%s", outcome.Text())
	}
	return nil
}
