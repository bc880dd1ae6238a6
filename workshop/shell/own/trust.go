package own

import (
	"context"
	"fmt"
	"path"

	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/spf13/cobra"

	"github.com/sigwalk/sigwalk/actions/trust"
	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/workshop/shell/builtin"
)

func (c *command) trust() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "trust",
		Short: "Show the trust root: who is believed, and until when",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return c.showTrust(cmd.Context()) },
	}
	var force, forceImport bool
	var trustedRoot, sha256 string
	check := &cobra.Command{
		Use: "check IMAGE", Short: "Say whether the trust root knows what an image's signatures rest on", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.checkTrust(cmd.Context(), args[0], trustedRoot)
		},
	}
	check.Flags().StringVar(&trustedRoot, "trusted-root", "", "the file with the trust root; without it, the one that is in use")
	diff := &cobra.Command{
		Use: "diff A B [IMAGE]", Short: "Compare two trust roots, files or current, and the verdicts on an image under both", Args: cobra.RangeArgs(2, 3),
		RunE: func(cmd *cobra.Command, args []string) error { return c.diffTrust(cmd.Context(), args) },
	}
	export := &cobra.Command{
		Use: "export FILE", Short: "Write the trust root to a file", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return c.exportTrust(cmd.Context(), args[0], force) },
	}
	export.Flags().BoolVar(&force, "force", false, "overwrite the file")
	take := &cobra.Command{
		Use: "import FILE", Short: "Use the trust root of a file, until the next cosign initialize", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.importTrust(cmd.Context(), args[0], sha256, forceImport)
		},
	}
	take.Flags().StringVar(&sha256, "sha256", "", "the checksum that the file must have")
	take.Flags().BoolVar(&forceImport, "force", false, "use it in place of the trust root that is there")
	cmd.AddCommand(check, diff, export, take)
	return cmd
}

// roots is the trust root in use.
func (c *command) roots() (*trust.Client, func(), error) {
	clients, err := c.call.Connect(c.call.Observer)
	if err != nil {
		return nil, nil, err
	}
	return clients.Trust(), clients.Close, nil
}

// trustedRoot reads a trust root in the lesson's directory.
func (c *command) trustedRoot(file string) (*root.TrustedRoot, error) {
	content, err := c.call.Files.ReadFile(c.call.Dir, file)
	if err != nil {
		return nil, err
	}
	return trust.Parse(file, content)
}

func (c *command) showTrust(ctx context.Context) error {
	roots, done, err := c.roots()
	if err != nil {
		return err
	}
	defer done()
	status, err := roots.Status(ctx)
	if err != nil {
		return err
	}
	c.call.Keep(status)
	return c.print(status, func() string {
		text := fmt.Sprintf("trust root of %s\n  initial root sha256 %s\n", status.Remote, status.Checksum)
		if status.Imported != nil {
			text = fmt.Sprintf("trust root imported from %s\n  sha256 %s\n", status.Imported.Source, status.Imported.SHA256)
		}
		if status.Contents != nil {
			text += "\n" + status.Contents.Text()
		}
		return text
	})
}

// Footing is what `sigwalk trust check` found.
type Footing struct {
	Rows []verification.Footing
	// Lacking counts what the trust root does not know.
	Lacking int
}

func (c *command) checkTrust(ctx context.Context, image, file string) error {
	clients, err := c.call.Connect(c.call.Observer)
	if err != nil {
		return err
	}
	defer clients.Close()
	opts := clients.Verification()
	var trusted *root.TrustedRoot
	if file == "" {
		trusted, err = clients.Trust().Material(ctx)
	} else {
		trusted, err = c.trustedRoot(file)
	}
	if err != nil {
		return err
	}
	opts.Material = func(context.Context) (root.TrustedMaterial, error) { return trusted, nil }
	report, err := verification.New(opts).Everything(ctx, image, verification.Policy{})
	if err != nil {
		return err
	}
	found := &Footing{Rows: verification.FootingOf(report, trusted)}
	found.Lacking = verification.Lacking(found.Rows)
	c.call.Keep(found)
	if err := c.print(found.Rows, func() string { return verification.FootingText(found.Rows) }); err != nil {
		return err
	}
	if len(found.Rows) == 0 {
		return report.Verdict()
	}
	return verification.FootingError(found.Rows)
}

// Difference is what `sigwalk trust diff` found.
type Difference struct {
	Changes    []trust.Change            `json:"changes"`
	Signatures []verification.Divergence `json:"signatures,omitempty"`
}

func (c *command) diffTrust(ctx context.Context, args []string) error {
	clients, err := c.call.Connect(c.call.Observer)
	if err != nil {
		return err
	}
	defer clients.Close()
	var roots [2]*root.TrustedRoot
	for i := range roots {
		if args[i] == "current" {
			roots[i], err = clients.Trust().Material(ctx)
		} else {
			roots[i], err = c.trustedRoot(args[i])
		}
		if err != nil {
			return err
		}
	}
	found := &Difference{Changes: trust.Diff(trust.Describe(roots[0]), trust.Describe(roots[1]))}
	if len(args) > 2 {
		var reports [2]*verification.Report
		for i, trusted := range roots {
			opts := clients.Verification()
			opts.Material = func(context.Context) (root.TrustedMaterial, error) { return trusted, nil }
			if reports[i], err = verification.New(opts).List(ctx, args[2]); err != nil {
				return err
			}
		}
		found.Signatures = verification.Diverging(reports[0], reports[1])
	}
	c.call.Keep(found)
	err = c.print(found, func() string {
		text := trust.ChangesText(found.Changes)
		if len(args) > 2 {
			text += verification.DivergenceText(found.Signatures, args[2], args[0], args[1])
		}
		return text
	})
	if err == nil && len(found.Changes) > 0 {
		return builtin.Exit(1)
	}
	return err
}

func (c *command) exportTrust(ctx context.Context, file string, force bool) error {
	host, err := c.newFile(file)
	if err != nil {
		return err
	}
	roots, done, err := c.roots()
	if err != nil {
		return err
	}
	defer done()
	content, err := roots.JSON(ctx)
	if err != nil {
		return err
	}
	written, err := trust.WriteFile(host, content, force)
	if err != nil {
		return err
	}
	written.File = path.Clean(file)
	return c.print(written, func() string {
		return fmt.Sprintf("%s\n  sha256 %s, %d bytes\n", written.File, written.SHA256, written.Bytes)
	})
}

func (c *command) importTrust(ctx context.Context, file, sha256 string, force bool) error {
	content, err := c.call.Files.ReadFile(c.call.Dir, file)
	if err != nil {
		return err
	}
	roots, done, err := c.roots()
	if err != nil {
		return err
	}
	defer done()
	status, err := roots.Import(ctx, trust.ImportRequest{Source: path.Clean(file), Content: content, SHA256: sha256, Replace: force})
	if err != nil {
		return err
	}
	c.call.Keep(status)
	return c.print(status, func() string {
		text := fmt.Sprintf("the trust root of %s is used now\n  sha256 %s\n", path.Clean(file), status.Checksum)
		if sha256 == "" {
			text += "warning: it was taken on trust; ask whoever runs the signing service whether that is its checksum, and give it with --sha256\n"
		}
		return text
	})
}
