package verification

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"strings"

	"github.com/cyberphone/json-canonicalization/go/src/webpki.org/jsoncanonicalizer"
	protorekor "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"
	"github.com/sigstore/rekor/pkg/util"
	"github.com/sigstore/sigstore-go/pkg/tlog"
	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/sigwalk/sigwalk/actions"
)

// promise is what a log signs when it takes an entry. LogIndex counts over all shards.
type promise struct {
	Body           string `json:"body"`
	IntegratedTime int64  `json:"integratedTime"`
	LogIndex       int64  `json:"logIndex"`
	LogID          string `json:"logID"`
}

// canonical is the promise as it is signed (RFC 8785). The log's id must be in hex.
func (p promise) canonical() ([]byte, error) {
	if exact(p.IntegratedTime) && exact(p.LogIndex) {
		// Strings of this kind need no escapes, and numbers of this size look the same in every notation.
		return fmt.Appendf(nil, `{"body":"%s","integratedTime":%d,"logID":"%s","logIndex":%d}`, p.Body, p.IntegratedTime, p.LogID, p.LogIndex), nil
	}
	plain, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	return jsoncanonicalizer.Transform(plain)
}

// exact reports whether JSON's numbers, which are floating, can tell a number from its neighbours.
func exact(n int64) bool { return -1<<53 < n && n < 1<<53 }

// checkSET verifies the log's promise over body, time, index and log of an entry.
func (e *evidence) checkSET(entry *LogEntry) Check {
	place := e.place("signed entry timestamp of the log entry")
	if entry.Fetched {
		place = "answer of the log"
	}
	found := Value{fmt.Sprintf("entry %d of the log %s at %s", entry.Index, short(entry.LogID), clock(entry.Integrated)), place}
	log, known := e.x.logs[strings.ToLower(entry.LogID)]
	if !known {
		return failed(actions.CodeLogUnknown, "the entry is from a log that the trust root does not know", nextRoot).
			sides(Value{"one of the logs " + logNames(e.x.logs), fromLogs}, found)
	}
	expected := Value{"signed by the log " + logName(log, entry.LogID), fromLogs}
	switch {
	case log.ValidityPeriodStart.IsZero():
		return failed(actions.CodeSET, "the trust root does not say since when the log's key is valid", nextRoot).sides(expected, found)
	case !within(entry.Integrated, log.ValidityPeriodStart, log.ValidityPeriodEnd):
		expected.Text = "a time " + period(log.ValidityPeriodStart, log.ValidityPeriodEnd)
		return failed(actions.CodeSET, outsidePeriod, nextRoot).sides(expected, found)
	}
	if len(entry.SET) == 0 {
		return failed(actions.CodeSET, "the log's promise is missing", nextTampered).sides(expected, Value{"none", place})
	}
	key, ok := log.PublicKey.(*ecdsa.PublicKey)
	if !ok {
		return failed(actions.CodeSET, fmt.Sprintf("the log's key is of a kind that promises are not made with: %T", log.PublicKey), nextRoot).
			sides(expected, found)
	}
	plain, err := promise{base64.StdEncoding.EncodeToString(entry.Body), entry.Integrated.Unix(), entry.Index, strings.ToLower(entry.LogID)}.canonical()
	sum := sha256.Sum256(plain)
	if err != nil || !ecdsa.VerifyASN1(key, sum[:], entry.SET) {
		return failed(actions.CodeSET, "body, index, time and log of the entry are not those that the log signed", nextTampered).sides(expected, found)
	}
	return passed("the log signed body, index and time of the entry").sides(expected, found)
}

// checkProof recomputes the root hash of the tree from the entry, and verifies the log's signature over it (RFC 6962,
// 2.1.1; the checkpoint is a signed note).
func (e *evidence) checkProof(entry *LogEntry) Check {
	p := entry.Proof
	verifier, expected, found, bad := e.prover(entry)
	if bad != nil {
		return *bad
	}
	leaf := entry.LeafHash()
	if err := proof.VerifyInclusion(rfc6962.DefaultHasher, uint64(p.Index), uint64(p.TreeSize), leaf, p.Hashes, p.RootHash); err != nil {
		expected = Value{"root hash " + hex.EncodeToString(p.RootHash), found.Source}
		found.Text = "a way to another root hash"
		if steps, ok := p.Path(leaf); ok && len(steps) > 0 {
			found.Text = "root hash " + hex.EncodeToString(steps[len(steps)-1].Hash)
		}
		return failed(actions.CodeProof, "the proof does not lead from the entry to the root hash", nextTampered).sides(expected, found)
	}
	if why := signedRoot(p, verifier); why != "" {
		c := failed(actions.CodeProof, "the checkpoint is not the log's: "+why, nextTampered).sides(expected, found)
		if entry.Fetched {
			// cosign takes the root hash in the log's answer at its word.
			c = c.ours()
		}
		return c
	}
	return passed(fmt.Sprintf("the way from the entry leads in %s to a root hash that the log signed", counted(len(p.Hashes), "step"))).sides(expected, found)
}

