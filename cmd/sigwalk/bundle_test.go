//go:build unix

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"os"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/rogpeppe/go-internal/testscript"
	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/sigwalk/sigwalk/actions/verification/verificationtest"
)

// writeBundles: bundles. It writes an artifact, bundles about it in several forms, and the trust root to verify them with.
func writeBundles(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: bundles")
	}
	d, err := verificationtest.New()
	ts.Check(err)
	artifact := []byte("an artifact\n")
	sum := sha256.Sum256(artifact)
	digest := "sha256:" + hex.EncodeToString(sum[:])
	ts.Setenv("DIGEST", digest)
	subject, err := name.NewDigest("example.com/artifact@" + digest)
	ts.Check(err)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ts.Check(err)
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ts.Check(err)

	alice := verificationtest.Spec{Subject: "alice@example.com", Issuer: "https://idp.example.com"}
	tiles := alice
	tiles.Tiles, tiles.Stamp = true, true
	message := func(spec verificationtest.Spec) *protobundle.Bundle {
		b, err := d.Message(artifact, spec)
		ts.Check(err)
		return b
	}
	good, swapped := message(alice), message(alice)
	swapped.VerificationMaterial.TlogEntries = good.GetVerificationMaterial().GetTlogEntries()
	statement, err := d.Attest(subject, "https://slsa.dev/provenance/v1", alice)
	ts.Check(err)
	for file, b := range map[string]*protobundle.Bundle{
		"message.json": good, "swapped.json": swapped, "statement.json": statement, "tiles.json": message(tiles),
		"old.json": d.AsV1(message(alice)), "key.json": message(verificationtest.Spec{KeyPair: true, Key: key}),
	} {
		content, err := protojson.Marshal(b)
		ts.Check(err)
		ts.Check(os.WriteFile(ts.MkAbs(file), content, 0o600))
	}
	for file, k := range map[string]*ecdsa.PrivateKey{"cosign.pub": key, "other.pub": other} {
		pem, err := cryptoutils.MarshalPublicKeyToPEM(k.Public())
		ts.Check(err)
		ts.Check(os.WriteFile(ts.MkAbs(file), pem, 0o600))
	}
	root, err := d.TrustedRootJSON()
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("root.json"), root, 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("artifact.txt"), artifact, 0o600))
}
