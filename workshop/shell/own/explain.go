package own

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/sigwalk/sigwalk/actions/explain"
	"github.com/sigwalk/sigwalk/workshop/shell/builtin"
)

func (c *command) explain() *cobra.Command {
	return &cobra.Command{
		Use:   "explain [CODE...]",
		Short: "Explain a code or a check, or the output of a command that failed",
		Long: `Explain what a code or a check of sigwalk verify --explain means: one sentence, why, what to do. Without a code it reads the
output of a command that failed from standard input: cosign verify ... 2>&1 | sigwalk explain`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return c.explainOutput(cmd.Context())
			}
			entries, err := explain.Entries(args)
			if err != nil {
				return err
			}
			c.call.Keep(entries)
			return c.print(entries, func() string { return explain.Text(entries) })
		},
	}
}

func (c *command) explainOutput(ctx context.Context) error {
	if !c.call.Piped {
		return builtin.Usage("explain what? Name a code, or give the output of a command on standard input")
	}
	causes, err := explain.Output(ctx, c.call.Stdin)
	if causes == nil {
		return err
	}
	c.call.Keep(causes)
	if err := c.print(causes, func() string { return explain.CausesText(causes) }); err != nil {
		return err
	}
	return err
}
