package verification

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/go-openapi/runtime"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/sigstore/cosign/v2/pkg/oci/static"
	"github.com/sigstore/rekor/pkg/generated/models"
	"github.com/sigstore/rekor/pkg/types"
	kind "github.com/sigstore/rekor/pkg/types/hashedrekord"
	hashedrekord "github.com/sigstore/rekor/pkg/types/hashedrekord/v0.0.1"

	"github.com/sigwalk/sigwalk/actions/verification/verificationtest"
)

// counting is Rekor's own reader, which counts how often it is asked for one entry.
type counting struct {
	types.TypeImpl
	entry [32]byte
	asked *atomic.Int64
}

func (c counting) UnmarshalEntry(proposed models.ProposedEntry) (types.EntryImpl, error) {
	if _, sum, ok := signedContent(proposed); ok && sum == c.entry {
		c.asked.Add(1)
	}
	return c.TypeImpl.UnmarshalEntry(proposed)
}

// onlyCounting puts Rekor's own reader back, and returns how often it was asked for an entry since.
func onlyCounting(tb testing.TB, body []byte) func() int64 {
	tb.Helper()
	_, sum, ok := signedContent(proposedEntry(tb, body))
	if !ok {
		tb.Fatal("the entry is not one that is remembered")
	}
	var asked atomic.Int64
	types.TypeMap.Store(kind.KIND, func() types.TypeImpl { return counting{kind.New(), sum, &asked} })
	return asked.Load
}

// signedLayer is a signature of a new deployment, the body of its log entry, and what it verifies against.
func signedLayer(tb testing.TB) (d *verificationtest.Deployment, image name.Digest, layer verificationtest.Layer, body []byte) {
	tb.Helper()
	image, err := name.NewDigest("example.com/org/app@" + v1.Hash{Algorithm: "sha256", Hex: "c3ab8ff13720e8ad9047dd39466b3c8974e592c2fa383d4a3960714caef0c4f2"}.String())
	if err != nil {
		tb.Fatal(err)
	}
	d = verificationtest.MustNew()
	layer, err = d.Sign(image, verificationtest.Spec{Subject: "alice@example.com", Issuer: "https://idp.example.com"})
	if err != nil {
		tb.Fatal(err)
	}
	entry, err := layer.Entry()
	if err != nil {
		tb.Fatal(err)
	}
	body, err = base64.StdEncoding.DecodeString(entry.Payload.Body.(string))
	if err != nil {
		tb.Fatal(err)
	}
	return d, image, layer, body
}

func proposedEntry(tb testing.TB, body []byte) models.ProposedEntry {
	tb.Helper()
	proposed, err := models.UnmarshalProposedEntry(bytes.NewReader(body), runtime.JSONConsumer())
	if err != nil {
		tb.Fatal(err)
	}
	return proposed
}

