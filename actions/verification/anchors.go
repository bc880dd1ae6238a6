package verification

import (
	"crypto/x509"
	"encoding/hex"
	"slices"
	"time"

	ct "github.com/google/certificate-transparency-go"
	"github.com/google/certificate-transparency-go/x509util"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"
)

// Anchor is something that a signature rests on and that a trust root must hold.
type Anchor struct {
	// Part is "certificate authority", "transparency log", "certificate log" or "timestamp authority", as in package trust.
	Part string `json:"part"`
	// Name is what the signature says of it: a log's id in hex, or the name of the issuer.
	Name string `json:"name"`
	// Known is true when the trust root holds it.
	Known bool `json:"known"`
	// Entry is what the trust root calls it; empty unless known.
	Entry string `json:"entry,omitempty"`
	// Outside says, of something that the trust root holds, why it does not count for this signature: the time that the trust root
	// gives it is another. It is empty where it counts, or is not known.
	Outside string `json:"outside,omitempty"`
}

// Holds reports whether the trust root holds it for the time of the signature.
func (a *Anchor) Holds() bool { return a.Known && a.Outside == "" }

// Anchors are what a signature rests on, and whether a trust root holds each: the question behind most failures of private
// deployments. Whether what is held also verifies is the matter of the checks. A signature by a key pair rests on the key,
// and on its log entry where it has one.
func (s *Signature) Anchors(material root.TrustedMaterial) []Anchor {
	var anchors []Anchor
	if s.Certificate != nil {
		a := Anchor{Part: "certificate authority", Name: s.Certificate.Issuer.String()}
		if chains, err := verify.VerifyLeafCertificate(s.Certificate.NotBefore, s.Certificate, material); err == nil && len(chains) > 0 {
			chain := chains[0]
			a.Known, a.Entry = true, chain[len(chain)-1].Subject.String()
		} else {
			a.outsideLife(s.Certificate, material)
		}
		anchors = append(anchors, a)
		if stamps, err := x509util.ParseSCTsFromCertificate(s.Certificate.Raw); err == nil {
			for _, stamp := range stamps {
				anchors = append(anchors, logAnchor("certificate log", hex.EncodeToString(stamp.LogID.KeyID[:]), material.CTLogs(), ct.TimestampToTime(stamp.Timestamp)))
			}
		}
	}
	if s.LogID != "" {
		var at time.Time
		if s.Integrated != nil {
			at = *s.Integrated
		}
		anchors = append(anchors, logAnchor("transparency log", s.LogID, material.RekorLogs(), at))
	}
	return append(anchors, s.stampAnchors(material)...)
}

// logAnchor is a log that witnessed something at a time, zero where that is not known.
func logAnchor(part, id string, logs map[string]*root.TransparencyLog, at time.Time) Anchor {
	a := Anchor{Part: part, Name: id}
	if log, ok := logs[id]; ok {
		a.Known, a.Entry = true, logName(log, id)
		if !at.IsZero() && !within(at, log.ValidityPeriodStart, log.ValidityPeriodEnd) {
			a.Outside = "it witnessed at " + clock(at) + ", and is trusted " + period(log.ValidityPeriodStart, log.ValidityPeriodEnd)
		}
	}
	return a
}

// outsideLife looks for an authority that issued the certificate and that the trust root does not trust for that time.
func (a *Anchor) outsideLife(cert *x509.Certificate, material root.TrustedMaterial) {
	for _, authority := range material.FulcioCertificateAuthorities() {
		fulcio, ok := authority.(*root.FulcioCertificateAuthority)
		if !ok || fulcio.Root == nil || within(cert.NotBefore, fulcio.ValidityPeriodStart, fulcio.ValidityPeriodEnd) {
			continue
		}
		for _, issuer := range append(slices.Clone(fulcio.Intermediates), fulcio.Root) {
			if issuer != nil && cert.CheckSignatureFrom(issuer) == nil {
				a.Known, a.Entry = true, fulcio.Root.Subject.String()
				a.Outside = "it issued at " + clock(cert.NotBefore) + ", and is trusted " + period(fulcio.ValidityPeriodStart, fulcio.ValidityPeriodEnd)
				return
			}
		}
	}
}

// stampAnchors looks at who made the time stamps.
func (s *Signature) stampAnchors(material root.TrustedMaterial) []Anchor {
	stamps, stamped := s.stamps()
	var anchors []Anchor
	for _, stamp := range stamps[:min(len(stamps), maxStamps)] {
		a := Anchor{Part: "timestamp authority", Name: "of an unreadable time stamp"}
		if at, ok := stampedAt(stamp); ok {
			a.Name = "of the time stamp of " + clock(at)
		}
		for _, authority := range material.TimestampingAuthorities() {
			if by, err := authority.Verify(stamp, stamped); err == nil {
				a.Known, a.Entry = true, by.URI
			}
		}
		anchors = append(anchors, a)
	}
	return anchors
}

// stamps are the RFC 3161 time stamps that the signature carries, and what they are over.
func (s *Signature) stamps() (stamps [][]byte, stamped []byte) {
	switch {
	case s.legacy != nil:
		stamp, err := s.legacy.RFC3161Timestamp()
		if err != nil || stamp == nil {
			return nil, nil
		}
		stamped, err = s.legacy.Signature()
		if err != nil || len(stamped) == 0 {
			stamped = s.Payload // of an attestation, the signature is inside
		}
		return [][]byte{stamp.SignedRFC3161Timestamp}, stamped
	case s.bundle != nil:
		content, err := s.bundle.SignatureContent()
		if err != nil {
			return nil, nil
		}
		stamps, err = s.bundle.Timestamps()
		if err != nil {
			return nil, nil
		}
		return stamps, content.Signature()
	}
	return nil, nil
}
