package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/spf13/cobra"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/printable"
	"github.com/sigwalk/sigwalk/actions/trust"
)

func (a *app) trustCommand() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "trust",
		Short: "Show the trust root: who is believed, until when, and what TUF delivered",
		Long: `Show the trust root of the state directory (or of the file that --trusted-root names): the mirror, version and expiry of
each TUF role, the checksum; the certificate authorities, logs and timestamp authorities with their validity; and a warning
for what ends soon.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.showTrust(cmd.Context(), file) },
	}
	cmd.Flags().StringVar(&file, "trusted-root", "", "`FILE` with a trust root to show in place of the state directory's")
	cmd.AddCommand(a.trustCheckCommand(), a.trustDiffCommand(), a.trustExportCommand(), a.trustImportCommand())
	return printing(cmd, "text", "json")
}

// openTrust finds the trust root of the state directory. It starts no sandbox: to tell what is trusted nothing has to run.
func (a *app) openTrust(ctx context.Context) (*place, *trust.Client, error) {
	p, err := a.openAsItIs(ctx)
	if err != nil {
		return nil, nil, err
	}
	roots, err := p.roots(actions.Discard)
	if err != nil {
		p.close()
		return nil, nil, err
	}
	return p, roots, nil
}

// trustJSON is the form of `sigwalk trust -o json`. Fields are added, never renamed or removed.
type trustJSON struct {
	File      string              `json:"file,omitempty"`      // with --trusted-root
	Directory string              `json:"directory,omitempty"` // of the cache
	Mirror    string              `json:"mirror,omitempty"`
	Imported  *trust.Imported     `json:"imported,omitempty"`
	Root      *rootJSON           `json:"initialRoot,omitempty"`
	Roles     map[string]roleJSON `json:"roles,omitempty"`
	Targets   []string            `json:"targets,omitempty"`
	Contents  *trust.Contents     `json:"contents"`
	Warnings  []trust.Warning     `json:"warnings"` // never null
}

// rootJSON is where TUF's chain of trust began.
type rootJSON struct {
	SHA256 string `json:"sha256"`
	Pinned bool   `json:"pinned"` // the person had given the checksum
}

type roleJSON struct {
	Version int64     `json:"version"`
	Bytes   int64     `json:"bytes"`
	Expires time.Time `json:"expires"`
}

func (a *app) showTrust(ctx context.Context, file string) error {
	now := time.Now()
	out := trustJSON{File: file}
	if file != "" {
		trusted, err := trust.ReadFile(file)
		if err != nil {
			return err
		}
		out.Contents = trust.Describe(trusted)
		out.Warnings = out.Contents.Warnings(now)
		return a.printTrust(out, now)
	}
	p, roots, err := a.openTrust(ctx)
	if err != nil {
		return err
	}
	defer p.close()
	status, err := roots.Status(ctx)
	if err != nil {
		return err
	}
	out.Directory, out.Mirror, out.Targets, out.Imported = status.Local, status.Remote, status.Targets, status.Imported
	out.Contents, out.Warnings = status.Contents, status.Warnings(now)
	if status.Imported == nil {
		out.Root = &rootJSON{status.Checksum, status.Pinned}
	}
	out.Roles = map[string]roleJSON{}
	for name, role := range status.Roles {
		out.Roles[name] = roleJSON{role.Version, role.Length, role.Expires.UTC()}
	}
	return a.printTrust(out, now)
}

func (a *app) printTrust(t trustJSON, now time.Time) error {
	if t.Warnings == nil {
		t.Warnings = []trust.Warning{}
	}
	if a.flags.output == "json" {
		a.printJSON(t)
		return nil
	}
	switch {
	case t.File != "":
		a.say("trust root in %s\n", t.File)
	case t.Imported != nil:
		a.say("trust root imported from %s at %s\n  kept in %s\n  sha256 %s\n", t.Imported.Source, t.Imported.At.Format(time.RFC3339), t.Directory, t.Imported.SHA256)
	default:
		a.say("trust root of %s\n  kept in %s\n  initial root sha256 %s", t.Mirror, t.Directory, t.Root.SHA256)
		if t.Root.Pinned {
			a.say(" (pinned: its checksum was given beforehand)\n")
		} else {
			a.say(" (trusted at first sight)\n")
		}
		for _, name := range []string{"root.json", "targets.json", "snapshot.json", "timestamp.json"} {
			if role, ok := t.Roles[name]; ok {
				a.say("  %-14s  version %-4d  expires %s (%s)\n", name, role.Version, role.Expires.Format("2006-01-02 15:04"), fromNow(role.Expires, now))
			}
		}
	}
	if t.Contents != nil {
		a.say("\n%s", t.Contents.Text())
	}
	for _, w := range t.Warnings {
		word := "ends"
		switch {
		case w.Part == trust.PartImported:
			word = "is due again since"
		case w.Past:
			word = "ended"
		}
		a.say("\n! %s %s %s %s (%s): %s\n  next: %s\n", w.Part, printable.Line(w.Name, ' '), word, w.At.UTC().Format("2006-01-02 15:04"), fromNow(w.At, now), w.Means, w.Next)
	}
	return nil
}

func fromNow(at, now time.Time) string {
	const daysFrom = 48 * time.Hour
	left := at.Sub(now)
	switch {
	case left < 0 && left > -daysFrom:
		return fmt.Sprintf("%d hours ago", int(-left.Hours()))
	case left < 0:
		return fmt.Sprintf("%d days ago", int(-left.Hours()/24))
	case left < daysFrom:
		return fmt.Sprintf("in %d hours", int(left.Hours()))
	}
	return fmt.Sprintf("in %d days", int(left.Hours()/24))
}

func (a *app) trustExportCommand() *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use:   "export FILE",
		Short: "Write the trust root to a file, for --trusted-root and sigwalk trust import elsewhere",
		Long: `Write trusted_root.json as TUF delivered it, fetched anew when its metadata has expired. cosign takes it with --trusted-root.
