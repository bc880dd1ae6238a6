//go:build interop

package interop

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	gcrregistry "github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	sigroot "github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore/pkg/cryptoutils"

	"github.com/sigwalk/sigwalk/actions/verification/verificationtest"
)

// A stored image is what programs are asked about.
type storedImage struct {
	name string
	put  func(w *differential, reference string)
	// signer is whom policies without a key name; alice where it is empty.
	signer string
	// platforms are those of an index, for programs that look at one image of it.
	platforms []string
	// elsewhere has the signatures in another repository, COSIGN_REPOSITORY.
	elsewhere bool
}

// A program is one that looks at signatures, and the command that ends with 0 when it is content.
type consumingProgram struct {
	name, foretold string
	// keyless and key are asked for a signature by someone, and for one by the key pair; empty where the program cannot be.
	keyless, key string
}

var consumingPrograms = []consumingProgram{
	{
		"cosign2", "cosign v2 verify",
		"TUF_ROOT=$PWD/tuf cosign2 verify --rekor-url=" + nowhere + ` --trusted-root root.json --certificate-identity="$SIGNER" --certificate-oidc-issuer=` + idp + ` "$IMAGE"`,
		"TUF_ROOT=$PWD/tuf cosign2 verify --rekor-url=" + nowhere + ` --trusted-root root.json --key cosign.pub "$IMAGE"`,
	},
	{
		"cosign3", "cosign v3 verify",
		`TUF_ROOT=$PWD/tuf cosign3 verify --trusted-root root.json --certificate-identity="$SIGNER" --certificate-oidc-issuer=` + idp + ` "$IMAGE"`,
		`TUF_ROOT=$PWD/tuf cosign3 verify --trusted-root root.json --key cosign.pub "$IMAGE"`,
	},
	{
		"containers/image", "podman, skopeo, CRI-O",
		`"$PULL" --policy policy.json --registries.d registries.d --arch "$ARCH" docker://"$IMAGE" pulled`,
		`"$PULL" --policy policy-key.json --registries.d registries.d --arch "$ARCH" docker://"$IMAGE" pulled`,
	},
	{
		"policy-controller", "policy controllers",
		`"$POLICY_TESTER" --log-level error --policy keyless.yaml --trustroot trustroot.yaml --image "$IMAGE"`,
		`"$POLICY_TESTER" --log-level error --policy key.yaml --image "$IMAGE"`,
	},
}

func (w *differential) image(reference string) name.Digest {
	w.t.Helper()
	image, err := verificationtest.Image(w.t.Context(), reference)
	w.must(err)
	return image
}

func (w *differential) attach(image name.Digest, suffix string, layers ...verificationtest.Layer) {
	w.t.Helper()
	w.must(verificationtest.Put(w.t.Context(), image, suffix, layers))
}

func (w *differential) byKey() verificationtest.Spec {
	return verificationtest.Spec{KeyPair: true, Key: w.key}
}

// index pushes an index of images for two platforms and signs some of its parts, by their names.
func (w *differential) index(reference string, signed ...string) {
	w.t.Helper()
	index, ref := v1.ImageIndex(empty.Index), w.parse(reference)
	parts := map[string]name.Digest{}
	for _, arch := range []string{"amd64", "arm64"} {
		img, err := random.Image(100, 1)
		w.must(err)
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: arch}}})
		digest, err := img.Digest()
		w.must(err)
		parts[arch] = ref.Context().Digest(digest.String())
	}
	digest, err := index.Digest()
	w.must(err)
	parts["index"] = ref.Context().Digest(digest.String())
	w.must(remote.WriteIndex(ref, index))
	for _, part := range signed {
		w.attach(parts[part], "sig", w.sign(w.d, parts[part], byAlice))
	}
}

func (w *differential) parse(reference string) name.Reference {
	w.t.Helper()
	ref, err := name.ParseReference(reference)
	w.must(err)
	return ref
}