// signedRoot says what is wrong with the checkpoint of a Rekor v1 log; "" when it is good.
func signedRoot(p *InclusionProof, verifier signature.Verifier) string {
	var checkpoint util.SignedCheckpoint
	if err := checkpoint.UnmarshalText([]byte(p.Checkpoint)); err != nil {
		return err.Error()
	}
	if !checkpoint.Verify(verifier) {
		return "its signature does not verify"
	}
	if !bytes.Equal(checkpoint.Hash, p.RootHash) {
		return fmt.Sprintf("it is about the root hash %x, and the proof about %x", checkpoint.Hash, p.RootHash)
	}
	return ""
}

// checkTilesProof does the same for a log of the second generation, whose checkpoint names the log by its host.
func (e *evidence) checkTilesProof(entry *LogEntry, stored *protorekor.TransparencyLogEntry) Check {
	verifier, expected, found, bad := e.prover(entry)
	if bad != nil {
		return *bad
	}
	origin, err := hostOf(e.x.logs[entry.LogID])
	if err == nil {
		var parsed *tlog.Entry
		if parsed, err = tlog.ParseTransparencyLogEntry(stored); err == nil {
			err = tlog.VerifyCheckpointAndInclusion(parsed, verifier, origin)
		}
	}
	if err != nil {
		return failed(actions.CodeProof, "the proof does not lead to a root hash that the log signed: "+err.Error(), nextTampered).sides(expected, found)
	}
	return passed(fmt.Sprintf("the way from the entry leads in %s to a root hash that the log signed", counted(len(entry.Proof.Hashes), "step"))).
		sides(expected, found)
}

// prover is the log's key and the two sides of the check, or the check when there is no key.
func (e *evidence) prover(entry *LogEntry) (verifier signature.Verifier, expected, found Value, bad *Check) {
	p := entry.Proof
	place := e.place("inclusion proof of the log entry")
	if entry.Fetched {
		place = "answer of the log"
	}
	found = Value{fmt.Sprintf("entry %d of %d (index in the shard)", p.Index, p.TreeSize), place}
	log, known := e.x.logs[strings.ToLower(entry.LogID)]
	if !known {
		c := failed(actions.CodeLogUnknown, "the entry is from a log that the trust root does not know", nextRoot).
			sides(Value{"one of the logs " + logNames(e.x.logs), fromLogs}, found)
		return nil, Value{}, found, &c
	}
	expected = Value{"a root hash signed by the log " + logName(log, entry.LogID), fromLogs}
	verifier, err := signature.LoadVerifier(log.PublicKey, log.SignatureHashFunc)
	if err != nil {
		c := failed(actions.CodeProof, "the log's key cannot be used: "+err.Error(), nextRoot).sides(expected, found)
		return nil, expected, found, &c
	}
	return verifier, expected, found, nil
}

// notCarried is the proof that no signature tag has.
func (e *evidence) notCarried() Check {
	return skipped(actions.CodeNoProof, "not carried: what is stored holds the log's promise and no proof that it was kept",
		"fetch it from the log with --fetch-proofs").ours().
		sides(Value{"an inclusion proof", ""}, Value{"none", e.place("log entry")})
}

// recordedKey names the key that an entry records.
func (e *evidence) recordedKey(r *record) string {
	der := r.key
	if block, _ := pem.Decode(r.key); block != nil {
		der = block.Bytes
	}
	if e.cert != nil && bytes.Equal(der, e.cert.Raw) {
		return "certificate " + fingerprint(der)
	}
	if cert, err := x509.ParseCertificate(der); err == nil {
		return "certificate " + fingerprint(cert.Raw)
	}
	return "key " + fingerprint(der)
}
