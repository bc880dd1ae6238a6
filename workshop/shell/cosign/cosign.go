// Package cosign is the command cosign of the workshop shell. It reads its command line with cosign's own option types, so
// that flags, defaults and environment variables mean what they mean to cosign 2.6.5, does the work with our actions, and
// prints the lines that cosign prints. What is not built in says so and names the real command line.
package cosign

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/sigstore/cosign/v2/cmd/cosign/cli/options"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/workshop/shell/builtin"
)

// Command is the built-in.
type Command struct{}

// Name implements builtin.Builtin.
func (Command) Name() string { return "cosign" }

// Summary implements builtin.Builtin.
func (Command) Summary() string { return "sign images, verify them, and see what hangs off them" }

// Run implements builtin.Builtin.
func (Command) Run(ctx context.Context, call *builtin.Call) error {
	s := &session{call: call, stdout: call.Stdout}
	s.narrator = newNarrator(call)
	call.Args = s.tidy(call.Args)
	cmd, err := s.root().ExecuteContextC(ctx)
	if closeErr := s.closeOutput(); err == nil {
		err = closeErr
	}
	var exit builtin.Exit
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &exit):
		return exit
	}
	call.Failed(err)
	_, _ = io.WriteString(call.Stderr, builtin.Describe("Error: ", err))
	return builtin.Exit(code(cmd.Name(), err))
}

// code is cosign's exit code: four failures of verify have one of their own. All others have 1: wrong usage, and an image
// that another sub-command does not find.
func code(command string, err error) uint8 {
	if c := builtin.Code(err); command == "verify" && c >= 10 && c <= 13 {
		return c
	}
	return 1
}

// session is one call of cosign.
type session struct {
	call     *builtin.Call
	narrator *narrator
	ro       options.RootOptions
	stdout   io.Writer
	closers  []io.Closer
}

func (s *session) root() *cobra.Command {
	cmd := &cobra.Command{
		Use:           "cosign",
		Short:         "Sign and verify container images, as built into the workshop shell",
		SilenceUsage:  true,
		SilenceErrors: true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			bind(cmd, s.call)
			return s.openOutput()
		},
	}
	cmd.CompletionOptions.DisableDefaultCmd = true
	cmd.SetArgs(s.call.Args)
	cmd.SetIn(s.call.Stdin)
	cmd.SetOut(s.call.Stdout)
	cmd.SetErr(s.call.Stderr)
	s.ro.AddFlags(cmd)
	cmd.AddCommand(
		s.generateKeyPair(), s.importKeyPair(), s.publicKey(),
		s.attach(), s.attest(), s.clean(), s.copyImage(), s.download(), s.triangulate(),
		s.initialize(), s.login(), s.sign(), s.tree(), s.verify(), s.verifyAttestation(), s.version(),
	)
	for _, name := range unbuilt() {
		cmd.AddCommand(s.unbuilt(name))
	}
	cmd.SetGlobalNormalizationFunc(normalize)
	return cmd
}

// normalize takes cosign's short spellings of its certificate flags.
func normalize(_ *pflag.FlagSet, name string) pflag.NormalizedName {
	switch name {
	case "cert", "cert-email", "cert-chain", "cert-oidc-issuer", "cert-identity":
		name = "certificate" + strings.TrimPrefix(name, "cert")
	case "output-cert":
		name = "output-certificate"
	}
	return pflag.NormalizedName(name)
}

// tidy corrects flags with the wrong number of dashes, as cosign does: -output becomes --output and --o becomes -o.
func (s *session) tidy(args []string) []string {
	tidy := make([]string, len(args))
	for i, arg := range args {
		tidy[i] = arg
		dashes := len(arg) - len(strings.TrimLeft(arg, "-"))
		switch {
		case dashes == 2 && len(arg) == 3:
			tidy[i] = arg[1:]
		case dashes == 1 && arg == "-version":
			tidy[i] = "version"
		case dashes == 1 && len(arg) > 2:
			tidy[i] = "-" + arg
		default:
			continue
		}
		s.warn("%s is an old spelling that cosign is going to drop; write %s.", visible(arg), visible(tidy[i]))
	}
	return tidy
}

// visible is a flag without a value that may be stuck to it.
func visible(flag string) string {
	name, _, _ := strings.Cut(flag, "=")
	return name
}

// openOutput sends what goes to standard output to the file of --output-file.
func (s *session) openOutput() error {
	if s.ro.OutputFile == "" {
		return nil
	}
	file, err := s.call.Files.Create(s.call.Dir, s.ro.OutputFile, 0o666)
	if err != nil {
		return fmt.Errorf("error creating output file %s: %w", s.ro.OutputFile, err)
	}
	s.closers = append(s.closers, file)
	s.stdout = file
	return nil
}

func (s *session) closeOutput() error {
	var err error
	for _, c := range s.closers {
		err = errors.Join(err, c.Close())
	}
	return err
}

// timeout is the context of a sub-command, limited by --timeout.
func (s *session) timeout(cmd *cobra.Command) (context.Context, context.CancelFunc) {
	return context.WithTimeout(cmd.Context(), s.ro.Timeout)
}

// late turns the end of --timeout into an error that says so.
func (s *session) late(ctx context.Context, err error) error {
	if err == nil || !errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
		return err
	}
	return &actions.Error{
		Code: actions.CodeUnreachable,
		What: fmt.Sprintf("not done within %s", s.ro.Timeout),
		Why:  err.Error(),
		Next: "see which service is slow, or give more time with --timeout",
		Err:  err,
	}
}

func (s *session) info(format string, args ...any) {
	_, _ = fmt.Fprintf(s.call.Stderr, format+"\n", args...)
}

func (s *session) warn(format string, args ...any) { s.info("WARNING: "+format, args...) }
