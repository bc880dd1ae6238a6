//go:build unix

package main

import (
	"archive/tar"
	"context"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"strings"

	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/sigstore/cosign/v2/pkg/oci/layout"
	ociremote "github.com/sigstore/cosign/v2/pkg/oci/remote"

	"github.com/sigwalk/sigwalk/actions/verification/verificationtest"
)

// signedimage: starts a registry with an image ($SIGNED) that alice@example.com signed in a tag and as a bundle, saves it with
// cosign's own code in the directory saved and in saved.tar, and writes the trust root to root.json and that of another
// deployment to other.json.
func signedImage(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: signedimage")
	}
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0)), registry.WithReferrersSupport(true)))
	ts.Defer(server.Close)
	ctx := context.Background()
	d, err := verificationtest.New()
	ts.Check(err)
	reference := strings.TrimPrefix(server.URL, "http://") + "/org/app:v1"
	image, err := verificationtest.Image(ctx, reference)
	ts.Check(err)
	alice := verificationtest.Spec{Subject: "alice@example.com", Issuer: "https://idp.example.com"}
	first, err := d.Sign(image, alice)
	ts.Check(err)
	second, err := d.Sign(image, verificationtest.Spec{Subject: "bob@example.com", Issuer: "https://idp.example.com"})
	ts.Check(err)
	ts.Check(verificationtest.Attach(ctx, image, []verificationtest.Layer{first, second}))
	bundle, err := d.Bundle(image, alice)
	ts.Check(err)
	ts.Check(verificationtest.ReferBundle(ctx, image, bundle, "https://sigstore.dev/cosign/sign/v1"))
	ts.Setenv("SIGNED", reference)
	ts.Setenv("SIGNED_DIGEST", image.DigestStr())

	entity, err := ociremote.SignedImage(image)
	ts.Check(err)
	ts.Check(layout.WriteSignedImage(ts.MkAbs("saved"), entity))
	f, err := os.Create(ts.MkAbs("saved.tar"))
	ts.Check(err)
	archive := tar.NewWriter(f)
	ts.Check(archive.AddFS(os.DirFS(ts.MkAbs("saved"))))
	ts.Check(archive.Close())
	ts.Check(f.Close())

	for file, deployment := range map[string]*verificationtest.Deployment{"root.json": d, "other.json": verificationtest.MustNew()} {
		root, err := deployment.TrustedRootJSON()
		ts.Check(err)
		ts.Check(os.WriteFile(ts.MkAbs(file), root, 0o600))
	}
}