Say its sha256 to whoever will use it by another way than the file.`,
		Args: oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			p, roots, err := a.openTrust(cmd.Context())
			if err != nil {
				return err
			}
			defer p.close()
			content, err := roots.JSON(cmd.Context())
			if err != nil {
				return err
			}
			written, err := trust.WriteFile(args[0], content, force)
			if err != nil {
				return err
			}
			if a.flags.output == "json" {
				a.printJSON(written)
				return nil
			}
			a.say("%s\n  sha256 %s, %d bytes\n", written.File, written.SHA256, written.Bytes)
			return nil
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "overwrite FILE")
	return printing(cmd, "text", "json")
}

func (a *app) trustImportCommand() *cobra.Command {
	var pin string
	var force bool
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Use the trust root of a file, where no TUF mirror can be reached",
		Long: `Use trusted_root.json from a file for everything in this state directory, until the next cosign initialize. Nothing says by
itself that the file is the right one: give --sha256 with the checksum that whoever runs the signing service told you. The
real cosign does not see it and takes the file with --trusted-root.`,
		Args: oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.importTrust(cmd.Context(), args[0], pin, force)
		},
	}
	cmd.Flags().StringVar(&pin, "sha256", "", "the checksum that the file must have, in `HEX`")
	cmd.Flags().BoolVar(&force, "force", false, "use it in place of the trust root that is there")
	return cmd
}

func (a *app) importTrust(ctx context.Context, file, pin string, force bool) error {
	if _, err := trust.ReadFile(file); err != nil {
		return err
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return usage("%s: %v", file, errors.Unwrap(err))
	}
	dir, err := a.dir()
	if err != nil {
		return err
	}
	p, roots, err := a.openTrust(ctx)
	if err != nil {
		return err
	}
	defer p.close()
	source, err := filepath.Abs(file)
	if err != nil {
		source = file
	}
	status, err := roots.Import(ctx, trust.ImportRequest{Source: source, Content: content, SHA256: pin, Replace: force})
	if err != nil {
		return err
	}
	a.say("the trust root of %s is used in %s now\n  sha256 %s\n", file, dir, status.Checksum)
	if pin == "" {
		a.tell("warning: it was taken on trust; ask whoever runs the signing service whether that is its checksum, and give it with --sha256")
	}
	return nil
}

// oneFile wants the name of one file.
func oneFile(cmd *cobra.Command, args []string) error {
	if len(args) == 1 && args[0] != "" {
		return nil
	}
	return usageNext(seeHelp(cmd), "%s wants one FILE, and got %d", cmd.CommandPath(), len(args))
}

// rootNamed reads a trust root by its name on the command line: "current" for the state directory's, or a file.
func (a *app) rootNamed(ctx context.Context, name string) (*root.TrustedRoot, error) {
	if name != "current" {
		return trust.ReadFile(name)
	}
	p, roots, err := a.openTrust(ctx)
	if err != nil {
		return nil, err
	}
	defer p.close()
	return roots.Material(ctx)
}

// trust implements tui.Options.Trust.
func (g *guide) trust(ctx context.Context) (*trust.Status, error) {
	g.mu.Lock()
	p := g.place
	g.mu.Unlock()
	if p == nil {
		return nil, &actions.Error{Code: actions.CodeNoTrustRoot, What: "no lesson is open yet", Next: "open one first"}
	}
	roots, err := p.roots(actions.Discard)
	if err != nil {
		return nil, err
	}
	return roots.Status(ctx)
}
