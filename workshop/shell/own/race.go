package own

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/identity/ambient"
	"github.com/sigwalk/sigwalk/workshop/lab"
	"github.com/sigwalk/sigwalk/workshop/sandbox/tamper"
)

func (c *command) race() *cobra.Command {
	var image string
	var signers int
	cmd := &cobra.Command{
		Use:   "race",
		Short: "Sign an image many times at once, with a tool that overwrites what it did not read",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return c.runRace(cmd.Context(), image, signers) },
	}
	cmd.Flags().StringVar(&image, "of", c.call.Getenv("IMAGE"), "the image of the sandbox's registry that is signed")
	cmd.Flags().IntVar(&signers, "signers", 5, "how many sign")
	return cmd
}

func (c *command) runRace(ctx context.Context, image string, signers int) error {
	handle, dir, err := c.joinSandbox(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = handle.Leave() }()
	clients, err := c.call.Connect(actions.Discard)
	if err != nil {
		return err
	}
	defer clients.Close()
	place, err := clients.Ambient()
	if err != nil {
		return err
	}
	token, _, err := ambient.Token(ctx, place, "")
	if err == nil && token.IsZero() {
		err = &actions.Error{
			Code: actions.CodeNoToken, What: "there is no identity token to sign with", Next: "source ./get-access-token.sh, which sets it",
		}
	}
	if err != nil {
		return err
	}
	outcome, err := lab.Race(ctx, lab.RaceRequest{
		Tamper: &tamper.Lab{Dir: dir, Settings: handle.Settings(), Transport: clients.Transport},
		Signer: clients.Signer(), Transport: clients.Transport, Image: image, Token: token, Signers: signers,
	})
	if err != nil {
		return err
	}
	c.call.Keep(outcome)
	return c.print(outcome, outcome.Text)
}
