package recovery_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"os"
	"path/filepath"
	"slices"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/sigstore/cosign/v2/pkg/oci/static"
	ctypes "github.com/sigstore/cosign/v2/pkg/types"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/signature/payload"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/recovery"
	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/workshop/sandbox"
	"github.com/sigwalk/sigwalk/workshop/sandbox/sandboxtest"
)

// pair is a key pair with its public half in a file.
type pair struct {
	private *ecdsa.PrivateKey
	pem     []byte
	file    string
}

func newPair(t *testing.T) pair {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := cryptoutils.MarshalPublicKeyToPEM(private.Public())
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "cosign.pub")
	if err := os.WriteFile(file, encoded, 0o600); err != nil {
		t.Fatal(err)
	}
	return pair{private, encoded, file}
}

func (k pair) sign(t *testing.T, message []byte) []byte {
	t.Helper()
	sum := sha256.Sum256(message)
	signature, err := k.private.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return signature
}

// claims is what cosign signs for the image.
func (p *person) claims(t *testing.T) []byte {
	t.Helper()
	text, err := payload.Cosign{Image: p.digest}.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// unlogged is the layer of `cosign sign --key ... --tlog-upload=false`.
func (p *person) unlogged(t *testing.T, k pair) v1.Descriptor {
	t.Helper()
	claims := p.claims(t)
	layer := p.upload(t, claims, ctypes.SimpleSigningMediaType)
	layer.Annotations = map[string]string{static.SignatureAnnotationKey: base64.StdEncoding.EncodeToString(k.sign(t, claims))}
	return layer
}

// TestTheHistoryBringsBackWhatNeverWasInTheLog: the layers come back byte for byte, with time stamps and without a log.
func TestTheHistoryBringsBackWhatNeverWasInTheLog(t *testing.T) {
	p, key := newPerson(t), newPair(t)
	p.sign(t, sandbox.StudentUser, nil)
	stamped := p.layers(t)[0]
	if stamped.Annotations[static.RFC3161TimestampAnnotationKey] == "" {
		t.Fatal("the sandbox gave no time stamp")
	}
	keyed := p.unlogged(t, key)
	p.overwrite(t, keyed)
	p.sign(t, sandbox.AdminUser, nil)
	latest := p.layers(t)
	p.overwrite(t, latest[1])

	report := p.recover(t, from(recovery.FromHistory))
	if left := report.NotRebuildable(); len(report.Attached()) != 1 || len(left) != 1 || left[0].Reason.Code != actions.CodeNoCertificate {
		t.Fatalf("without the key: attached %d, left %+v", len(report.Attached()), left)
	}
	req := from(recovery.FromHistory)
	req.Policy = verification.Policy{KeyReference: key.file}
	if report = p.recover(t, req); len(report.Attached()) != 1 || report.After != 3 {
		t.Errorf("with the key: attached %d, after %d", len(report.Attached()), report.After)
	}
	have := p.layers(t)
	for _, want := range []v1.Descriptor{stamped, keyed, latest[1]} {
		if !slices.ContainsFunc(have, func(d v1.Descriptor) bool { return sameLayer(d, want) }) {
			t.Errorf("%v is not there as it was", want.Annotations[static.SignatureAnnotationKey])
		}
	}
	before := p.manifest(t)
	if again := p.recover(t, req); len(again.Attached()) != 0 || !bytes.Equal(before, p.manifest(t)) {
		t.Errorf("the second time: %d attached", len(again.Attached()))
	}
}

func sameLayer(a, b v1.Descriptor) bool {
	if a.Digest != b.Digest || a.MediaType != b.MediaType || a.Size != b.Size || len(a.Annotations) != len(b.Annotations) {
		return false
	}
	for k, v := range a.Annotations {
		if b.Annotations[k] != v {
			return false
		}
	}
	return true
}

// TestBothSourcesKnowOneSignature: it is one, and comes back as it was.
func TestBothSourcesKnowOneSignature(t *testing.T) {
	p := newPerson(t)
	p.sign(t, sandbox.StudentUser, nil)
	stamped := p.layers(t)[0]
	p.overwrite(t)
	report := p.recover(t, recovery.Request{})
	if len(report.Signatures) != 1 || !slices.Equal(report.Signatures[0].Sources, []recovery.Source{recovery.FromHistory, recovery.FromLog}) {
		t.Fatalf("found %+v", report.Signatures)
	}
	if found := report.Signatures[0]; found.LogIndex == nil || found.Integrated == nil || found.UUID == "" || found.Subject != sandbox.StudentUser {
		t.Errorf("what the log knows is missing: %+v", found)
	}
	if have := p.layers(t); len(have) != 1 || !sameLayer(have[0], stamped) {
		t.Error("it is not as it was")
	}
}

// TestAWrongKeyBringsNothingBack: what somebody else's key made stays away.
func TestAWrongKeyBringsNothingBack(t *testing.T) {
	p, key, other := newPerson(t), newPair(t), newPair(t)
	p.overwrite(t, p.unlogged(t, key))
	p.overwrite(t)
	req := from(recovery.FromHistory)
	req.Policy = verification.Policy{KeyReference: other.file}
	report := p.recover(t, req)
	if left := report.NotRebuildable(); len(report.Attached()) != 0 || len(left) != 1 || left[0].Reason.Code != actions.CodeSignature {
		t.Errorf("attached %d, left %+v", len(report.Attached()), left)
	}
}

// TestWhatLayThereAndWasNoSignature: a history with other things in it harms nobody.
func TestWhatLayThereAndWasNoSignature(t *testing.T) {
	p := newPerson(t)
	p.sign(t, sandbox.StudentUser, nil)
	signed := p.layers(t)[0]
	junk := p.upload(t, []byte("not a payload"), types.OCILayer)
	p.overwrite(t, junk)
	twisted := signed
	twisted.Digest, twisted.Size = junk.Digest, junk.Size
	twisted.Annotations = map[string]string{}
	for k, v := range signed.Annotations {
		twisted.Annotations[k] = v
	}
	twisted.Annotations[static.SignatureAnnotationKey] = base64.StdEncoding.EncodeToString([]byte("not a signature"))
	p.overwrite(t, twisted)
	list, err := remote.Get(p.digest, remote.WithAuth(sandboxtest.Login(t)))
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Tag(p.tag, list, remote.WithAuth(sandboxtest.Login(t))); err != nil { // the image itself under that name
		t.Fatal(err)
	}
	p.overwrite(t)
	report := p.recover(t, from(recovery.FromHistory))
	if len(report.Attached()) != 1 || len(report.NotRebuildable()) != 1 {
		t.Errorf("attached %d, left %+v", len(report.Attached()), report.NotRebuildable())
	}
	if have := p.layers(t); len(have) != 1 || !sameLayer(have[0], signed) {
		t.Errorf("%d signatures are there", len(have))
	}
}