// TestEntryVerifiedOnce judges and explains a signature: of all the times that its log entry is read, Rekor's own reader
// is asked once. It runs beside no other test: the registry of readers is the process's.
func TestEntryVerifiedOnce(t *testing.T) {
	d, image, layer, body := signedLayer(t)
	asked := onlyCounting(t, body)
	policy := Policy{Subject: "alice@example.com", Issuer: "https://idp.example.com"}
	co := policy.checkOptions()
	co.TrustedMaterial = d.TrustedRoot()
	x, err := examinationOf(image, policy, co)
	if err != nil {
		t.Fatal(err)
	}
	s := Signature{Kind: KindSignature, Storage: StoredInTag}
	s.readLayer(v1.Descriptor{Annotations: layer.Annotations, MediaType: "application/vnd.dev.cosign.simplesigning.v1+json"}, fetched{content: layer.Payload})
	newJudgement(x, co).judge(context.Background(), &s)
	if !s.Verified || asked() != 1 {
		t.Errorf("verified %t (%v), the entry was verified %d times", s.Verified, s.Reason, asked())
	}
	if len(s.chains) != 1 {
		t.Errorf("%d chains are remembered, want one", len(s.chains))
	}
	s.Explain(context.Background())
	if asked() != 1 || s.Defect != nil || s.Check(CheckChain).State != CheckOK || len(s.chains) != 1 {
		t.Errorf("explained: verified %d times, defect %v, chain %+v", asked(), s.Defect, s.Check(CheckChain))
	}

	// Another signature beside the same entry is refused as ever.
	other, err := d.Sign(image, verificationtest.Spec{Subject: "alice@example.com", Issuer: "https://idp.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	swapped := Signature{Kind: KindSignature, Storage: StoredInTag}
	swapped.readLayer(v1.Descriptor{Annotations: other.With(static.BundleAnnotationKey, layer.Annotations[static.BundleAnnotationKey]).Annotations}, fetched{content: layer.Payload})
	newJudgement(x, co).judge(context.Background(), &swapped)
	if swapped.Verified {
		t.Error("a signature verified with the log entry of another")
	}
}

// TestEntryOnceIsRekors changes one or two texts of an entry that was remembered: what the reader says of it, the first and the
// second time, is what Rekor's own says.
func TestEntryOnceIsRekors(t *testing.T) {
	_, _, _, body := signedLayer(t)
	_, _, _, donor := signedLayer(t)
	once := &onceVerified{TypeImpl: kind.New()}
	for _, known := range [][]byte{body, donor} {
		if _, err := once.UnmarshalEntry(proposedEntry(t, known)); err != nil {
			t.Fatal(err)
		}
	}
	// All that Rekor's reader looks at.
	paths := [][]string{
		{"apiVersion"},
		{"spec", "data", "hash", "algorithm"},
		{"spec", "data", "hash", "value"},
		{"spec", "signature", "content"},
		{"spec", "signature", "publicKey", "content"},
	}
	changes := []func(from string) any{
		func(from string) any { return from },
		func(string) any { return nil },
		func(string) any { return "" },
		func(string) any { return "sha512" },
		func(from string) any { return strings.ToUpper(from) },
		func(from string) any { return from + "A" },
		func(string) any { return 1 },
	}
	good, bad := 0, 0
	try := func(what string, change func(entry, donor map[string]any)) {
		var entry, other map[string]any
		if err := errors.Join(json.Unmarshal(body, &entry), json.Unmarshal(donor, &other)); err != nil {
			t.Fatal(err)
		}
		change(entry, other)
		changed, err := json.Marshal(entry)
		if err != nil {
			t.Fatal(err)
		}
		proposed, err := models.UnmarshalProposedEntry(bytes.NewReader(changed), runtime.JSONConsumer())
		if err != nil {
			return
		}
		want, refused := kind.New().UnmarshalEntry(proposed)
		for range 2 {
			got, err := once.UnmarshalEntry(proposed)
			switch {
			case (err == nil) != (refused == nil) || err != nil && err.Error() != refused.Error():
				t.Fatalf("%s: reads as %v, and Rekor's own says %v", what, err, refused)
			case err == nil && !same(t, got, want):
				t.Fatalf("%s: reads as %+v, and Rekor's own as %+v", what, got, want)
			}
		}
		if refused == nil {
			good++
		} else {
			bad++
		}
	}
	set := func(path []string, change func(string) any) func(entry, donor map[string]any) {
		return func(entry, donor map[string]any) {
			for _, name := range path[:len(path)-1] {
				entry, donor = entry[name].(map[string]any), donor[name].(map[string]any)
			}
			name := path[len(path)-1]
			entry[name] = change(donor[name].(string))
		}
	}
	for i, first := range paths {
		for k, one := range changes {
			for j, second := range paths[i:] {
				for l, two := range changes {
					try(fmt.Sprintf("%v changed by %d and %v by %d", first, k, second, l), func(entry, donor map[string]any) {
						set(first, one)(entry, donor)
						if j > 0 {
							set(second, two)(entry, donor)
						}
					})
				}
			}
		}
	}
	for _, path := range paths {
		try(fmt.Sprintf("without %v", path), func(entry, _ map[string]any) {
			for _, name := range path[:len(path)-1] {
				entry = entry[name].(map[string]any)
			}
			delete(entry, path[len(path)-1])
		})
	}
	if good == 0 || bad == 0 {
		t.Errorf("%d good entries and %d bad ones prove nothing", good, bad)
	}
}

// same compares entries of one kind by what they hold.
func same(tb testing.TB, a, b types.EntryImpl) bool {
	tb.Helper()
	left, err := json.Marshal(a)
	if err != nil {
		tb.Fatal(err)
	}
	right, err := json.Marshal(b)
	if err != nil {
		tb.Fatal(err)
	}
	return bytes.Equal(left, right)
}

// TestEntryOnceSharesNothing: who changes an entry that was read changes none that is read later.
func TestEntryOnceSharesNothing(t *testing.T) {
	_, _, _, body := signedLayer(t)
	once := &onceVerified{TypeImpl: kind.New()}
	first, err := once.UnmarshalEntry(proposedEntry(t, body))
	if err != nil {
		t.Fatal(err)
	}
	before, err := json.Marshal(first)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		entry, err := once.UnmarshalEntry(proposedEntry(t, body))
		if err != nil {
			t.Fatal(err)
		}
		if now, err := json.Marshal(entry); err != nil || !bytes.Equal(now, before) {
			t.Fatalf("%v: it reads as %s, and did as %s", err, now, before)
		}
		content := &entry.(*hashedrekord.V001Entry).HashedRekordObj
		content.Signature.Content[0]++
		content.Signature.PublicKey.Content[0]++
		*content.Data.Hash.Value, *content.Data.Hash.Algorithm = "", ""
	}
}

// TestOutcomesAreBounded: however much is remembered, memory is not filled, and what came last is there.
func TestOutcomesAreBounded(t *testing.T) {
	var o outcomes
	for i := range 5 * remembered {
		sum := [32]byte{byte(i), byte(i >> 8), byte(i >> 16)}
		if o.has(sum) {
			t.Fatalf("%d is known before it came", i)
		}
		o.add(sum)
		if !o.has(sum) || len(o.latest)+len(o.older) > 2*remembered {
			t.Fatalf("after %d: there %t, %d kept", i, o.has(sum), len(o.latest)+len(o.older))
		}
	}
}
