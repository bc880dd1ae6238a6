package images

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/spf13/pflag"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/workshop/shell/builtin"
)

// Crane is `crane copy`, `digest`, `manifest` and `ls`.
type Crane struct{}

// Name implements builtin.Builtin.
func (Crane) Name() string { return "crane" }

// Summary implements builtin.Builtin.
func (Crane) Summary() string {
	return "look at images in a registry (crane copy, digest, manifest, ls)"
}

// craneCall is one call of crane.
type craneCall struct {
	*builtin.Call
	platform string
	fullRef  bool
	omit     bool // --omit-digest-tags
	args     []string
}

// Run implements builtin.Builtin.
func (Crane) Run(ctx context.Context, call *builtin.Call) error {
	c := &craneCall{Call: call}
	set := pflag.NewFlagSet("crane", pflag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.StringVar(&c.platform, "platform", "", "OS/ARCHITECTURE; one image of an index")
	set.BoolVar(&c.fullRef, "full-ref", false, "digest: the whole reference")
	set.BoolVarP(&c.omit, "omit-digest-tags", "O", false, "ls: without tags named after digests, such as those of signatures")
	set.BoolP("verbose", "v", false, "changes nothing here")
	help := func() {
		_, _ = fmt.Fprint(call.Stdout, "crane copy SOURCE DESTINATION\ncrane digest IMAGE\ncrane manifest IMAGE\ncrane ls REPOSITORY\n"+set.FlagUsages())
	}
	set.Usage = help
	err := set.Parse(call.Args)
	switch {
	case errors.Is(err, pflag.ErrHelp):
		return nil
	case err != nil:
		return &actions.Error{
			Code: actions.CodeUsage, What: err.Error(),
			Next: "the flags that are built in: crane --help; the real crane has more",
		}
	case set.NArg() == 0:
		help()
		return nil
	}
	verb := set.Arg(0)
	c.args = set.Args()[1:]
	sub := map[string]struct {
		words int
		run   func(context.Context) error
	}{
		"copy": {2, c.copy}, "cp": {2, c.copy}, "digest": {1, c.digest}, "manifest": {1, c.manifest}, "ls": {1, c.list},
	}
	command, ok := sub[verb]
	if !ok {
		return notBuilt("crane "+verb, "crane")
	}
	if len(c.args) != command.words {
		return builtin.Usage("crane %s wants %d argument(s), and got %d", verb, command.words, len(c.args))
	}
	return command.run(ctx)
}

func (c *craneCall) copy(ctx context.Context) error {
	clients, err := c.Connect(likeCrane(c.Call))
	if err != nil {
		return err
	}
	defer clients.Close()
	_, _ = fmt.Fprintf(c.Stderr, "Copying from %s to %s\n", c.args[0], c.args[1])
	result, err := clients.Registry().Copy(ctx, registry.CopyRequest{Source: c.args[0], Destination: c.args[1], Platform: c.platform})
	if err != nil {
		return err
	}
	c.Keep(result)
	_, _ = fmt.Fprintf(c.Stderr, "%s: digest: %s\n", result.Destination, result.Digest)
	return nil
}

func (c *craneCall) digest(ctx context.Context) error {
	return c.get(ctx, func(ref name.Reference, desc *remote.Descriptor) error {
		text := desc.Digest.String()
		if c.fullRef {
			text = ref.Context().Digest(text).String()
		}
		_, err := fmt.Fprintln(c.Stdout, text)
		return err
	})
}

func (c *craneCall) manifest(ctx context.Context) error {
	return c.get(ctx, func(_ name.Reference, desc *remote.Descriptor) error {
		_, err := c.Stdout.Write(desc.Manifest)
		return err
	})
}

// get fetches the manifest that the argument names, or with --platform that of one image of the index.
func (c *craneCall) get(ctx context.Context, use func(name.Reference, *remote.Descriptor) error) error {
	ref, err := registry.Parse(c.args[0])
	if err != nil {
		return err
	}
	clients, err := c.Connect(c.Observer)
	if err != nil {
		return err
	}
	defer clients.Close()
	client := clients.Registry()
	options := client.Remote(ctx)
	desc, err := remote.Get(ref, options...)
	if err != nil {
		return client.Explain(ctx, err, c.args[0])
	}
	if c.platform != "" && desc.MediaType.IsIndex() {
		if desc, err = c.pick(ref, desc, options); err != nil {
			return client.Explain(ctx, err, c.args[0])
		}
	}
	return use(ref, desc)
}

// pick returns the image of an index for the wanted platform.
func (c *craneCall) pick(ref name.Reference, desc *remote.Descriptor, options []remote.Option) (*remote.Descriptor, error) {
	want, err := v1.ParsePlatform(c.platform)
	if err != nil {
		return nil, builtin.Usage("%q is not a platform such as linux/amd64", c.platform)
	}
	index, err := desc.ImageIndex()
	if err != nil {
		return nil, err
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	for _, image := range manifest.Manifests {
		if image.Platform != nil && image.Platform.Satisfies(*want) {
			return remote.Get(ref.Context().Digest(image.Digest.String()), options...)
		}
	}
	return nil, &actions.Error{
		Code: actions.CodeImageNotFound,
		What: fmt.Sprintf("%s has no image for %s", c.args[0], c.platform),
		Next: "crane manifest " + c.args[0] + " | jq '.manifests[].platform' lists those it has",
	}
}

func (c *craneCall) list(ctx context.Context) error {
	clients, err := c.Connect(c.Observer)
	if err != nil {
		return err
	}
	defer clients.Close()
	tags, err := clients.Registry().Tags(ctx, c.args[0])
	if err != nil {
		return err
	}
	for _, tag := range tags {
		if c.omit && len(tag) > 7+64 && tag[:7] == "sha256-" {
			continue
		}
		if c.fullRef {
			tag = c.args[0] + ":" + tag
		}
		if _, err := fmt.Fprintln(c.Stdout, tag); err != nil {
			return err
		}
	}
	return nil
}
