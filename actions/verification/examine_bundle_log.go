package verification

import (
	"bytes"
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	protorekor "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/tlog"

	"github.com/sigwalk/sigwalk/actions"
)

// maxEntries is how many log entries the verifier of bundles looks at.
const maxEntries = 32

// logged is one log entry of a bundle and how it came out. The verifier passes over an entry of a log that it does not
// know or whose promise does not verify, wants one good one, and refuses the bundle for anything else.
type logged struct {
	entry    *LogEntry
	record   *record
	body     Check
	payload  Check
	set      Check
	proof    Check
	promised bool // the log's promise verified
	good     bool // all but the time verified
	fatal    bool // enough to refuse the bundle whatever else it carries
}

// examineEntries checks each entry apart. It fails where the verifier looks at none.
func (e *bundleExaminee) examineEntries() ([]logged, error) {
	entries := e.bundle.GetVerificationMaterial().GetTlogEntries()
	if len(entries) > maxEntries {
		return nil, fmt.Errorf("it carries %d log entries, and no more than %d are looked at", len(entries), maxEntries)
	}
	seen := map[string]bool{}
	found := make([]logged, len(entries))
	for i, entry := range entries {
		key := fmt.Sprintf("%x %d", entry.GetLogId().GetKeyId(), entry.GetLogIndex())
		if seen[key] {
			return nil, errors.New("it carries the same log entry twice")
		}
		seen[key] = true
		found[i] = e.examineEntry(entry)
	}
	return found, nil
}

func (e *bundleExaminee) examineEntry(entry *protorekor.TransparencyLogEntry) logged {
	l := logged{entry: entryOf(entry)}
	var unread error
	l.record, unread = readAnyRecord(entry)
	l.body = guarded(CheckLogEntry, func() Check { return e.compareRecord(&l, unread) })
	l.payload = guarded(CheckLogPayload, func() Check { return e.comparePayload(l.record) })
	_, known := e.x.logs[l.entry.LogID]
	l.set = guarded(CheckSET, func() Check { return e.entrySET(&l) })
	l.proof = guarded(CheckProof, func() Check { return e.entryProof(&l, entry) })

	l.promised = l.set.State == CheckOK
	switch {
	case unread != nil:
		l.fatal = true
	case !known:
	case len(l.entry.SET) == 0 && l.entry.Proof == nil:
		l.fatal = true
	case len(l.entry.SET) > 0 && !l.promised:
	case l.proof.State == CheckFailed, l.body.State != CheckOK, l.payload.State != CheckOK:
		l.fatal = true
	default:
		l.good = true
	}
	return l
}

// entryOf is an entry in the form that the checks of both storages use.
func entryOf(entry *protorekor.TransparencyLogEntry) *LogEntry {
	l := &LogEntry{
		LogID: hex.EncodeToString(entry.GetLogId().GetKeyId()), Index: entry.GetLogIndex(),
		Kind: entry.GetKindVersion().GetKind(), Version: entry.GetKindVersion().GetVersion(),
		Body: entry.GetCanonicalizedBody(), SET: entry.GetInclusionPromise().GetSignedEntryTimestamp(),
	}
	if at := entry.GetIntegratedTime(); at != 0 {
		l.Integrated = unix(at)
	}
	if p := entry.GetInclusionProof(); p != nil {
		l.Proof = &InclusionProof{
			Index: p.GetLogIndex(), TreeSize: p.GetTreeSize(), RootHash: p.GetRootHash(), Hashes: p.GetHashes(),
			Checkpoint: p.GetCheckpoint().GetEnvelope(),
		}
	}
	return l
}

// readAnyRecord parses the body of an entry of either generation and refuses what the verifier of bundles does.
func readAnyRecord(entry *protorekor.TransparencyLogEntry) (*record, error) {
	body := entry.GetCanonicalizedBody()
	// Parsing for the second generation, only to find that it is the first, costs as much as the right one.
	if bytes.Contains(body, []byte("V002")) || bytes.Contains(body, []byte("v002")) {
		if r, err := readTilesRecord(body); err == nil {
			parsed, err := tlog.ParseTransparencyLogEntry(entry)
			if err == nil {
				err = tlog.ValidateEntry(parsed)
			}
			return r, err
		}
	}
	r, err := readRecord(body, nil)
	if err == nil && (r.kind == "rekord" || r.kind == "intoto" && r.version == "0.0.1") {
		err = errRecordKind
	}
	return r, err
}