// sealed is an image with a signature in its tag, a bundle that refers to it, or both: "good", "bad" (by another deployment),
// "key", "attestation", "bad attestation", or nothing.
func sealed(tag, bundle string) func(*differential, string) {
	return func(w *differential, reference string) {
		image := w.image(reference)
		spec, of := byAlice, w.d
		kind := tag
		choose := func() {
			spec, of = byAlice, w.d
			switch kind {
			case "bad", "bad attestation":
				of = w.other
			case "key":
				spec = w.byKey()
			}
		}
		if choose(); tag != "" {
			w.attach(image, "sig", w.sign(of, image, spec))
		}
		kind = bundle
		switch choose(); bundle {
		case "":
		case "attestation", "bad attestation":
			b, err := of.Attest(image, provenanceType, spec)
			w.must(err)
			w.must(verificationtest.ReferBundle(w.t.Context(), image, b, provenanceType))
		default:
			w.must(verificationtest.ReferBundle(w.t.Context(), image, w.makeBundle(of, image, spec), verificationtest.SignPredicate))
		}
	}
}

// signedLike has one signature in its tag.
func signedLike(change func(*verificationtest.Spec)) func(*differential, string) {
	return func(w *differential, reference string) {
		image := w.image(reference)
		w.attach(image, "sig", w.sign(w.d, image, with(change)))
	}
}

const (
	provenanceType  = "https://slsa.dev/provenance/v1"
	releaseWorkflow = "https://github.com/example/app/.github/workflows/release.yml@refs/heads/main"
)

