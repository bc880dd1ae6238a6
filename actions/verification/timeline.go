package verification

import (
	"fmt"
	"slices"
	"time"

	ct "github.com/google/certificate-transparency-go"
	"github.com/google/certificate-transparency-go/x509util"
)

// Moment is one point in the life of a signature.
type Moment struct {
	At time.Time
	// Name says what happened then, Source who vouches for the time; empty where nobody does.
	Name, Source string
	// Now marks the present.
	Now bool
}

// Timeline returns what is known of when things happened, earliest first: the life of the certificate, when a certificate
// transparency log and the transparency log saw it, the time stamp, when the verification stops working, and now. Whether
// the times are proven is for the checks to say.
func (s *Signature) Timeline(now time.Time) []Moment {
	moments := []Moment{{At: now, Name: "now", Now: true}}
	add := func(at time.Time, name, source string) {
		// Logs and authorities count in seconds, and what is finer would stand behind what came after it.
		moments = append(moments, Moment{At: at.Truncate(time.Second), Name: name, Source: source})
	}
	if c := s.Certificate; c != nil {
		add(c.NotBefore, "certificate becomes valid", "certificate authority")
		add(c.NotAfter, "certificate expires", "certificate authority")
		for _, stamp := range publications(c.Raw) {
			id := fmt.Sprintf("%x", stamp.LogID.KeyID[:4])
			add(ct.TimestampToTime(stamp.Timestamp), "certificate published (SCT)", "certificate transparency log "+id)
		}
	}
	if s.Integrated != nil {
		source := "transparency log"
		if len(s.LogID) >= 8 {
			source += " " + s.LogID[:8]
		}
		add(*s.Integrated, "signature logged (integrated time)", source)
	}
	if s.Timestamp != nil {
		add(*s.Timestamp, "signature stamped (RFC 3161)", "timestamp authority")
	}
	if s.Until != nil && (s.Certificate == nil || !s.Until.Equal(s.Certificate.NotAfter)) {
		add(*s.Until, "verification stops working", "")
	}
	slices.SortStableFunc(moments, func(a, b Moment) int { return a.At.Compare(b.At) })
	return moments
}

// publications are the signed certificate timestamps in a certificate, as far as they can be read.
func publications(certificate []byte) []*ct.SignedCertificateTimestamp {
	if len(certificate) == 0 {
		return nil
	}
	stamps, err := x509util.ParseSCTsFromCertificate(certificate)
	if err != nil {
		return nil
	}
	return stamps
}
