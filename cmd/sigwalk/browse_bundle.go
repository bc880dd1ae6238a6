package main

import (
	"cmp"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sigwalk/sigwalk/actions/filetype"
	"github.com/sigwalk/sigwalk/actions/layout"
	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/tui"
	"github.com/sigwalk/sigwalk/tui/browse"
)

// onDisk says whether what browse was asked for is a file: the name of one, and no reference to an image on the disk. An
// archive and the directory of an OCI layout become such a reference.
func onDisk(text string) (reference string, file bool) {
	if layout.IsReference(text) {
		return text, false
	}
	f, err := os.Open(text)
	if err != nil {
		return text, false
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	switch {
	case err != nil:
		return text, false
	case info.IsDir():
		if _, err := os.Stat(filepath.Join(text, "oci-layout")); err == nil {
			return layout.Directory + ":" + text, false
		}
		return text, false
	case isArchive(f):
		return layout.Archive + ":" + text, false
	}
	return text, true
}

// imageAt is the image that a command was asked for: what it was given, or for the name of an archive that is there a reference to it.
// A file that is known to be something else is no image.
func imageAt(text string) (string, error) {
	image, file := onDisk(text)
	if missing(image) && !file {
		return "", noFile(image)
	}
	if !file {
		return image, readable(image)
	}
	content, err := readBundleFile(text)
	if err != nil {
		return image, nil //nolint:nilerr // too large for anything that is known: an image may have that name
	}
	switch t := filetype.Of(content); {
	case t == filetype.Bundle:
		return "", usageNext("a bundle is judged by sigwalk verify --bundle "+text+" --artifact FILE, and shown by sigwalk browse "+text, "%s is a file and no image", text)
	case t.Known(), strings.HasSuffix(text, ".json"):
		return "", usageNext(cmp.Or(t.Use, "name an image")+"; an image of that name is written with its tag, as "+text+":latest", "%s is a file and no image: %s", text, t.Is)
	}
	return image, nil
}

// readable fails for what is no reference, before a sandbox is started to look for it.
func readable(image string) error {
	if layout.IsReference(image) {
		return nil
	}
	_, err := registry.Parse(image)
	return err
}

// missing reports whether a name is that of a file which is not there: no image is called so, and it would be looked for in a registry.
func missing(image string) bool {
	return strings.HasSuffix(image, ".json") && !layout.IsReference(image)
}

func noFile(name string) error {
	return usageNext("check the path; an image of that name is written with its tag, as "+name+":latest", "there is no file %s", name)
}

// isArchive reports whether a file begins as a tar or gzip does.
func isArchive(f io.Reader) bool {
	head := make([]byte, 262)
	n, _ := io.ReadFull(f, head)
	head = head[:n]
	return len(head) > 1 && head[0] == 0x1f && head[1] == 0x8b || n == len(head) && n == 262 && string(head[257:]) == "ustar"
}

// browseBundle shows a Sigstore bundle that stands alone.
func (a *app) browseBundle(cmd *cobra.Command, file, about string, whose verification.Policy, material materialFlags) error {
	req := verification.BundleRequest{Name: file}
	if _, err := readBundleFile(file); err != nil {
		return err
	}
	var err error
	if about != "" {
		if req.Open, req.Digest, err = artifact(about); err != nil {
			return err
		}
	}
	completed := &whose
	if anybody(whose) {
		completed = &verification.Policy{}
	}
	verifier, done, err := a.bundleVerifier(cmd, material, completed)
	if err != nil {
		return err
	}
	defer done()
	if !anybody(whose) {
		if err := whose.Validate(); err != nil {
			return err
		}
	}
	dir, err := a.dir()
	if err != nil {
		return err
	}
	terminal, err := a.terminal(dir)
	if err != nil {
		return err
	}
	if terminal.Dir, err = os.Getwd(); err != nil {
		terminal.Dir = "" // nowhere to export to
	}
	return tui.Browse(cmd.Context(), terminal, browse.Options{
		Image: file, Policy: whose,
		Report: func(ctx context.Context, policy verification.Policy) (*verification.Report, error) {
			asked := req
			asked.Policy = policy
			var err error
			if asked.Content, err = readBundleFile(file); err != nil {
				return nil, err
			}
			report, err := verifier.ShowBundle(ctx, asked)
			if err != nil {
				return nil, err
			}
			return report.Report(), nil
		},
	})
}
