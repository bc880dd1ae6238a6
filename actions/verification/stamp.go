package verification

import (
	"github.com/digitorus/timestamp"
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
	if len(response) == 0 {
		return
	}
	if parsed, err := timestamp.ParseResponse(response); err == nil {
		t := parsed.Time.UTC()
		s.Timestamp = &t
	}
}
