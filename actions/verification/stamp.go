package verification

import (
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// stampTime fills in the time that the RFC 3161 time stamp claims, without verifying it.
func (s *Signature) stampTime() {
	var response []byte
	switch {
	case s.legacy != nil:
		if stamp, err := s.legacy.RFC3161Timestamp(); err == nil && stamp != nil {
			response = stamp.SignedRFC3161Timestamp
		}
	case s.bundle != nil:
		if stamps, err := s.bundle.Timestamps(); err == nil && len(stamps) > 0 {
			response = stamps[0]
		}
	}
	if at, ok := stampedAt(response); ok {
		s.Timestamp = &at
	}
}

// stampOutside is the first time stamp of a bundle, among those that prove its time, at which its certificate was not valid.
func (j *judgement) stampOutside(s *Signature) (time.Time, bool) {
	if s.bundle == nil || !withStamps(j.bundles, s.bundle).UseSignedTimestamps {
		return time.Time{}, false
	}
	stamps, err := s.bundle.Timestamps()
	if err != nil {
		return time.Time{}, false
	}
	for _, stamp := range stamps {
		if at, ok := stampedAt(stamp); ok && (at.Before(s.Certificate.NotBefore) || at.After(s.Certificate.NotAfter)) {
			return at, true
		}
	}
	return time.Time{}, false
}

// stampedAt finds the time in a TimeStampResp (RFC 3161, 2.4.2), which lies seven structures deep. The libraries that
// parse it whole verify its signature on the way, which takes as long as all other checks of a signature together.
func stampedAt(response []byte) (time.Time, bool) {
	var resp, token, signed, content, info cryptobyte.String
	in := cryptobyte.String(response)
	ok := in.ReadASN1(&resp, asn1.SEQUENCE) &&
		resp.SkipASN1(asn1.SEQUENCE) && // PKIStatusInfo
		resp.ReadASN1(&token, asn1.SEQUENCE) &&
		token.SkipASN1(asn1.OBJECT_IDENTIFIER) && // id-signedData
		token.ReadASN1(&signed, explicit0) &&
		signed.ReadASN1(&signed, asn1.SEQUENCE) &&
		signed.SkipASN1(asn1.INTEGER) && // version
		signed.SkipASN1(asn1.SET) && // digest algorithms
		signed.ReadASN1(&content, asn1.SEQUENCE) &&
		content.SkipASN1(asn1.OBJECT_IDENTIFIER) && // id-ct-TSTInfo
		content.ReadASN1(&content, explicit0) &&
		content.ReadASN1(&info, asn1.OCTET_STRING) &&
		info.ReadASN1(&info, asn1.SEQUENCE) &&
		info.SkipASN1(asn1.INTEGER) && // version
		info.SkipASN1(asn1.OBJECT_IDENTIFIER) && // policy
		info.SkipASN1(asn1.SEQUENCE) && // message imprint
		info.SkipASN1(asn1.INTEGER) // serial number
	var text cryptobyte.String
	if !ok || !info.ReadASN1(&text, asn1.GeneralizedTime) {
		return time.Time{}, false
	}
	// Fractions of a second may follow, which cryptobyte does not read and time.Parse does without being told.
	at, err := time.Parse("20060102150405Z", string(text))
	return at.UTC(), err == nil
}

// explicit0 is the tag [0] EXPLICIT.
const explicit0 asn1.Tag = 0xa0