// compareRecord compares what an entry records with the bundle.
func (e *bundleExaminee) compareRecord(l *logged, unread error) Check {
	place := e.place("canonicalizedBody of the log entry")
	expected := Value{"signature " + short(hex.EncodeToString(e.raw)), e.place("the signature of the bundle")}
	if unread != nil {
		return failed(actions.CodeLogEntry, "the log entry cannot be read: "+unread.Error(), nextTampered).sides(expected, Value{"no entry", place})
	}
	found := Value{fmt.Sprintf("entry %d: signature %s, %s", l.entry.Index, short(hex.EncodeToString(l.record.raw)), e.recordedKey(l.record)), place}
	if !bytes.Equal(l.record.raw, e.raw) {
		return failed(actions.CodeLogEntry, fmt.Sprintf("the log entry %d belongs to another signature", l.entry.Index), nextTampered).sides(expected, found)
	}
	der := l.record.key
	if !l.record.tiles {
		block, _ := pem.Decode(l.record.key)
		der = block.Bytes
	}
	if !e.sameKey(der) {
		expected = Value{"the certificate of the bundle", e.place("verificationMaterial")}
		next := nextTampered
		if e.x.key != nil {
			expected, next = Value{keyName(e.x.key), e.x.keyFrom}, "give --key the public key of whoever should have signed"
		}
		return failed(actions.CodeLogEntry, fmt.Sprintf("the log entry %d records another certificate or key", l.entry.Index), next).sides(expected, found)
	}
	return passed(fmt.Sprintf("entry %d records this signature and this key", l.entry.Index)).sides(expected, found)
}

// sameKey compares the certificate of the bundle, or else the given key, with that of an entry.
func (e *bundleExaminee) sameKey(der []byte) bool {
	cert, err := x509.ParseCertificate(der)
	if e.cert != nil {
		return err == nil && e.cert.Equal(cert)
	}
	if err == nil || e.x.key == nil {
		return false
	}
	recorded, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return false
	}
	given, err := e.x.key.PublicKey()
	key, ok := recorded.(interface{ Equal(crypto.PublicKey) bool })
	return err == nil && ok && key.Equal(given)
}

func (e *bundleExaminee) entrySET(l *logged) Check {
	switch {
	case len(l.entry.SET) > 0 && l.record != nil && l.record.tiles:
		return failed(actions.CodeSET, "logs of the second generation make no promises", nextTampered)
	case len(l.entry.SET) > 0:
		return e.checkSET(l.entry)
	case l.entry.Proof == nil:
		return failed(actions.CodeSET, "the log entry carries neither a promise of the log nor a proof", nextTampered).
			sides(Value{"a promise or a proof", fromLogs}, Value{"none", e.place("log entry")})
	}
	return notApplicable("the entry carries a proof in place of the promise")
}

// v1Checkpoint is how the first line of a Rekor v1 checkpoint ends: with the id of the tree.
var v1Checkpoint = regexp.MustCompile(`.* - \d+$`)

func (e *bundleExaminee) entryProof(l *logged, entry *protorekor.TransparencyLogEntry) Check {
	if l.entry.Proof == nil {
		c := e.notCarried()
		if e.x.holder != "" { // for which no log is asked
			c.Next = fmt.Sprintf("ask the log for the entry, which has it: `rekor-cli get --log-index %d`", l.entry.Index)
		}
		return c
	}
	if l.entry.Proof.Checkpoint == "" {
		return failed(actions.CodeProof, "the proof comes without the checkpoint, in which the log signs the root hash", "see the check format").
			sides(Value{"a checkpoint signed by a log of the trust root", fromLogs}, Value{"none", e.place("inclusion proof of the log entry")})
	}
	lines := strings.Split(l.entry.Proof.Checkpoint, "\n")
	first := len(lines) >= 4 && v1Checkpoint.MatchString(lines[0])
	if first {
		return e.checkProof(l.entry)
	}
	return e.checkTilesProof(l.entry, entry)
}

// hostOf is the host by which a log of the second generation calls itself in its checkpoints.
func hostOf(log *root.TransparencyLog) (string, error) {
	if log.BaseURL == "" {
		return "", errors.New("the trust root does not say how the log calls itself")
	}
	u, err := url.Parse(log.BaseURL)
	if err != nil {
		return "", err
	}
	return u.Hostname(), nil
}

// shown is the entry whose checks are shown: one that is enough to refuse the bundle, or else a good one, or the first.
func (e *bundleExaminee) shown() *logged {
	var good *logged
	for i := range e.logged {
		switch l := &e.logged[i]; {
		case l.fatal:
			return l
		case l.good && good == nil:
			good = l
		}
	}
	if good == nil && len(e.logged) > 0 {
		return &e.logged[0]
	}
	return good
}

