package verification

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/sigwalk/sigwalk/actions"
)

// reportJSON is the form of `sigwalk verify -o json`. It is stable: fields are added, never renamed or removed.
type reportJSON struct {
	headJSON
	// Signatures are in the order of log index, those without one last. It is never null.
	Signatures []signatureJSON `json:"signatures"`
	// Attached is what else is beside the image, and what is beside the images of an index: attestations, SBOMs, older
	// forms of signatures. It does not count for Verified. It is never null.
	Attached []signatureJSON `json:"attached"`
}

// headJSON is what a report begins with.
type headJSON struct {
	// Image is the reference as asked for, Digest what it named ("sha256:...").
	Image  string `json:"image"`
	Digest string `json:"digest"`
	// Verified is true when at least one signature verified.
	Verified bool `json:"verified"`
}

// signatureJSON is one row. Times are RFC 3339 in UTC.
type signatureJSON struct {
	LogIndex       *int64      `json:"logIndex"` // null without a log entry; 0 is a real index
	LogID          string      `json:"logID"`    // hex; empty without a log entry
	Subject        string      `json:"subject"`  // empty for a signature made with a key pair
	Issuer         string      `json:"issuer"`
	IntegratedTime *string     `json:"integratedTime"` // of the log entry, or null
	Timestamp      *string     `json:"timestamp"`      // RFC 3161, or null
	Verified       bool        `json:"verified"`
	BundleVerified bool        `json:"bundleVerified"` // the log entry was verified
	Reason         *reasonJSON `json:"reason"`         // null when it verified
	Storage        Storage     `json:"storage"`        // "tag" or "referrer"
	Manifest       string      `json:"manifest"`       // digest of the manifest that holds it
	Layer          string      `json:"layer"`          // digest of its payload or bundle
	Position       int         `json:"position"`       // place in its manifest or among the referrers, from 0
	PredicateType  string      `json:"predicateType,omitempty"`
	Kind           Kind        `json:"kind"`               // "signature", "attestation", "sbom"
	Platform       string      `json:"platform,omitempty"` // of the image of an index that it is attached to
	AttachedTo     string      `json:"attachedTo"`         // digest of that image
	MediaType      string      `json:"mediaType,omitempty"`
	// NotBefore and NotAfter are the life of the certificate; absent without one.
	NotBefore *string `json:"notBefore,omitempty"`
	NotAfter  *string `json:"notAfter,omitempty"`
	// ShardIndex is the index in the tree of the log's shard, from the inclusion proof; null without one.
	ShardIndex *int64 `json:"shardIndex"`
	// Until is when the verification stops working, or null.
	Until *string `json:"until"`
	// Checks are in a fixed order. Defect is null unless verdict and checks differ.
	Checks []checkJSON `json:"checks"`
	Defect *reasonJSON `json:"defect"`
}

// checkJSON is one check of the matrix.
type checkJSON struct {
	ID       CheckID      `json:"id"`
	Title    string       `json:"title"`
	State    CheckState   `json:"state"` // "ok", "failed", "skipped", "not-applicable"
	Code     actions.Code `json:"code,omitempty"`
	What     string       `json:"what"`
	Expected *valueJSON   `json:"expected,omitempty"`
	Found    *valueJSON   `json:"found,omitempty"`
	Matters  string       `json:"matters"`
	Next     string       `json:"next,omitempty"`
	// Ours is true for a check that cosign does not make; it never changes the verdict.
	Ours bool `json:"ours"`
}

// valueJSON is one side of a check, and where it came from.
type valueJSON struct {
	Value  string `json:"value"`
	Source string `json:"source,omitempty"`
}

// MarshalJSON implements json.Marshaler with the object that a signature holds for each check.
func (c Check) MarshalJSON() ([]byte, error) { return json.Marshal(c.json()) }

func (c Check) json() checkJSON {
	return checkJSON{
		ID: c.ID, Title: c.ID.Title(), State: c.State, Code: c.Code, What: c.What,
		Expected: c.Expected.json(), Found: c.Found.json(), Matters: c.ID.Matters(), Next: c.Next, Ours: c.Ours,
	}
}

func (v Value) json() *valueJSON {
	if v == (Value{}) {
		return nil
	}
	return &valueJSON{v.Text, v.Source}
}

// reasonJSON is why a signature did not verify. Code is from a fixed catalogue.
type reasonJSON struct {
	Code actions.Code `json:"code"`
	What string       `json:"what"`
	Why  string       `json:"why"`
	Next string       `json:"next"`
}

// MarshalJSON implements json.Marshaler with the object {image, digest, verified, signatures}.
func (r *Report) MarshalJSON() ([]byte, error) {
	out := reportJSON{
		headJSON:   r.head(),
		Signatures: make([]signatureJSON, len(r.Signatures)),
		Attached:   make([]signatureJSON, len(r.Attached)),
	}
	for i := range r.Attached {
		out.Attached[i] = r.Attached[i].json()
	}
	for i := range r.Signatures {
		out.Signatures[i] = r.Signatures[i].json()
	}
	return json.Marshal(out)
}

func (r *Report) head() headJSON {
	verified := slices.ContainsFunc(r.Signatures, func(s Signature) bool { return s.Verified })
	return headJSON{r.Image, r.Digest.DigestStr(), verified}
}

// MarshalJSON implements json.Marshaler with the object that Report holds for each signature.
func (s Signature) MarshalJSON() ([]byte, error) { return json.Marshal(s.json()) }

func (s *Signature) json() signatureJSON {
	out := signatureJSON{
		LogIndex: s.LogIndex, LogID: s.LogID,
		Subject: s.Subject, Issuer: s.Issuer,
		IntegratedTime: timeJSON(s.Integrated), Timestamp: timeJSON(s.Timestamp),
		Verified: s.Verified, BundleVerified: s.BundleVerified,
		Storage: s.Storage, Manifest: s.Manifest.String(), Layer: s.Layer.String(), Position: s.Position,
		Kind: s.Kind, Platform: s.Platform, MediaType: s.mediaType,
		PredicateType: s.PredicateType, Until: timeJSON(s.Until), Checks: make([]checkJSON, len(s.Checks)),
	}
	if s.Image.Hex != "" {
		out.AttachedTo = s.Image.String()
	}
	for i, c := range s.Checks {
		out.Checks[i] = c.json()
	}
	if s.Entry != nil && s.Entry.Proof != nil {
		out.ShardIndex = &s.Entry.Proof.Index
	}
	if s.Reason != nil {
		out.Reason = &reasonJSON{s.Reason.Code, s.Reason.What, s.Reason.Why, s.Reason.Next}
	}
	if s.Defect != nil {
		out.Defect = &reasonJSON{s.Defect.Code, s.Defect.What, s.Defect.Why, s.Defect.Next}
	}
	if s.Certificate != nil {
		out.NotBefore, out.NotAfter = timeJSON(&s.Certificate.NotBefore), timeJSON(&s.Certificate.NotAfter)
	}
	return out
}

func timeJSON(t *time.Time) *string {
	if t == nil {
		return nil
	}
	text := t.UTC().Format(time.RFC3339)
	return &text
}
