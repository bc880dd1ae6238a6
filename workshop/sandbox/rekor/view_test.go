package rekor_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/go-openapi/runtime"
	"github.com/sigstore/rekor/pkg/client"
	rekorclient "github.com/sigstore/rekor/pkg/generated/client"
	"github.com/sigstore/rekor/pkg/generated/client/entries"
	"github.com/sigstore/rekor/pkg/generated/client/index"
	"github.com/sigstore/rekor/pkg/generated/client/tlog"
	"github.com/sigstore/rekor/pkg/generated/models"
	"github.com/sigstore/rekor/pkg/util"
	"github.com/sigstore/rekor/pkg/verify"
	"github.com/sigstore/sigstore-go/pkg/sign"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/signature"

	"github.com/sigwalk/sigwalk/workshop/sandbox/internal/trial"
)

// view is a client's view of a log.
type view struct {
	t        *testing.T
	client   *rekorclient.Rekor
	verifier signature.Verifier
}

func look(t *testing.T, e trial.Endpoints) view {
	t.Helper()
	c, err := client.GetRekorClient(e.Rekor, client.WithRetryCount(0))
	if err != nil {
		t.Fatal(err)
	}
	key, err := cryptoutils.UnmarshalPEMToPublicKey(e.RekorKey)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := signature.LoadVerifier(key, crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return view{t, c, verifier}
}

// entry fetches the entry at index and checks, with Rekor's own verifier, its inclusion, checkpoint and signed entry
// timestamp.
func (v view) entry(logIndex int64) (string, models.LogEntryAnon) {
	v.t.Helper()
	got, err := v.client.Entries.GetLogEntryByIndex(entries.NewGetLogEntryByIndexParams().WithLogIndex(logIndex))
	if err != nil {
		v.t.Fatalf("entry %d: %v", logIndex, err)
	}
	for id, entry := range got.Payload {
		if err := verify.VerifyLogEntry(v.t.Context(), &entry, v.verifier); err != nil {
			v.t.Fatalf("entry %d: %v", logIndex, err)
		}
		return id, entry
	}
	v.t.Fatalf("entry %d: the answer is empty", logIndex)
	return "", models.LogEntryAnon{}
}

// checkpoint fetches and verifies the current checkpoint.
func (v view) checkpoint() *util.SignedCheckpoint {
	v.t.Helper()
	info, err := v.client.Tlog.GetLogInfo(tlog.NewGetLogInfoParams())
	if err != nil {
		v.t.Fatal(err)
	}
	c := &util.SignedCheckpoint{}
	if err := c.UnmarshalText([]byte(*info.Payload.SignedTreeHead)); err != nil {
		v.t.Fatal(err)
	}
	if !c.Verify(v.verifier) {
		v.t.Fatal("the checkpoint's signature does not verify")
	}
	return c
}

// find asks the search index, sorted.
func (v view) find(query models.SearchIndex) []string {
	v.t.Helper()
	found, err := v.client.Index.SearchIndex(index.NewSearchIndexParams().WithQuery(&query))
	if err != nil {
		v.t.Fatal(err)
	}
	slices.Sort(found.Payload)
	return found.Payload
}

// findAtLeast asks until the index has caught up with n entries; Rekor writes to it after its answer.
func (v view) findAtLeast(n int, query models.SearchIndex) []string {
	v.t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for {
		found := v.find(query)
		if len(found) >= n {
			return found
		}
		if time.Now().After(deadline) {
			v.t.Fatalf("the index has %d entries for %+v, want %d", len(found), query, n)
		}
	}
}

// statement is an in-toto statement on digest. The log keeps its hash only, so that its subject is in the index alone.
func statement(digest string) *sign.DSSEData {
	return &sign.DSSEData{
		PayloadType: "application/vnd.in-toto+json",
		Data: fmt.Appendf(nil, `{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"image","digest":{"sha256":%q}}],`+
			`"predicateType":"https://example.com/p","predicate":{}}`, digest),
	}
}

func hexDigest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// seen is everything a client learnt of a log that must not change.
type seen struct {
	ids        []string
	entries    []models.LogEntryAnon
	checkpoint *util.SignedCheckpoint
	byEmail    []string
	bySubject  []string
}

func (v view) all(n int, subject string) seen {
	s := seen{
		checkpoint: v.checkpoint(),
		byEmail:    v.findAtLeast(n, models.SearchIndex{Email: trial.Email}),
		bySubject:  v.findAtLeast(1, models.SearchIndex{Hash: "sha256:" + subject}),
	}
	for i := range n {
		id, entry := v.entry(int64(i))
		s.ids, s.entries = append(s.ids, id), append(s.entries, entry)
	}
	return s
}

// same fails when what v shows differs from what was seen before.
func (v view) same(before seen, subject string) {
	v.t.Helper()
	now := v.all(len(before.ids), subject)
	for i, was := range before.entries {
		is := now.entries[i]
		if now.ids[i] != before.ids[i] || *is.LogIndex != *was.LogIndex || *is.IntegratedTime != *was.IntegratedTime ||
			*is.LogID != *was.LogID || is.Body != was.Body {
			v.t.Errorf("entry %d was %s at %d, is %s at %d", i, before.ids[i], *was.IntegratedTime, now.ids[i], *is.IntegratedTime)
		}
		// The signed entry timestamp of before is over what the log says now.
		is.Verification = was.Verification
		if err := verify.VerifySignedEntryTimestamp(v.t.Context(), &is, v.verifier); err != nil {
			v.t.Errorf("entry %d: the timestamp of before: %v", i, err)
		}
		if *now.entries[i].Verification.InclusionProof.TreeSize == *was.Verification.InclusionProof.TreeSize &&
			!slices.Equal(now.entries[i].Verification.InclusionProof.Hashes, was.Verification.InclusionProof.Hashes) {
			v.t.Errorf("entry %d: the inclusion proof changed", i)
		}
	}
	if !slices.Equal(now.byEmail, before.byEmail) {
		v.t.Errorf("found by e-mail: %v, was %v", now.byEmail, before.byEmail)
	}
	if !slices.Equal(now.bySubject, before.bySubject) {
		v.t.Errorf("found by subject: %v, was %v", now.bySubject, before.bySubject)
	}
	if _, err := verify.VerifyCurrentCheckpoint(v.t.Context(), v.client, v.verifier, before.checkpoint); err != nil {
		v.t.Errorf("the log is not consistent with the checkpoint of before: %v", err)
	}
}

// proposed makes an entry that a client would propose of the body of one that is logged.
func proposed(t *testing.T, body string) models.ProposedEntry {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(body)
	if err != nil {
		t.Fatal(err)
	}
	proposal, err := models.UnmarshalProposedEntry(bytes.NewReader(raw), runtime.JSONConsumer())
	if err != nil {
		t.Fatal(err)
	}
	return proposal
}

// start starts the servers in this process, of which there is one set at a time.
func start(t *testing.T, dir string) *trial.Services {
	t.Helper()
	s, err := trial.Start(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
