package own

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/sigwalk/sigwalk/actions/verification"
)

func (c *command) tree() *cobra.Command {
	var consumers bool
	cmd := &cobra.Command{
		Use:   "tree IMAGE",
		Short: "Show what hangs off an image, and what programs will find of it",
		Args:  cobra.ExactArgs(1),
		RunE:  func(cmd *cobra.Command, args []string) error { return c.showTree(cmd.Context(), args[0], consumers) },
	}
	cmd.Flags().BoolVar(&consumers, "consumers", false, "say what cosign v2 and v3, podman, Quay's badge and policy controllers will find; JSON always does")
	return cmd
}

// Foretold is what programs will find of an image's signatures.
type Foretold struct {
	Image     string
	Consumers []verification.Consumer
}

func (c *command) showTree(ctx context.Context, image string, consumers bool) error {
	clients, err := c.call.Connect(c.call.Observer)
	if err != nil {
		return err
	}
	defer clients.Close()
	node, err := verification.New(clients.Verification()).Tree(ctx, image)
	if err != nil {
		return err
	}
	if consumers {
		c.call.Keep(&Foretold{Image: image, Consumers: node.Consumers()})
	} else {
		c.call.Keep(node)
	}
	return c.print(node, func() string {
		text := verification.TreeText(node)
		if consumers {
			text += "\n" + verification.ConsumersText(node)
		}
		return text
	})
}