var storedImages = []storedImage{
	{name: "unsigned", put: sealed("", "")},
	{name: "tag", put: sealed("good", "")},
	{name: "bad-tag", put: sealed("bad", "")},
	{name: "key", put: sealed("key", "")},
	{name: "bundle", put: sealed("", "good")},
	{name: "bad-bundle", put: sealed("", "bad")},
	{name: "key-bundle", put: sealed("", "key")},
	{name: "both", put: sealed("good", "good")},
	{name: "good-tag-bad-bundle", put: sealed("good", "bad")},
	{name: "bad-tag-good-bundle", put: sealed("bad", "good")},
	{name: "key-tag-good-bundle", put: sealed("key", "good")},
	{name: "good-tag-key-bundle", put: sealed("good", "key")},
	{name: "good-tag-attestation", put: sealed("good", "attestation")},
	{name: "key-beside-another", put: func(w *differential, reference string) {
		image := w.image(reference)
		w.attach(image, "sig", w.sign(w.d, image, byAlice), w.sign(w.d, image, w.byKey()))
	}},
	{name: "good-beside-a-bad-one", put: func(w *differential, reference string) {
		image := w.image(reference)
		w.attach(image, "sig", w.sign(w.other, image, byAlice), w.sign(w.d, image, byAlice))
	}},
	{name: "key-for-another-image", put: func(w *differential, reference string) {
		image := w.image(reference)
		w.attach(image, "sig", w.sign(w.d, image.Context().Digest("sha256:"+strings.Repeat("0", 64)), w.byKey()))
	}},
	{name: "key-of-another-repository", put: func(w *differential, reference string) {
		image := w.image(reference)
		w.attach(image, "sig", w.sign(w.d, w.parse(w.host+"/elsewhere").Context().Digest(image.DigestStr()), w.byKey()))
	}},
	{name: "copied-from-another-repository", put: func(w *differential, reference string) {
		image := w.image(reference)
		w.attach(image, "sig", w.sign(w.d, w.parse(w.host+"/elsewhere").Context().Digest(image.DigestStr()), byAlice))
	}},
	{name: "moved", put: func(w *differential, reference string) {
		image := w.image(reference)
		w.attach(image, "sig", w.sign(w.d, image, byAlice), w.sign(w.d, image, w.byKey()))
		w.image(reference)
	}},
	{name: "image-as-signature", put: func(w *differential, reference string) {
		image := w.image(reference)
		w.image(image.Context().Tag(strings.Replace(image.DigestStr(), ":", "-", 1) + ".sig").String())
	}},
	{name: "empty-signature", put: func(w *differential, reference string) { w.attach(w.image(reference), "sig") }},
	{name: "attestation", put: func(w *differential, reference string) {
		image := w.image(reference)
		layer, err := w.d.Attestation(image, provenanceType, byAlice)
		w.must(err)
		w.attach(image, "att", layer)
	}},
	{name: "attested-by-bundle", put: sealed("", "attestation")},
	{name: "attested-by-bad-bundle", put: sealed("", "bad attestation")},
	{name: "signature-as-referrer", put: func(w *differential, reference string) {
		image := w.image(reference)
		_, err := verificationtest.ReferLayer(w.t.Context(), image, "application/vnd.dev.cosign.artifact.sig.v1+json", w.sign(w.d, image, byAlice))
		w.must(err)
	}},
	{name: "other-address", signer: "bob@example.com", put: signedLike(func(s *verificationtest.Spec) { s.Subject = "bob@example.com" })},
	{name: "workflow", signer: releaseWorkflow, put: signedLike(func(s *verificationtest.Spec) { s.Subject = releaseWorkflow })},
	{name: "without-SCT", put: signedLike(func(s *verificationtest.Spec) { s.NoSCT = true })},
	{name: "without-entry", put: signedLike(func(s *verificationtest.Spec) { s.NoLog, s.Stamp = true, true })},
	{name: "key-in-another-log", put: func(w *differential, reference string) {
		image := w.image(reference)
		w.attach(image, "sig", w.sign(w.other, image, w.byKey()))
	}},
	{name: "key-without-entry", put: func(w *differential, reference string) {
		image, spec := w.image(reference), w.byKey()
		spec.NoLog = true
		w.attach(image, "sig", w.sign(w.d, image, spec))
	}},
	{name: "index", platforms: []string{"amd64", "arm64"}, put: func(w *differential, reference string) { w.index(reference, "index") }},
	{name: "index-and-one", platforms: []string{"amd64", "arm64"}, put: func(w *differential, reference string) { w.index(reference, "index", "amd64") }},
	{name: "index-and-all", platforms: []string{"amd64", "arm64"}, put: func(w *differential, reference string) { w.index(reference, "index", "amd64", "arm64") }},
	{name: "platforms", platforms: []string{"amd64", "arm64"}, put: func(w *differential, reference string) { w.index(reference, "amd64", "arm64") }},
	{name: "elsewhere", elsewhere: true, put: func(w *differential, reference string) {
		image := w.image(reference)
		beside := w.parse(w.host + "/signatures").Context().Digest(image.DigestStr())
		w.attach(beside, "sig", w.sign(w.d, image, byAlice), w.sign(w.d, image, w.byKey()))
	}},
}

// foretold is what `sigwalk tree` says of one program.
type foretold struct {
	Name, Sees     string
	Finds, WithKey bool
}

