package own

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/actions/registry/quay"
)

func (c *command) tags() *cobra.Command {
	return &cobra.Command{
		Use:   "tags IMAGE",
		Short: "Show the tags of an image's repository as Quay's page does, with the badge of a signed image, and what it goes by",
		Args:  cobra.ExactArgs(1),
		RunE:  func(cmd *cobra.Command, args []string) error { return c.showTags(cmd.Context(), args[0]) },
	}
}

// Page is what Quay's page of tags shows of a repository.
type Page struct {
	URL  string       `json:"url"`
	Rows []quay.Shown `json:"tags"`
	// Badges counts the rows with a badge.
	Badges int `json:"badges"`
}

func (c *command) showTags(ctx context.Context, image string) error {
	ref, err := registry.Parse(image)
	if err != nil {
		return err
	}
	clients, err := c.call.Connect(c.call.Observer)
	if err != nil {
		return err
	}
	defer clients.Close()
	repository := ref.Context()
	// The token is the Quay's that QUAY names, and is shown to no other.
	token := actions.Secret{}
	if repository.RegistryStr() == c.call.Getenv("QUAY") {
		token = actions.NewSecret(c.call.Getenv("QUAY_TOKEN"))
	}
	client, err := quay.New(ctx, quay.Options{
		Registry: clients.Registry(), Host: repository.RegistryStr(), Token: token, Transport: clients.Transport,
	})
	if err != nil {
		return err
	}
	tags, err := client.Tags(ctx, repository.RepositoryStr())
	if err != nil {
		return err
	}
	page := &Page{URL: client.PageURL(repository.RepositoryStr()), Rows: quay.Show(tags)}
	for _, row := range page.Rows {
		if row.Badge {
			page.Badges++
		}
	}
	c.call.Keep(page)
	return c.print(page, page.Text)
}

// Text is the page for people.
func (p *Page) Text() string {
	const shown = len("sha256:") + 12
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", p.URL)
	w := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "Badge\tTag\tDigest\tBecause of")
	for _, row := range p.Rows {
		badge, because := "-", "-"
		if row.Badge {
			badge, because = "signed", row.SignatureTag
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", badge, row.Name, row.Digest[:min(shown, len(row.Digest))], because)
	}
	_ = w.Flush() // into memory
	return b.String()
}