func (e *bundleExaminee) logEntry(context.Context) Check {
	if e.x.policy.IgnoreLog {
		return e.skippedLog("nothing shows that the signature is in the transparency log")
	}
	place := e.place("verificationMaterial.tlogEntries")
	expected := Value{"this signature by this key", e.place("the signature of the bundle")}
	if e.crowded != nil {
		return failed(actions.CodeLogEntry, e.crowded.Error(), nextTampered).sides(expected, Value{"too many", place})
	}
	if l := e.shown(); l != nil {
		return l.body
	}
	return e.noEntry(expected, place)
}

func (e *bundleExaminee) set() Check {
	if e.x.policy.IgnoreLog {
		return e.skippedLog("index and time of the log entry are not checked")
	}
	if l := e.shown(); l != nil {
		return l.set
	}
	return needs(CheckLogEntry, "there is no log entry")
}

func (e *bundleExaminee) proof() Check {
	if e.x.policy.IgnoreLog {
		return e.skippedLog("nothing shows that the log kept its promise")
	}
	if l := e.shown(); l != nil {
		return l.proof
	}
	return needs(CheckLogEntry, "there is no log entry")
}

func (e *bundleExaminee) logPayload() Check {
	if e.x.policy.IgnoreLog {
		return e.skippedLog("the log entry is not compared with the payload")
	}
	if l := e.shown(); l != nil {
		return l.payload
	}
	return needs(CheckLogEntry, "there is no log entry that can be read")
}

// comparePayload compares the digest that an entry records with what the bundle signs.
func (e *bundleExaminee) comparePayload(r *record) Check {
	if r == nil {
		return needs(CheckLogEntry, "there is no log entry that can be read")
	}
	payload, err := e.payload()
	if err != nil {
		return needs(CheckFormat, "the payload cannot be read")
	}
	expected := Value{"", "SHA-256 of the payload"}
	found := Value{quoted(r.payloadHash), e.place("canonicalizedBody of the log entry")}
	fits := r.tiles || (e.envelope == nil) == (r.kind == "hashedrekord")
	switch {
	case e.envelope == nil:
		algorithm := messageAlgorithms[e.message.DigestAlgorithm()]
		expected = Value{hex.EncodeToString(e.message.Digest()), e.place("messageSignature.messageDigest")}
		if !r.tiles && algorithm != r.algorithm {
			expected.Text, found.Text = quoted(algorithm)+":"+expected.Text, r.algorithm+":"+found.Text
		}
	case r.tiles && r.kind == "dsse": // which is refused, for itself
		expected.Text = hashed(r.algorithm, payload)
	case r.tiles:
		// The second generation keeps of an envelope the digest of what was signed.
		expected = Value{hashed(r.algorithm, dsse.PAE(e.envelope.PayloadType, payload)), quoted(r.algorithm) + " of what was signed"}
	default:
		expected.Text = hashed("sha256", payload)
	}
	switch {
	case !fits:
		return failed(actions.CodeLogPayload, "the log entry is of the kind "+r.kind+", which records no payload of this form", nextTampered).sides(expected, found)
	case !strings.EqualFold(expected.Text, found.Text):
		return failed(actions.CodeLogPayload, "the payload is not the one that the log entry records", nextTampered).sides(expected, found)
	}
	return passed("the log entry records the payload").sides(expected, found)
}

// hashed is the digest of content in hex by an algorithm of log entries; empty for one that is not known.
func hashed(algorithm string, content []byte) string {
	switch algorithm {
	case "sha256":
		sum := sha256.Sum256(content)
		return hex.EncodeToString(sum[:])
	case "sha384":
		sum := sha512.Sum384(content)
		return hex.EncodeToString(sum[:])
	case "sha512":
		sum := sha512.Sum512(content)
		return hex.EncodeToString(sum[:])
	}
	return ""
}

func (e *bundleExaminee) payload() ([]byte, error) {
	if e.envelope == nil {
		if e.message == nil {
			return nil, errNoSignature
		}
		return nil, nil
	}
	return e.envelope.DecodeB64Payload()
}

// noEntry is the check of the entry where none is carried and none may be looked up.
func (e *evidence) noEntry(expected Value, place string) Check {
	next := "sign again with a transparency log; --insecure-ignore-tlog skips this check and what it proves"
	if e.x.policy.Offline {
		next = "leave out --offline, so that the log can be asked; or " + next
	}
	return failed(actions.CodeNoLogEntry, "it carries no log entry", next).sides(expected, Value{"none", place})
}

// stampsNeeded is true for a bundle all of whose entries are from logs that keep no time. cosign 3 then wants a time stamp
// as if --use-signed-timestamps had been given.
func (x *examination) stampsNeeded(entries []*protorekor.TransparencyLogEntry) bool {
	if x.policy.IgnoreLog || x.policy.KeyReference != "" || len(entries) == 0 {
		return false
	}
	for _, entry := range entries {
		if entry.GetIntegratedTime() != 0 {
			return false
		}
	}
	return true
}