// TestConsumers holds what `sigwalk tree` foretells of programs against the unmodified programs: for images with signatures in
// a tag, in bundles, in both, good and bad, by someone and by a key pair.
func TestConsumers(t *testing.T) {
	server := httptest.NewServer(gcrregistry.New(gcrregistry.Logger(log.New(io.Discard, "", 0)), gcrregistry.WithReferrersSupport(true)))
	t.Cleanup(server.Close)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	w := &differential{
		bench: &bench{dir: t.TempDir(), home: t.TempDir(), work: t.TempDir()}, t: t, key: key,
		d: verificationtest.MustNew(), other: verificationtest.MustNew(), host: strings.TrimPrefix(server.URL, "http://"),
	}
	w.trust()
	tools := ""
	for _, variable := range []string{"PULL", "POLICY_TESTER"} {
		path, err := program(variable)
		w.must(err)
		tools += fmt.Sprintf("%s='%s'; ", variable, path)
	}
	w.sh(t, `sigwalk --dir "$DIR" trust import root.json`)

	content := map[string]int{}
	for _, c := range storedImages {
		t.Run(c.name, func(t *testing.T) {
			w := *w
			w.t = t
			reference := w.host + "/consumers/" + strings.ToLower(c.name) + ":v1"
			c.put(&w, reference)
			signer := c.signer
			if signer == "" {
				signer = alice
			}
			w.believe(signer)
			variables := fmt.Sprintf("%sIMAGE=%s SIGNER=%s; ", tools, reference, signer)
			if c.elsewhere {
				variables += "export COSIGN_REPOSITORY=" + w.host + "/signatures; "
			}
			var tree struct{ Consumers []foretold }
			o := w.sh(t, variables+`sigwalk --dir "$DIR" --rekor-url=`+nowhere+` tree -o json "$IMAGE"`)
			w.must(json.Unmarshal([]byte(o.stdout), &tree))
			for _, p := range consumingPrograms {
				said := sayingOf(t, tree.Consumers, p.foretold)
				for _, asked := range []struct {
					command string
					want    bool
				}{{p.keyless, said.Finds}, {p.key, said.WithKey}} {
					if asked.command == "" {
						continue
					}
					real, all := w.content(t, c, variables, asked.command)
					if all != asked.want {
						t.Errorf("%s is foretold to find a good signature: %t (%s)\n%s", p.name, asked.want, said.Sees, real)
					}
					if all {
						content[p.name]++
					}
				}
			}
		})
	}
	w.believe(alice)
	for _, c := range []struct {
		image, policy string
		want          bool
	}{
		{"attestation", "attested.yaml", true},
		{"good-tag-attestation", "attested.yaml", false}, // it is in a bundle
		{"bundle", "bundle.yaml", false},                 // its tester makes no root of this that reads bundles
	} {
		o := w.try(t, fmt.Sprintf(`%s"$POLICY_TESTER" --log-level error --policy %s --trustroot trustroot.yaml --image %s/consumers/%s:v1`, tools, c.policy, w.host, c.image))
		if (o.code == 0) != c.want {
			t.Errorf("policy-controller of %s by %s: %s", c.image, c.policy, o)
		}
	}
	root := w.byTUF()
	for _, c := range policiesByTUF {
		o := w.try(t, fmt.Sprintf(`%s%s"$POLICY_TESTER" --log-level error --policy %s --image %s/consumers/%s:v1`, tools, root, c.policy, w.host, c.image))
		if (o.code == 0) != c.want {
			t.Errorf("policy-controller of %s by %s: %s", c.image, c.policy, o)
		}
	}
	t.Logf("content, of %d images: %v", len(storedImages), content)
	for _, p := range consumingPrograms {
		if content[p.name] < 4 {
			t.Errorf("%s was content with %d images", p.name, content[p.name])
		}
	}
}

// content asks a program, which for an index may look at one of its images: then it is content when it is with every one.
func (w *differential) content(t *testing.T, c storedImage, variables, command string) (last fmt.Stringer, all bool) {
	t.Helper()
	platforms := []string{"amd64"}
	if strings.Contains(command, "$ARCH") && c.platforms != nil {
		platforms = c.platforms
	}
	all = true
	for _, arch := range platforms {
		o := w.try(t, "rm -rf pulled; ARCH="+arch+"; "+variables+command)
		all = all && o.code == 0
		last = o
	}
	return last, all
}

