package own

import (
	"context"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/workshop/environment"
	"github.com/sigwalk/sigwalk/workshop/lab"
	"github.com/sigwalk/sigwalk/workshop/sandbox"
	"github.com/sigwalk/sigwalk/workshop/sandbox/tamper"
)

// sandbox is what of `sigwalk sandbox` makes sense inside of a lesson.
func (c *command) sandbox() *cobra.Command {
	cmd := &cobra.Command{Use: "sandbox", Short: "The lab of the sandbox: tamper with images, lose signatures"}
	cmd.AddCommand(c.tamper(), c.race())
	return cmd
}

func (c *command) tamper() *cobra.Command {
	var image, prediction string
	cmd := &cobra.Command{
		Use:   "tamper [CASE]",
		Short: "Tamper with a copy of a signed image, and see which check turns red; without CASE the cases are listed",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				_, err := io.WriteString(c.call.Stdout, lab.List())
				return err
			}
			return c.tamperWith(cmd.Context(), lab.Request{Case: args[0], Image: image, Prediction: prediction})
		},
	}
	cmd.Flags().StringVar(&image, "of", c.call.Getenv("IMAGE"), "the signed image of the sandbox's registry to copy")
	cmd.Flags().StringVar(&prediction, "predict", "", "the check that you think turns red")
	return cmd
}

func (c *command) tamperWith(ctx context.Context, req lab.Request) error {
	handle, dir, err := c.joinSandbox(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = handle.Leave() }()
	clients, err := c.call.Connect(c.call.Observer)
	if err != nil {
		return err
	}
	defer clients.Close()
	req.Tamper = &tamper.Lab{Dir: dir, Settings: handle.Settings(), Transport: clients.Transport}
	req.Verifier = verification.New(clients.Verification())
	outcome, err := lab.Run(ctx, req)
	if err != nil {
		return err
	}
	c.call.Keep(outcome)
	return c.print(outcome, outcome.Text)
}

// joinSandbox joins the sandbox that is in force, below dir. A deployment of the person's own is never played with.
func (c *command) joinSandbox(ctx context.Context) (handle *sandbox.Handle, dir string, err error) {
	fulcio, _ := c.call.Environment.Get("COSIGN_FULCIO_URL")
	if fulcio.Source != environment.FromSandbox {
		return nil, "", &actions.Error{
			Code: actions.CodeUsage, What: "there is no sandbox here to tamper with",
			Why: "a deployment of your own is in force, and is never touched", Next: "run it without its addresses, or with --sandbox",
		}
	}
	dir = filepath.Dir(c.call.Homes.TUF)
	if handle, err = sandbox.Join(ctx, dir); err != nil {
		return nil, "", &actions.Error{
			Code: actions.CodeNotRunning, What: "no sandbox runs for " + dir, Why: err.Error(), Err: err,
			Next: "use sigwalk sandbox in a terminal, with the --dir of the sandbox",
		}
	}
	return handle, dir, nil
}
