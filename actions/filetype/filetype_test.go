package filetype_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/digitorus/timestamp"

	"github.com/sigwalk/sigwalk/actions/filetype"
)

const bundle = `{"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json", "verificationMaterial": {}}`

func armored(kind string) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: []byte("anything")}))
}

// signed makes a key, a certificate of its own and a signature, all in DER.
func signed(t *testing.T) (certificate, signature []byte, key *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Unix(0, 0), NotAfter: time.Now().Add(time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	if certificate, err = x509.CreateCertificate(rand.Reader, template, template, key.Public(), key); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte("anything"))
	if signature, err = key.Sign(rand.Reader, sum[:], nil); err != nil {
		t.Fatal(err)
	}
	return certificate, signature, key
}

func stamp(t *testing.T) []byte {
	t.Helper()
	der, _, key := signed(t)
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte("anything"))
	response, err := (&timestamp.Timestamp{
		HashAlgorithm: crypto.SHA256, HashedMessage: sum[:], Time: time.Now(), Policy: []int{1, 2}, SerialNumber: big.NewInt(1), Certificates: []*x509.Certificate{cert}, AddTSACertificate: true,
	}).CreateResponseWithOpts(cert, key, crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return response
}

// TestOf names what people give in the place of a bundle.
func TestOf(t *testing.T) {
	certificate, signature, _ := signed(t)
	text := func(raw []byte) string { return base64.StdEncoding.EncodeToString(raw) + "\n" }
	quoted, _ := json.Marshal(bundle)
	for _, c := range []struct{ name, content, is, use string }{
		{"a bundle", bundle, filetype.Bundle.Is, "--bundle"},
		{"a bundle without media type", `{"verificationMaterial": {}}`, filetype.Bundle.Is, ""},
		{"a bundle of names with underscores", `{"verification_material": {}}`, filetype.Bundle.Is, ""},
		{"nothing", " \n", "it is empty", "write or fetch it again"},
		{"cut off", bundle[:40], "ends in the middle, after 40 bytes", "fetch or write it again"},
		{"a bad line", "{\n\"a\": 1,\n]", "(line 3)", "again"},
		{"a word", "hello", "it is no JSON", ""},
		{"a number", "42", "no object", ""},
		{"null", "null", "no object", ""},
		{"a bundle in quotes", string(quoted), "no object", ""},
		{"another object", `{"d": 1, "c": 2, "b": 3, "a": 4, "e": 5}`, "fields a, b, c, d ...", ""},
		{"an empty object", "{}", "it is an empty object", ""},
		{"an empty list", "[]", "it is an empty list", ""},
		{"a list", "[1]", "no bundle is in it", ""},
		{"byte order mark", "\xef\xbb\xbf" + bundle, "byte order mark", "tail -c +4"},
		{"UTF-16", "\xff\xfe{\x00", "UTF-16", "iconv"},
		{"base64", text([]byte(bundle)), "a bundle in base64", "base64 -d"},
		{"lines", bundle + "\n" + bundle + "\n", "it holds 2 JSON values", "sed -n 1p"},
		{"lines of envelopes", `{"payload": "e30=", "payloadType": "x"}` + "\n{}", "of the first: it is a DSSE envelope", "sigwalk verify IMAGE"},
		{"RubyGems", "[" + bundle + "," + bundle + "]", "it is a list of 2 bundles", "jq '.[0]' FILE"},
		{"gh verify", `[{"attestation": {"bundle": ` + bundle + `}}]`, "`gh attestation verify", "jq '.[0].attestation.bundle'"},
		{"npm", `{"attestations": [{"bundle": ` + bundle + `}]}`, "a registry with 1 attestations", "jq '.attestations[0].bundle'"},
		{"within", `{"bundle": ` + bundle + `}`, "in its field bundle", "jq .bundle"},
		{"PyPI, all", `{"version": 1, "attestation_bundles": []}`, "PEP 740", "pypi-attestations"},
		{"PyPI, one", `{"version": 1, "verification_material": {}, "envelope": {}}`, "PEP 740", "pypi-attestations"},
		{"cosign's older form", `{"base64Signature": "x"}`, "cosign's older form", "cosign verify-blob --bundle"},
		{"SET", `{"SignedEntryTimestamp": "x", "Payload": {}}`, "promise for an entry", "sigwalk verify IMAGE"},
		{"time stamp of cosign", `{"SignedRFC3161Timestamp": "x"}`, "time stamp alone", ""},
		{"envelope", `{"payload": "e30=", "payloadType": "x", "signatures": [{"sig": "x"}]}`, "nothing in it says who signed", "bundle"},
		{"envelope with certificate", `{"payload": "e30=", "payloadType": "x", "signatures": [{"sig": "x", "cert": "y"}]}`, "with a certificate", "slsa-verifier"},
		{"JWS", `{"payload": "x", "protected": "y", "signature": "z"}`, "Notary (JWS)", "notation"},
		{"statement", `{"_type": "https://in-toto.io/Statement/v1", "subject": []}`, "in-toto statement", "attest-blob"},
		{"trust root", `{"tlogs": [], "certificateAuthorities": []}`, "it is a trust root", "--trusted-root"},
		{"trust configuration", `{"trustedRoot": {}, "signingConfig": {}}`, "with a trust root in it", "jq .trustedRoot"},
		{"signing configuration", `{"caUrls": []}`, "signing configuration", "--signing-config"},
		{"TUF", `{"signed": {}, "signatures": []}`, "TUF", "initialize --root"},
		{"entry", `{"body": "x", "integratedTime": 1, "logID": "y"}`, "an entry of a transparency log", ""},
		{"entry with name", `{"24296f": {"body": "x", "logIndex": 1}}`, "an entry of a transparency log", ""},
		{"payload of an image", `{"critical": {}}`, "what cosign signs of an image", "sigwalk verify IMAGE"},
		{"output of verify", `[{"critical": {}}]`, "what `cosign verify` prints", "sigwalk verify IMAGE"},
		{"CycloneDX", `{"bomFormat": "CycloneDX"}`, "CycloneDX", ""},
		{"SPDX", `{"spdxVersion": "SPDX-2.3"}`, "SPDX", ""},
		{"gcloud", `{"image_summary": {}, "provenance_summary": {}}`, "gcloud", "slsa-verifier"},
		{"GitHub", `{"message": "Not Found", "documentation_url": "x"}`, "nothing", "gh auth status"},
		{"index", `{"schemaVersion": 2, "manifests": []}`, "index of an image", "oci:DIR"},
		{"manifest", `{"schemaVersion": 2, "layers": []}`, "manifest of an image", "sigwalk verify IMAGE"},
		{
			"manifest of a bundle", `{"schemaVersion": 2, "layers": [{"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json", "digest": "sha256:12"}]}`,
			"keeps a bundle", "REPOSITORY@sha256:12",
		},
		{"page", "<!DOCTYPE html>", "a page or XML", "curl --fail"},
		{"LFS", "version https://git-lfs.github.com/spec/v1\n", "Git LFS", "git lfs pull"},
		{"minisign", "untrusted comment: x", "minisign", ""},
		{"commit", "tree " + strings.Repeat("0", 40) + "\n", "gitsign", "gitsign verify"},
		{"gitsign", armored("SIGNED MESSAGE"), "gitsign", "gitsign verify"},
		{"checksums", strings.Repeat("0", 64) + "  file", "list of checksums", "sha256:HEX"},
		{"token", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.", "identity token", ""},
		{"OpenPGP", armored("PGP SIGNATURE"), "OpenPGP", "gpg"},
		{"OpenPGP in bytes", "\xa3\x01\xff\xfe", "OpenPGP", "gpg"},
		{"SSH", armored("SSH SIGNATURE"), "SSH", "ssh-keygen"},
		{"public key", armored("PUBLIC KEY"), "public key", "--key"},
		{"private key", armored("ENCRYPTED SIGSTORE PRIVATE KEY"), "private key", "--key"},
		{"certificate", armored("CERTIFICATE"), "certificate", "--certificate FILE"},
		{"certificate in base64", text([]byte(armored("CERTIFICATE"))), "certificate in base64", "--certificate FILE"},
		{"certificate in DER", string(certificate), "certificate", "--certificate FILE"},
		{"signature", string(signature), "signature alone", "--signature FILE"},
		{"signature in base64", text(signature), "signature alone", "--signature FILE"},
		{"signature by RSA", text(bytes.Repeat([]byte{0xfe}, 256)), "signature alone", "--signature FILE"},
		{"time stamp", string(stamp(t)), "time stamp alone", ""},
		{"podman", "\x00sigstore-json\n{}", "podman", "skopeo copy"},
		{"COSE", "\xd2\x84\x00", "COSE", "notation"},
		{"gzip", "\x1f\x8b\x08", "archive", "--pack"},
		{"tar", strings.Repeat("a", 257) + "ustar\x0000", "archive", "oci-archive:"},
		{"program", "\x7fELF", "program", "--artifact"},
		{"picture", "\x89PNG\r\n\xff", "it is no JSON", ""},
	} {
		got := filetype.Of([]byte(c.content))
		if !strings.Contains(got.Is, c.is) || !strings.Contains(got.Use, c.use) {
			t.Errorf("%s: %+v, want %q and %q", c.name, got, c.is, c.use)
		}
	}
}

// FuzzOf: nothing that a file holds ends the program, and a bundle stays one.
func FuzzOf(f *testing.F) {
	for _, seed := range []string{bundle, "[" + bundle + "]", "{}", "[[]]", "\x30\x00", "\x88", "-----BEGIN ", "eyJ.", "MAA=", `{"signatures": 1, "payload": "", "payloadType": ""}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		if filetype.Of(content).Is == "" {
			t.Errorf("%q: nothing is said of it", content)
		}
	})
}
