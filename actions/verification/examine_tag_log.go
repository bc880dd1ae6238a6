package verification

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"github.com/go-openapi/runtime"
	cbundle "github.com/sigstore/cosign/v2/pkg/cosign/bundle"
	"github.com/sigstore/cosign/v2/pkg/oci/static"
	"github.com/sigstore/rekor/pkg/generated/models"
	"github.com/sigstore/sigstore/pkg/cryptoutils"

	"github.com/sigwalk/sigwalk/actions"
)

// logEntry compares signature and key with the entry that is carried. Where none is, the log is asked as cosign asks it.
func (e *tagExaminee) logEntry(ctx context.Context) Check {
	carried := e.s.stored.entry
	e.read(carried)
	if e.x.policy.IgnoreLog {
		return e.skippedLog("nothing shows that the signature is in the transparency log")
	}
	place := e.place("annotation " + static.BundleAnnotationKey)
	if carried == nil {
		return e.ask(ctx, place)
	}
	expected := Value{"this signature by this key", e.place("annotation " + static.SignatureAnnotationKey)}
	if e.unread != nil {
		return failed(actions.CodeLogEntry, "the log entry beside the signature cannot be read: "+e.unread.Error(), nextTampered).
			sides(expected, Value{"no entry", place})
	}
	return e.records(expected, place)
}

// read fills in the entry that is carried, and what its body says.
func (e *tagExaminee) read(carried *cbundle.RekorBundle) {
	if carried == nil {
		return
	}
	text, ok := carried.Payload.Body.(string)
	if !ok {
		e.unread = errors.New("its body is no text")
		return
	}
	body, err := base64.StdEncoding.DecodeString(text)
	e.s.Entry = &LogEntry{
		LogID: carried.Payload.LogID, Index: carried.Payload.LogIndex, Integrated: unix(carried.Payload.IntegratedTime),
		Body: body, SET: carried.SignedEntryTimestamp,
	}
	if err != nil {
		// cosign reads as far as it can.
		if _, e.unread = models.UnmarshalProposedEntry(base64.NewDecoder(base64.StdEncoding, strings.NewReader(text)), runtime.JSONConsumer()); e.unread != nil {
			return
		}
	}
	if e.entry, e.unread = readRecord(body, e.own); e.entry != nil {
		e.s.Entry.Kind, e.s.Entry.Version = e.entry.kind, e.entry.version
	}
}

// own reports whether an entry records exactly this signature, of the kind that Fulcio's certificates are for, by this
// certificate over this payload. Whether that signature verifies is the matter of another check, and not asked twice.
func (e *tagExaminee) own(r *record) bool {
	if e.cert == nil || e.x.key != nil || r.signature != e.s.stored.signature || r.algorithm != "sha256" {
		return false
	}
	public, ok := e.cert.PublicKey.(*ecdsa.PublicKey)
	if !ok || public.Curve != elliptic.P256() {
		return false
	}
	block, rest := pem.Decode(r.key)
	if block == nil || len(rest) > 0 || block.Type != string(cryptoutils.CertificatePEMType) || !bytes.Equal(block.Bytes, e.cert.Raw) {
		return false
	}
	sum := sha256.Sum256(e.s.Payload)
	return r.hash == hex.EncodeToString(sum[:])
}

// records compares what the entry records with the signature.
func (e *tagExaminee) records(expected Value, place string) Check {
	text := e.s.stored.signature
	found := Value{fmt.Sprintf("entry %d: signature %s, %s", e.s.Entry.Index, short(e.entry.signature), e.recordedKey(e.entry)), place}
	if e.entry.signatures > 1 {
		return failed(actions.CodeLogEntry, "the log entry records more than one signature, and cosign reads none of them", nextTampered).sides(expected, found)
	}
	if text != "" && (e.entry.signature != text && (e.entry.signature != "" || e.entry.raw == nil)) {
		return failed(actions.CodeLogEntry, fmt.Sprintf("the log entry %d belongs to another signature", e.s.Entry.Index), nextTampered).
			sides(Value{"signature " + short(text), expected.Source}, found)
	}
	key, from, err := e.expectedKey()
	if err != nil {
		return failed(actions.CodeLogEntry, "there is no key to compare with the one in the log entry: "+err.Error(), "verify it with --key cosign.pub").
			sides(expected, found)
	}
	if !samePEM(key, e.entry.key) {
		next := nextTampered
		if e.x.key != nil {
			next = "give --key the public key of whoever should have signed"
		}
		return failed(actions.CodeLogEntry, fmt.Sprintf("the log entry %d records another certificate or key", e.s.Entry.Index), next).
			sides(Value{e.recordedKey(&record{key: key}), from}, found)
	}
	return passed(fmt.Sprintf("entry %d records this signature and this key", e.s.Entry.Index)).sides(expected, found)
}

// expectedKey is the certificate, or else the given key, as the log has it.
func (e *tagExaminee) expectedKey() (pem []byte, from string, err error) {
	switch {
	case e.cert != nil && e.x.key != nil:
		public, err := e.x.key.PublicKey()
		if err == nil {
			err = cryptoutils.EqualKeys(e.cert.PublicKey, public)
		}
		if err != nil {
			return nil, "", errors.New("certificate and --key differ")
		}
	case e.cert == nil && e.x.key != nil:
		return e.x.keyPEM, e.x.keyFrom, nil
	case e.cert == nil:
		return nil, "", errors.New("no certificate, and no --key")
	}
	pem, err = cryptoutils.MarshalCertificateToPEM(e.cert)
	return pem, e.place("certificate"), err
}

func (e *tagExaminee) logPayload() Check {
	if e.x.policy.IgnoreLog {
		return e.skippedLog("the log entry is not compared with the payload")
	}
	if e.entry == nil {
		return needs(CheckLogEntry, "there is no log entry that can be read")
	}
	sum := sha256.Sum256(e.s.Payload)
	what := "the payload"
	if e.entry.envelope {
		what = "the envelope"
	}
	expected := Value{"sha256 " + hex.EncodeToString(sum[:]), "SHA-256 of " + what}
	found := Value{e.entry.algorithm + " " + e.entry.hash, e.place("body of the log entry")}
	if expected.Text != found.Text {
		return failed(actions.CodeLogPayload, what+" is not the one that the log entry records", nextTampered).sides(expected, found)
	}
	return passed("the log entry records "+what).sides(expected, found)
}

func (e *tagExaminee) set() Check {
	if e.x.policy.IgnoreLog {
		return e.skippedLog("index and time of the log entry are not checked")
	}
	if e.s.Entry == nil {
		return needs(CheckLogEntry, "there is no log entry")
	}
	c := e.checkSET(e.s.Entry)
	if c.State == CheckOK {
		e.verified = e.s.Entry
	}
	return c
}

// proof is carried by no signature of a tag: SET and entry are all that its annotation holds.
func (e *tagExaminee) proof() Check {
	if e.x.policy.IgnoreLog {
		return e.skippedLog("nothing shows that the log kept its promise")
	}
	if e.s.Entry != nil && e.s.Entry.Proof != nil {
		return e.checkProof(e.s.Entry)
	}
	if e.s.stored.entry == nil {
		return needs(CheckLogEntry, "there is no log entry")
	}
	return e.notCarried()
}
