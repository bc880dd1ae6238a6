package verification

import "time"

// outsidePeriod is said of an entry from a time for which the trust root does not believe the log.
const outsidePeriod = "the trust root does not trust the log's key for the time of the entry"

// untimelyIssuer is said of a certificate from a time for which the trust root does not believe who issued it.
const untimelyIssuer = "the trust root does not trust the authority for the time of the certificate"

// within reports whether a time lies in a period of a trust root, both ends included; a zero end is open.
func within(at, from, until time.Time) bool {
	return !from.After(at) && (until.IsZero() || !until.Before(at))
}

// period is a period of a trust root for people.
func period(from, until time.Time) string {
	text := "from " + clock(from)
	if until.IsZero() {
		return text + " on"
	}
	return text + " to " + clock(until)
}
