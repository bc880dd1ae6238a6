package verification

import (
	"encoding/hex"

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
}

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
		}
		anchors = append(anchors, a)
		if stamps, err := x509util.ParseSCTsFromCertificate(s.Certificate.Raw); err == nil {
			for _, stamp := range stamps {
				anchors = append(anchors, logAnchor("certificate log", hex.EncodeToString(stamp.LogID.KeyID[:]), material.CTLogs()))
			}
		}
	}
	if s.LogID != "" {
		anchors = append(anchors, logAnchor("transparency log", s.LogID, material.RekorLogs()))
	}
	return append(anchors, s.stampAnchors(material)...)
}

func logAnchor(part, id string, logs map[string]*root.TransparencyLog) Anchor {
	a := Anchor{Part: part, Name: id}
	if log, ok := logs[id]; ok {
		a.Known, a.Entry = true, logName(log, id)
	}
	return a
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
