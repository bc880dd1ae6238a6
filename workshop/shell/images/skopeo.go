// Package images is the commands that move and inspect images: skopeo and crane, as far as lessons use them.
package images

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/pflag"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/workshop/shell/builtin"
)

// Skopeo is `skopeo copy` between registries.
type Skopeo struct{}

// Name implements builtin.Builtin.
func (Skopeo) Name() string { return "skopeo" }

// Summary implements builtin.Builtin.
func (Skopeo) Summary() string { return "copy an image between registries (skopeo copy)" }

// Run implements builtin.Builtin.
func (Skopeo) Run(ctx context.Context, call *builtin.Call) error {
	args := call.Args
	// Global flags that change nothing here may stand before the sub-command.
	for len(args) > 0 && (args[0] == "--insecure-policy" || args[0] == "--debug") {
		args = args[1:]
	}
	switch {
	case len(args) == 0 || args[0] == "--help" || args[0] == "-h" || args[0] == "help":
		_, err := io.WriteString(call.Stdout, "skopeo copy [--all] [--src-creds USER:PASSWORD] [--dest-creds USER:PASSWORD] docker://SOURCE docker://DESTINATION\n")
		return err
	case args[0] == "--version" || args[0] == "-v":
		_, err := io.WriteString(call.Stdout, "skopeo copy, as built into sigwalk\n")
		return err
	case args[0] != "copy":
		return notBuilt("skopeo "+args[0], "skopeo")
	}
	o, err := parseCopy(call, args[1:])
	if errors.Is(err, pflag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	return o.copy(ctx, call)
}

// skopeoCopy is the command line of `skopeo copy`.
type skopeoCopy struct {
	request    registry.CopyRequest
	quiet      bool
	digestFile string
}

func parseCopy(call *builtin.Call, args []string) (*skopeoCopy, error) {
	o := &skopeoCopy{}
	set := pflag.NewFlagSet("skopeo copy", pflag.ContinueOnError)
	set.SetOutput(io.Discard)
	all := set.BoolP("all", "a", false, "copy all images of an index")
	multi := set.String("multi-arch", "", "system, all or index-only")
	set.BoolVarP(&o.quiet, "quiet", "q", false, "print nothing but errors")
	set.StringVar(&o.digestFile, "digestfile", "", "write the digest to FILE")
	set.Bool("preserve-digests", false, "always done")
	set.String("retry-times", "", "calls that were cut off are always tried again")
	authFile := set.String("authfile", "", "file with credentials")
	creds := map[string]*string{}
	files := map[string]*string{}
	verify := map[string]*bool{}
	for _, side := range []string{"src", "dest"} {
		creds[side] = set.String(side+"-creds", "", "USER:PASSWORD")
		files[side] = set.String(side+"-authfile", "", "file with credentials")
		verify[side] = set.Bool(side+"-tls-verify", true, "false only for this machine")
		set.Bool(side+"-no-creds", false, "log in as nobody")
	}
	set.Usage = func() { _, _ = fmt.Fprint(call.Stdout, "skopeo copy\n"+set.FlagUsages()) }
	if err := set.Parse(args); err != nil {
		if errors.Is(err, pflag.ErrHelp) {
			return nil, err
		}
		return nil, &actions.Error{
			Code: actions.CodeUsage, What: err.Error(),
			Next: "the flags that are built in: skopeo copy --help; the real skopeo has more",
		}
	}
	if set.NArg() != 2 {
		return nil, builtin.Usage("skopeo copy wants a source and a destination, and got %d words", set.NArg())
	}
	var err error
	if o.request.Source, err = reference(set.Arg(0)); err != nil {
		return nil, err
	}
	if o.request.Destination, err = reference(set.Arg(1)); err != nil {
		return nil, err
	}
	for side, image := range map[string]string{"src": o.request.Source, "dest": o.request.Destination} {
		if err := plainOnlyHere(side, *verify[side], image); err != nil {
			return nil, err
		}
	}
	none := func(side string) bool { no, _ := set.GetBool(side + "-no-creds"); return no }
	if o.request.SourceLogin, err = login(call, *creds["src"], cmp.Or(*files["src"], *authFile), none("src"), o.request.Source); err != nil {
		return nil, err
	}
	if o.request.DestinationLogin, err = login(call, *creds["dest"], cmp.Or(*files["dest"], *authFile), none("dest"), o.request.Destination); err != nil {
		return nil, err
	}
	switch {
	case *all || *multi == "all":
	case *multi == "" || *multi == "system":
		o.request.Platform = system()
	default:
		return nil, notBuilt("skopeo copy --multi-arch "+*multi, "skopeo")
	}
	return o, nil
}

// reference takes the docker:// off an image's name; other transports are files of the machine.
func reference(text string) (string, error) {
	if name, ok := strings.CutPrefix(text, "docker://"); ok {
		return name, nil
	}
	return "", &actions.Error{
		Code: actions.CodeUsage,
		What: fmt.Sprintf("%s is not an image in a registry", text),
		Why:  "of skopeo's transports only docker:// is built in",
		Next: "write docker://HOST/REPOSITORY:TAG, or run the real skopeo in a terminal of your own",
	}
}

// plainOnlyHere refuses to do without TLS anywhere but on this machine.
func plainOnlyHere(side string, verify bool, image string) error {
	if verify {
		return nil
	}
	ref, err := registry.Parse(image)
	if err != nil {
		return err
	}
	if onThisMachine(ref.Context().RegistryStr()) {
		return nil
	}
	return &actions.Error{
		Code: actions.CodeUsage,
		What: fmt.Sprintf("--%s-tls-verify=false is taken for registries on this machine only", side),
		Why:  fmt.Sprintf("without it nobody knows whether %s is %s, and the password goes there", image, ref.Context().RegistryStr()),
		Next: "leave the flag out, and trust the registry's certificate authority with SIGWALK_CA_FILE (or --ca-file) if it is a private one",
	}
}

func (o *skopeoCopy) copy(ctx context.Context, call *builtin.Call) error {
	out := call.Stdout
	if o.quiet {
		out = io.Discard
	}
	tells := likeSkopeo(call, out)
	clients, err := call.Connect(tells)
	if err != nil {
		return err
	}
	defer clients.Close()
	result, err := clients.Registry().Copy(ctx, o.request)
	if err != nil {
		return err
	}
	call.Keep(result)
	if o.digestFile != "" {
		return call.Files.WriteFile(call.Dir, o.digestFile, []byte(result.Digest.String()), 0o644)
	}
	return nil
}

// notBuilt says that something of a real tool is not here.
func notBuilt(what, tool string) error {
	return &actions.Error{
		Code: actions.CodeUsage,
		What: what + " is not built into the workshop shell",
		Next: "run the real " + tool + " in a terminal of your own, or by its whole path in a sigwalk that was started with --allow-host",
	}
}
