// Program pull copies an image from a registry to a directory where a policy allows it, as `skopeo copy` and podman do: with
// the library that both are made of. Skopeo's own module cannot be had from the Go module proxy, and the packages of
// distributions are years older than what verifies signatures without a key.
//
//	pull --policy FILE --registries.d DIR [--arch ARCH] docker://IMAGE DIR
//
// It exits with 0 where the image was copied, and with 1 and the library's reason where it was not.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"go.podman.io/image/v5/copy"
	"go.podman.io/image/v5/directory"
	"go.podman.io/image/v5/docker"
	"go.podman.io/image/v5/signature"
	"go.podman.io/image/v5/types"
)

func main() {
	policy := flag.String("policy", "", "file with the policy (containers-policy.json)")
	registries := flag.String("registries.d", "", "directory that says where signatures are (containers-registries.d)")
	arch := flag.String("arch", "", "architecture of the image that is taken from an index; this machine's by default")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := pull(ctx, *policy, flag.Args(), &types.SystemContext{
		RegistriesDirPath:           *registries,
		ArchitectureChoice:          *arch,
		DockerInsecureSkipTLSVerify: types.OptionalBoolTrue,
	}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func pull(ctx context.Context, policyFile string, args []string, system *types.SystemContext) error {
	const scheme = "docker:"
	if len(args) != 2 || len(args[0]) <= len(scheme) || args[0][:len(scheme)] != scheme {
		return fmt.Errorf("usage: pull --policy FILE --registries.d DIR docker://IMAGE DIR")
	}
	source, err := docker.ParseReference(args[0][len(scheme):])
	if err != nil {
		return err
	}
	destination, err := directory.NewReference(args[1])
	if err != nil {
		return err
	}
	policy, err := signature.NewPolicyFromFile(policyFile)
	if err != nil {
		return err
	}
	allowed, err := signature.NewPolicyContext(policy)
	if err != nil {
		return err
	}
	defer func() { _ = allowed.Destroy() }()
	_, err = copy.Image(ctx, allowed, destination, source, &copy.Options{
		SourceCtx: system, ReportWriter: io.Discard, RemoveSignatures: true,
	})
	return err
}
