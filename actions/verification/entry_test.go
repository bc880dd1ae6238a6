package verification_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	cbundle "github.com/sigstore/cosign/v2/pkg/cosign/bundle"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/merkle/testonly"

	"github.com/sigwalk/sigwalk/actions/verification"
)

// TestPath holds the drawn way up the tree against a reference implementation of the tree, for every entry of every size.
func TestPath(t *testing.T) {
	tree := testonly.New(rfc6962.DefaultHasher)
	for size := int64(1); size <= 70; size++ {
		tree.AppendData([]byte(fmt.Sprint(size)))
		for index := range size {
			hashes, err := tree.InclusionProof(uint64(index), uint64(size))
			if err != nil {
				t.Fatal(err)
			}
			entry := &verification.LogEntry{Body: []byte(fmt.Sprint(index + 1))}
			p := &verification.InclusionProof{Index: index, TreeSize: size, Hashes: hashes}
			steps, ok := p.Path(entry.LeafHash())
			root := entry.LeafHash()
			if len(steps) > 0 {
				root = steps[len(steps)-1].Hash
			}
			if !ok || !bytes.Equal(root, tree.HashAt(uint64(size))) || len(steps) != len(hashes) {
				t.Fatalf("entry %d of %d: %d steps, %t", index, size, len(steps), ok)
			}
			if err := proof.VerifyInclusion(rfc6962.DefaultHasher, uint64(index), uint64(size), entry.LeafHash(), hashes, root); err != nil {
				t.Fatalf("entry %d of %d: %v", index, size, err)
			}
		}
	}
	for _, p := range []verification.InclusionProof{{Index: -1, TreeSize: 1}, {Index: 1, TreeSize: 1}, {Index: 0, TreeSize: 2}, {TreeSize: 1, Hashes: [][]byte{{1}}}} {
		if _, ok := p.Path(make([]byte, 32)); ok {
			t.Errorf("%+v has a way to a root", p)
		}
	}
}

// TestPromiseMissing: a log entry without the log's promise is no entry, whatever else stands in it.
func TestPromiseMissing(t *testing.T) {
	w := newWorld(t)
	w.attach(tamper(w, good(w), func(b *cbundle.RekorBundle) { b.SignedEntryTimestamp = nil }))
	s := w.verify(byAlicePolicy).Signatures[0]
	if c := s.Check(verification.CheckSET); s.Verified || c.State != verification.CheckFailed || !strings.Contains(c.What, "promise is missing") {
		t.Errorf("verified %t; %s: %s", s.Verified, c.State, c.What)
	}
}

// TestEntryOfTwoSignatures: an entry whose first signature is the attestation's, and which the log signed, records one more. cosign reads none.
func TestEntryOfTwoSignatures(t *testing.T) {
	w := newWorld(t)
	w.attach(good(w))
	w.put("att", tamper(w, w.attest(byAlice), func(b *cbundle.RekorBundle) {
		text, _ := b.Payload.Body.(string)
		raw, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		var body map[string]any
		if err := json.Unmarshal(raw, &body); err != nil {
			t.Fatal(err)
		}
		content, _ := body["spec"].(map[string]any)
		signatures, _ := content["signatures"].([]any)
		if len(signatures) != 1 {
			t.Fatalf("no signature in %s", raw)
		}
		content["signatures"] = append(signatures, signatures[0])
		if raw, err = json.Marshal(body); err != nil {
			t.Fatal(err)
		}
		promised, err := w.d.Promise(raw, b.Payload.LogIndex, time.Unix(b.Payload.IntegratedTime, 0))
		if err != nil {
			t.Fatal(err)
		}
		*b = *promised
	}))
	report, err := w.verifier.Everything(t.Context(), w.tag(), byAlicePolicy)
	if err != nil {
		t.Fatal(err)
	}
	if err := report.Explain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(report.Attached) != 1 {
		t.Fatalf("%d rows", len(report.Attached))
	}
	s := &report.Attached[0]
	c := s.Check(verification.CheckLogEntry)
	if s.Verified || s.Defect != nil || c.State != verification.CheckFailed || !strings.Contains(c.What, "more than one signature") {
		t.Errorf("verified %t, defect %v; %s: %s", s.Verified, s.Defect, c.State, c.What)
	}
}
