package verification_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/sigstore/sigstore-go/pkg/root"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/actions/verification"
)

// Published modules whose fixtures other people signed. They are read where Go keeps them and are no requirement of ours.
const (
	imageModule    = "github.com/containers/image/v5@v5.36.2"
	cosignModule   = "github.com/sigstore/cosign/v2@v2.6.5"
	sigstoreModule = "github.com/sigstore/sigstore-go@v1.1.4"
)

// module returns the directory of a module as `go mod download` puts it.
func module(t *testing.T, module string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "mod", "download", "-json", module)
	cmd.Dir = t.TempDir()
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go mod download %s: %v\n%s", module, err, out)
	}
	var info struct{ Dir string }
	if err := json.Unmarshal(out, &info); err != nil || info.Dir == "" {
		t.Fatalf("go mod download %s: %v\n%s", module, err, out)
	}
	return info.Dir
}

func read(t *testing.T, path ...string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// trusting is a verifier with the trust root of a file.
func trusting(t *testing.T, path ...string) *verification.Verifier {
	t.Helper()
	material, err := root.NewTrustedRootFromPath(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return verification.New(verification.Options{
		Registry: registry.New(registry.Options{}),
		Material: func(context.Context) (root.TrustedMaterial, error) { return material, nil },
	})
}

// podman is a signature in the form in which containers/image keeps it in a directory.
type podman struct {
	MIMEType    string            `json:"mimeType"`
	Payload     []byte            `json:"payload"`
	Annotations map[string]string `json:"annotations"`
}

// store puts a manifest and signatures of containers/image's fixtures into the registry.
func (w *world) store(manifest []byte, signatures ...[]byte) {
	w.t.Helper()
	ref, err := name.ParseReference(w.tag())
	if err != nil {
		w.t.Fatal(err)
	}
	if err := remote.Put(ref, rawManifest{manifest}); err != nil {
		w.t.Fatal(err)
	}
	h, _, err := v1.SHA256(bytes.NewReader(manifest))
	if err != nil {
		w.t.Fatal(err)
	}
	w.image = ref.Context().Digest(h.String())
	var layers []layer
	for _, content := range signatures {
		content, ok := bytes.CutPrefix(content, []byte("\x00sigstore-json\n"))
		if !ok {
			w.t.Fatalf("no such signature: %q", content[:20])
		}
		var p podman
		if err := json.Unmarshal(content, &p); err != nil {
			w.t.Fatal(err)
		}
		if p.Annotations == nil {
			p.Annotations = map[string]string{}
		}
		layers = append(layers, layer{Payload: p.Payload, Annotations: p.Annotations})
	}
	w.attach(layers...)
}

type rawManifest struct{ content []byte }

func (r rawManifest) RawManifest() ([]byte, error)        { return r.content, nil }
func (r rawManifest) MediaType() (types.MediaType, error) { return types.DockerManifestSchema2, nil }

// TestContainersImageFixtures verifies what podman's library is tested with: signatures of a person with Fulcio and the
// public Rekor, of a key, over another manifest, and an attachment that is no signature.
func TestContainersImageFixtures(t *testing.T) {
	dir := filepath.Join(module(t, imageModule), "signature", "fixtures")
	public := []string{module(t, sigstoreModule), "pkg", "testing", "data", "trusted-roots", "public-good.json"}
	mitr := policy{Subject: "mitr@redhat.com", Issuer: "https://github.com/login/oauth", IgnoreSCT: true}
	key := policy{KeyReference: filepath.Join(dir, "cosign.pub")}
	keyAlone := change(key, func(p *policy) { p.IgnoreLog = true })
	for _, c := range []struct {
		name, manifest string
		signatures     []string
		policy         policy
		want           actions.Code
		states         states
	}{
		{
			name: "Fulcio and Rekor", manifest: "dir-img-cosign-fulcio-rekor-valid", signatures: []string{"dir-img-cosign-fulcio-rekor-valid/signature-1"}, policy: mitr,
			states: states{verification.CheckSCT: verification.CheckSkipped, verification.CheckProof: verification.CheckSkipped},
		},
		{
			name: "Fulcio and Rekor, with its SCT", manifest: "dir-img-cosign-fulcio-rekor-valid", signatures: []string{"dir-img-cosign-fulcio-rekor-valid/signature-1"},
			policy: change(mitr, func(p *policy) { p.IgnoreSCT = false }),
			states: states{verification.CheckProof: verification.CheckSkipped},
		},
		{
			name: "Fulcio and Rekor, another person", manifest: "dir-img-cosign-fulcio-rekor-valid", signatures: []string{"dir-img-cosign-fulcio-rekor-valid/signature-1"},
			policy: change(mitr, func(p *policy) { p.Subject = alice }), want: actions.CodeSubject,
			states: states{verification.CheckSCT: verification.CheckSkipped, verification.CheckProof: verification.CheckSkipped, verification.CheckSubject: verification.CheckFailed},
		},
		{
			name: "key and Rekor", manifest: "dir-img-cosign-key-rekor-valid", signatures: []string{"dir-img-cosign-key-rekor-valid/signature-1"},
			policy: policy{KeyReference: filepath.Join(dir, "cosign2.pub")},
			states: states{verification.CheckProof: verification.CheckSkipped},
		},
		{
			name: "key, no log", manifest: "dir-img-cosign-valid", signatures: []string{"dir-img-cosign-valid/signature-1"}, policy: keyAlone,
			states: states{
				verification.CheckLogEntry: verification.CheckSkipped, verification.CheckLogPayload: verification.CheckSkipped,
				verification.CheckSET: verification.CheckSkipped, verification.CheckProof: verification.CheckSkipped,
			},
		},
		{
			name: "key, and the log is missed", manifest: "dir-img-cosign-valid", signatures: []string{"dir-img-cosign-valid/signature-1"}, policy: key, want: actions.CodeLogEntry,
			states: states{
				verification.CheckLogEntry: verification.CheckFailed, verification.CheckLogPayload: verification.CheckSkipped,
				verification.CheckSET: verification.CheckSkipped, verification.CheckProof: verification.CheckSkipped,
			},
		},
		{
			name: "modified manifest", manifest: "dir-img-cosign-modified-manifest", signatures: []string{"dir-img-cosign-valid/signature-1"}, policy: keyAlone, want: actions.CodeClaims,
			states: states{
				verification.CheckClaims:   verification.CheckFailed,
				verification.CheckLogEntry: verification.CheckSkipped, verification.CheckLogPayload: verification.CheckSkipped,
				verification.CheckSET: verification.CheckSkipped, verification.CheckProof: verification.CheckSkipped,
			},
		},
		{
			name: "an attachment that is no signature", manifest: "dir-img-cosign-valid", signatures: []string{"dir-img-cosign-other-attachment/signature-1"}, policy: keyAlone, want: actions.CodeSignature,
			states: states{
				verification.CheckClaims: verification.CheckFailed, verification.CheckSignature: verification.CheckFailed,
				verification.CheckLogEntry: verification.CheckSkipped, verification.CheckLogPayload: verification.CheckSkipped,
				verification.CheckSET: verification.CheckSkipped, verification.CheckProof: verification.CheckSkipped,
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			var signatures [][]byte
			for _, s := range c.signatures {
				signatures = append(signatures, read(t, dir, s))
			}
			w.store(read(t, dir, c.manifest, "manifest.json"), signatures...)
			report, err := trusting(t, public...).Verify(t.Context(), w.tag(), c.policy)
			if err != nil {
				t.Fatal(err)
			}
			s := explained(t, report).Signatures[0]
			var code actions.Code
			if s.Reason != nil {
				code = s.Reason.Code
			}
			if code != c.want {
				t.Errorf("%v, want %q", s.Reason, c.want)
			}
			checkStates(t, s, c.states)
			if t.Failed() {
				t.Log(matrix(s))
			}
		})
	}
}

// TestBundleFixtures verifies stand-alone bundles of other people.
func TestBundleFixtures(t *testing.T) {
	data := filepath.Join(module(t, sigstoreModule), "pkg", "testing", "data")
	cosignData := filepath.Join(module(t, cosignModule), "pkg", "cosign", "testdata")
	public := filepath.Join(data, "trusted-roots", "public-good.json")
	anybody := policy{SubjectRegexp: ".*", IssuerRegexp: ".*"}
	for _, c := range []struct {
		name, bundle, trusted string
		policy                policy
		want                  actions.Code
		failed                []verification.CheckID
	}{
		{
			name: "npm provenance, version 0.1", bundle: filepath.Join(data, "bundles", "sigstore.js@2.0.0-provenance.sigstore.json"), trusted: public,
			policy: policy{SubjectRegexp: "^https://github.com/sigstore/sigstore-js/", Issuer: "https://token.actions.githubusercontent.com"},
		},
		{
			name: "npm provenance, another repository", bundle: filepath.Join(data, "bundles", "sigstore.js@2.0.0-provenance.sigstore.json"), trusted: public,
			policy: policy{SubjectRegexp: "^https://github.com/sigstore/other/", Issuer: "https://token.actions.githubusercontent.com"},
			want:   actions.CodeSubject, failed: []verification.CheckID{verification.CheckSubject},
		},
		{
			name: "npm provenance, another deployment's trust root", bundle: filepath.Join(data, "bundles", "sigstore.js@2.0.0-provenance.sigstore.json"),
			trusted: filepath.Join(data, "trusted-roots", "scaffolding.json"), policy: anybody, want: actions.CodeLogEntry,
			failed: []verification.CheckID{verification.CheckChain, verification.CheckSET, verification.CheckProof},
		},
		{
			name: "attestation of an image", bundle: filepath.Join(cosignData, "oci-attestation.sigstore.json"),
			trusted: filepath.Join(cosignData, "trusted_root_pgi.json"), policy: policy{Subject: "cody@soyland.com", IssuerRegexp: "."},
		},
		{
			name: "subject of the kind OtherName", bundle: filepath.Join(data, "bundles", "othername.sigstore.json"),
			trusted: filepath.Join(data, "trusted-roots", "scaffolding.json"), policy: anybody,
		},
		{
			name: "two signatures in one envelope", bundle: filepath.Join(data, "bundles", "dsse-2sigs.sigstore.json"), trusted: public, policy: anybody,
			want: actions.CodeSignature, failed: []verification.CheckID{verification.CheckSignature},
		},
		{name: "envelope", bundle: filepath.Join(data, "bundles", "dsse.sigstore.json"), trusted: public, policy: anybody},
	} {
		t.Run(c.name, func(t *testing.T) {
			content := read(t, c.bundle)
			req := verification.BundleRequest{Name: c.bundle, Content: content, Digest: subjectOf(t, content), Policy: c.policy}
			report, err := trusting(t, c.trusted).VerifyBundle(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			s := report.Signature
			if code := actions.CodeOf(report.Verdict()); code != c.want {
				t.Errorf("%v, want %q", report.Verdict(), c.want)
			}
			var failed []verification.CheckID
			for _, check := range s.Checks {
				if check.State == verification.CheckFailed {
					failed = append(failed, check.ID)
				}
			}
			if len(failed) != len(c.failed) || s.Defect != nil {
				t.Errorf("failed %v, want %v; %v", failed, c.failed, s.Defect)
			}
			if t.Failed() {
				t.Log(matrix(s))
			}
		})
	}
}

// subjectOf is a digest that the bundle is about.
func subjectOf(t *testing.T, content []byte) v1.Hash {
	t.Helper()
	var b struct {
		DSSEEnvelope *struct {
			Payload []byte `json:"payload"`
		} `json:"dsseEnvelope"`
		MessageSignature *struct {
			MessageDigest struct {
				Digest []byte `json:"digest"`
			} `json:"messageDigest"`
		} `json:"messageSignature"`
	}
	if err := json.Unmarshal(content, &b); err != nil {
		t.Fatal(err)
	}
	if b.MessageSignature != nil {
		return v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(b.MessageSignature.MessageDigest.Digest)}
	}
	var statement struct {
		Subject []struct {
			Digest map[string]string `json:"digest"`
		} `json:"subject"`
	}
	if err := json.Unmarshal(b.DSSEEnvelope.Payload, &statement); err != nil {
		t.Fatal(err)
	}
	for algorithm, text := range statement.Subject[0].Digest {
		return v1.Hash{Algorithm: algorithm, Hex: text}
	}
	t.Fatal("a statement about nothing")
	return v1.Hash{}
}
