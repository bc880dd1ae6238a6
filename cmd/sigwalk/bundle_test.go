//go:build unix

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"

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
	digest, err := bundlesIn(ts.MkAbs("."))
	ts.Check(err)
	ts.Setenv("DIGEST", digest)
}

// bundlesIn writes them to dir and returns the artifact's digest.
func bundlesIn(dir string) (digest string, err error) {
	d, err := verificationtest.New()
	if err != nil {
		return "", err
	}
	artifact := []byte("an artifact\n")
	sum := sha256.Sum256(artifact)
	digest = "sha256:" + hex.EncodeToString(sum[:])
	subject, err := name.NewDigest("example.com/artifact@" + digest)
	if err != nil {
		return "", err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", err
	}
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", err
	}

	alice := verificationtest.Spec{Subject: "alice@example.com", Issuer: "https://idp.example.com"}
	tiles := alice
	tiles.Tiles, tiles.Stamp = true, true
	files := map[string]*protobundle.Bundle{}
	for _, m := range []struct {
		file string
		spec verificationtest.Spec
	}{ // in the order of their log entries
		{"message.json", alice},
		{"swapped.json", alice},
		{"old.json", alice},
		{"tiles.json", tiles},
		{"key.json", verificationtest.Spec{KeyPair: true, Key: key}},
	} {
		if files[m.file], err = d.Message(artifact, m.spec); err != nil {
			return "", err
		}
	}
	files["swapped.json"].VerificationMaterial.TlogEntries = files["message.json"].GetVerificationMaterial().GetTlogEntries()
	files["old.json"] = d.AsV1(files["old.json"])
	if files["statement.json"], err = d.Attest(subject, "https://slsa.dev/provenance/v1", alice); err != nil {
		return "", err
	}
	contents := map[string][]byte{"artifact.txt": artifact}
	for file, b := range files {
		if contents[file], err = protojson.Marshal(b); err != nil {
			return "", err
		}
	}
	for file, k := range map[string]*ecdsa.PrivateKey{"cosign.pub": key, "other.pub": other} {
		if contents[file], err = cryptoutils.MarshalPublicKeyToPEM(k.Public()); err != nil {
			return "", err
		}
	}
	if contents["root.json"], err = d.TrustedRootJSON(); err != nil {
		return "", err
	}
	for file, content := range contents {
		if err := os.WriteFile(filepath.Join(dir, file), content, 0o600); err != nil {
			return "", err
		}
	}
	return digest, nil
}
