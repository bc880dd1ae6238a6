package cosign

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sigstore/cosign/v2/cmd/cosign/cli/options"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/workshop/environment"
	"github.com/sigwalk/sigwalk/workshop/shell/builtin"
)

// bind gives flags that are not on the command line the values of their variables: COSIGN_<FLAG>, as cosign does with
// viper, and for the endpoints what the environment knows under other names. login is crane's command inside cosign and
// binds nothing.
func bind(cmd *cobra.Command, call *builtin.Call) {
	if cmd.Name() == "login" {
		return
	}
	endpoints := call.Environment.Endpoints()
	others := map[string]string{
		"fulcio-url": endpoints.Fulcio, "rekor-url": endpoints.Rekor,
		"mirror": endpoints.TUFMirror, "root": endpoints.TUFRoot, "root-checksum": endpoints.TUFRootChecksum,
		"oidc-issuer": endpoints.OIDCIssuer, "oidc-client-id": endpoints.OIDCClientID,
		"timestamp-server-url": endpoints.Timestamp,
	}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Changed {
			return
		}
		value := call.Getenv(variableOf(f.Name))
		if value == "" {
			value = others[f.Name]
		}
		if value != "" {
			// As in cosign, a value that the flag cannot take is left out.
			_ = cmd.Flags().Set(f.Name, value)
		}
	})
}

func variableOf(flag string) string {
	return options.EnvPrefix + "_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// only refuses flags that have been given a meaning that is not built in. A flag with its default value means nothing.
func (s *session) only(cmd *cobra.Command, built ...string) error {
	var refused *pflag.Flag
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		common := f.Name == "output-file" || f.Name == "verbose" || f.Name == "timeout" || f.Name == "help"
		if refused == nil && !common && f.Value.String() != f.DefValue && !slices.Contains(built, f.Name) {
			refused = f
		}
	})
	if refused != nil {
		what := "--" + refused.Name
		if from, ok := s.call.Environment.Get(variableOf(refused.Name)); ok && from.Value != "" && !s.typed(refused) {
			what += " (set by " + from.Name + ")"
		}
		return s.notBuilt(cmd.CommandPath() + " " + what)
	}
	return nil
}

// beside refuses to work on what is attached where that is in another repository than the image.
func (s *session) beside(cmd *cobra.Command) error {
	if s.call.Getenv("COSIGN_REPOSITORY") != "" {
		return s.notBuilt(cmd.CommandPath() + " with COSIGN_REPOSITORY, which keeps signatures in another repository,")
	}
	return nil
}

// publicMirror is where cosign fetches the trust root of the public deployment.
const publicMirror = "https://tuf-repo-cdn.sigstore.dev"

// together refuses the default of flags that name a service, which is the public one, beside the trust root of another
// deployment: the token would go to strangers, and nobody here could verify what came of it. (The variables for cosign 3
// name no services; it finds them in the trust root.)
func (s *session) together(cmd *cobra.Command, flags ...string) error {
	mirror := s.call.Environment.Endpoints().TUFMirror
	if mirror == "" || strings.TrimRight(mirror, "/") == publicMirror {
		return nil
	}
	for _, name := range flags {
		if f := cmd.Flags().Lookup(name); f != nil && !f.Changed {
			return &actions.Error{
				Code: actions.CodeUsage,
				What: fmt.Sprintf("--%s is not given, and its default is the public %s", name, f.DefValue),
				Why:  "the trust root comes from " + mirror + " (COSIGN_MIRROR), another deployment",
				Next: fmt.Sprintf("export %s with the address of the same deployment (`sigwalk sandbox env` prints the sandbox's), or give --%s", variableOf(name), name),
			}
		}
	}
	return nil
}

// typed reports whether flag is on the command line itself.
func (s *session) typed(flag *pflag.Flag) bool {
	return slices.ContainsFunc(s.call.Args, func(arg string) bool {
		name, _, _ := strings.Cut(arg, "=")
		return name == "--"+flag.Name || flag.Shorthand != "" && name == "-"+flag.Shorthand
	})
}

// notBuilt says that something of cosign's is not here, with the command line that has it.
func (s *session) notBuilt(what string) error {
	return &actions.Error{
		Code: actions.CodeNotBuiltIn,
		What: what + " is not built into the workshop shell",
		Next: "the real command, in a terminal that has cosign (`sigwalk env` prints the variables for it): " + s.commandLine(),
	}
}

// commandLine is the command line as a person would type it, without its secrets.
func (s *session) commandLine() string {
	words := []string{"cosign"}
	hide := false
	for _, arg := range s.call.Args {
		name, value, joined := strings.Cut(arg, "=")
		switch {
		case hide:
			words, hide = append(words, "..."), false
		case secretFlag(name) && joined:
			words = append(words, name+"=...")
		case strings.HasPrefix(arg, "-p") && !strings.HasPrefix(arg, "--") && len(arg) > 2:
			words = append(words, "-p ...")
		case joined && strings.HasPrefix(name, "-"):
			words = append(words, name+"="+quote(value))
		default:
			words = append(words, quote(arg))
			hide = secretFlag(arg)
		}
	}
	return strings.Join(words, " ")
}

func secretFlag(name string) bool {
	switch name {
	case "-p", "--password", "--identity-token", "--registry-password", "--registry-token":
		return true
	}
	return false
}

// quote quotes word for a shell where that is needed.
func quote(word string) string {
	plain := func(r rune) bool {
		return !strings.ContainsRune("-_./:@=,+%", r) && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}
	if word != "" && !strings.ContainsFunc(word, plain) {
		return word
	}
	return environment.Quote(word)
}

// annotations reads -a.
func annotations(o options.AnnotationOptions) (map[string]string, error) {
	parsed, err := o.AnnotationsMap()
	if err != nil {
		return nil, err
	}
	var out map[string]string
	for k, v := range parsed.Annotations {
		if out == nil {
			out = make(map[string]string)
		}
		out[k] = fmt.Sprint(v)
	}
	return out, nil
}

// unbuilt lists the sub-commands of cosign 2.6.5 that are not here.
func unbuilt() []string {
	return []string{
		"attest-blob", "bundle", "debug", "dockerfile", "env", "generate",
		"load", "manifest", "piv-tool", "pkcs11-tool", "save",
		"sign-blob", "signing-config", "trusted-root", "upload", "verify-blob",
		"verify-blob-attestation",
	}
}

// unbuilt is a sub-command that says that it is not here.
func (s *session) unbuilt(name string) *cobra.Command {
	return &cobra.Command{
		Use: name, Hidden: true,
		DisableFlagParsing: true,
		RunE:               func(*cobra.Command, []string) error { return s.notBuilt("cosign " + name) },
	}
}