func sayingOf(t *testing.T, all []foretold, name string) foretold {
	t.Helper()
	for _, c := range all {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("nothing is foretold of %s: %+v", name, all)
	return foretold{}
}

// trust writes what the programs believe, each in its own words.
func (w *differential) trust() {
	w.t.Helper()
	put := func(name string, content []byte) {
		w.must(os.MkdirAll(filepath.Dir(filepath.Join(w.work, name)), 0o755))
		w.must(os.WriteFile(filepath.Join(w.work, name), content, 0o600))
	}
	root, err := w.d.TrustedRootJSON()
	w.must(err)
	put("root.json", root)
	public, err := cryptoutils.MarshalPublicKeyToPEM(w.key.Public())
	w.must(err)
	put("cosign.pub", public)

	put("registries.d/default.yaml", []byte("default-docker:\n  use-sigstore-attachments: true\n"))
	put("policy-key.json", allowing(map[string]any{"keyData": public}))
	put("key.yaml", imagePolicy(map[string]any{"key": map[string]any{"data": string(public)}}))

	material := w.d.TrustedRoot()
	authority := material.FulcioCertificateAuthorities()[0].(*sigroot.FulcioCertificateAuthority)
	chain, err := cryptoutils.MarshalCertificatesToPEM(append(slices.Clone(authority.Intermediates), authority.Root))
	w.must(err)
	logs := func(of map[string]*sigroot.TransparencyLog) (out []any) {
		for _, l := range of {
			pem, err := cryptoutils.MarshalPublicKeyToPEM(l.PublicKey)
			w.must(err)
			out = append(out, map[string]any{"baseURL": nowhere, "hashAlgorithm": "sha-256", "publicKey": pem})
		}
		return out
	}
	put("trustroot.yaml", inJSON(map[string]any{
		"apiVersion": "policy.sigstore.dev/v1alpha1", "kind": "TrustRoot", "metadata": map[string]any{"name": "here"},
		"spec": map[string]any{"sigstoreKeys": map[string]any{
			"certificateAuthorities": []any{map[string]any{
				"subject": map[string]any{"organization": "verificationtest", "commonName": "root"}, "uri": "https://fulcio.test", "certChain": chain,
			}},
			"tLogs": logs(material.RekorLogs()), "ctLogs": logs(material.CTLogs()),
		}},
	}))
}

// imagePolicy is a ClusterImagePolicy with one authority. JSON is YAML, too.
func imagePolicy(authority map[string]any) []byte {
	authority["name"] = "one"
	return inJSON(map[string]any{
		"apiVersion": "policy.sigstore.dev/v1beta1", "kind": "ClusterImagePolicy", "metadata": map[string]any{"name": "one"},
		"spec": map[string]any{"images": []any{map[string]any{"glob": "**"}}, "authorities": []any{authority}},
	})
}

func inJSON(content any) []byte {
	text, err := json.Marshal(content)
	if err != nil {
		panic(err) // it is made of strings
	}
	return text
}

// believe writes what programs believe of a signer, each in its own words.
func (w *differential) believe(signer string) {
	w.t.Helper()
	authority := w.d.TrustedRoot().FulcioCertificateAuthorities()[0].(*sigroot.FulcioCertificateAuthority)
	ca, err := cryptoutils.MarshalCertificateToPEM(authority.Root)
	w.must(err)
	log, err := cryptoutils.MarshalPublicKeyToPEM(w.d.TrustedRoot().RekorLogs()[w.d.LogID()].PublicKey)
	w.must(err)
	w.must(os.WriteFile(filepath.Join(w.work, "policy.json"), allowing(map[string]any{
		"fulcio":             map[string]any{"caData": ca, "oidcIssuer": idp, "subjectEmail": signer},
		"rekorPublicKeyData": log,
	}), 0o600))
	attested := []any{map[string]any{"name": "origin", "predicateType": provenanceType}}
	for file, more := range map[string]map[string]any{
		"keyless.yaml":  {},
		"bundle.yaml":   {"signatureFormat": "bundle"},
		"attested.yaml": {"attestations": attested},
	} {
		more["keyless"] = map[string]any{
			"url": "https://fulcio.test", "trustRootRef": "here",
			"identities": []any{map[string]any{"issuer": idp, "subject": signer}},
		}
		more["ctlog"] = map[string]any{"url": nowhere, "trustRootRef": "here"}
		w.must(os.WriteFile(filepath.Join(w.work, file), imagePolicy(more), 0o600))
	}
}

// allowing is a policy of containers/image that wants one kind of signature.
func allowing(requirement map[string]any) []byte {
	requirement["type"] = "sigstoreSigned"
	requirement["signedIdentity"] = map[string]string{"type": "matchRepository"}
	return inJSON(map[string]any{
		"default":    []any{map[string]string{"type": "reject"}},
		"transports": map[string]any{"docker": map[string]any{"": []any{requirement}}},
	})
}
