package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/identity"
	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/actions/registry/quay"
)

// pageJSON is the form of `sigwalk page -o json`.
type pageJSON struct {
	URL    string `json:"url"`
	Opened bool   `json:"opened"`
	// Reason is why no browser was opened; empty when one was.
	Reason string `json:"reason"`
}

func (a *app) pageCommand() *cobra.Command {
	var only bool
	cmd := &cobra.Command{
		Use:   "page [IMAGE]",
		Short: "Open the page that a Quay has of an image's repository in your browser",
		Long: `Open the page of tags that a Quay has of an image's repository, IMAGE being that of the lesson unless another is
named, and print its address. Where there is no browser the address is all there is. The badge of a signed image that the page
shows goes by the name of a tag alone: it is no verification.`,
		Example: `  sigwalk page
  sigwalk page --print quay.example.com/l3-students/demo`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usageNext("sigwalk page IMAGE", "one image at a time")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.page(cmd.Context(), args, only) },
	}
	cmd.Flags().BoolVar(&only, "print", false, "print the address and open nothing")
	return printing(cmd, "text", "json")
}

func (a *app) page(ctx context.Context, args []string, only bool) error {
	p, err := a.open(ctx, nil)
	if err != nil {
		return err
	}
	defer p.close()
	image := p.value("IMAGE")
	if len(args) > 0 {
		image = args[0]
	}
	if image == "" {
		return usageNext("sigwalk page IMAGE", "which repository? Neither an image was named, nor is IMAGE set")
	}
	result := pageJSON{Reason: "--print opens none"}
	if result.URL, err = p.page(ctx, image); err != nil {
		return err
	}
	if !only {
		err := identity.OpenBrowser(ctx, result.URL)
		result.Opened, result.Reason = err == nil, ""
		if err != nil {
			result.Reason = err.Error()
		}
	}
	if a.flags.output == "json" {
		a.printJSON(result)
		return nil
	}
	a.say("%s\n", result.URL)
	if !only && !result.Opened {
		a.tell("no browser was opened: %s", result.Reason)
	}
	return nil
}

// page finds the page of an image's repository.
func (p *place) page(ctx context.Context, image string) (string, error) {
	transport, err := p.transport(actions.Discard)
	if err != nil {
		return "", err
	}
	return quay.PageOf(ctx, registry.New(registry.Options{Homes: p.homes, Transport: transport}), transport, image)
}

// page implements tui.Options.Page.
func (g *guide) page(ctx context.Context) (string, error) {
	g.mu.Lock()
	p := g.place
	g.mu.Unlock()
	image := ""
	if p != nil {
		image = p.value("IMAGE")
	}
	if image == "" {
		return "", usageNext("copy an image first", "IMAGE is not set, so that there is no repository to look at")
	}
	return p.page(ctx, image)
}
