package verification

import (
	"errors"
	"fmt"
	"strings"

	"github.com/sigstore/sigstore-go/pkg/root"

	"github.com/sigwalk/sigwalk/actions"
)

// maxStamps is how many time stamps cosign looks at.
const maxStamps = 32

// checkStamps verifies RFC 3161 time stamps over what was signed. One that verifies is enough.
func (e *evidence) checkStamps(stamps [][]byte, stamped []byte, expected Value, place string) Check {
	if len(stamps) > maxStamps {
		return failed(actions.CodeTimestamp, fmt.Sprintf("it carries %d time stamps, and no more than %d are looked at", len(stamps), maxStamps), nextTampered).
			sides(expected, Value{fmt.Sprintf("%d time stamps", len(stamps)), place})
	}
	var refused []string
	seen := map[string]bool{}
	found := Value{Source: place}
	for _, stamp := range stamps {
		at, err := e.x.stampedBy(stamp, stamped)
		switch {
		case err != nil:
			refused = append(refused, err.Error())
			if claimed, ok := stampedAt(stamp); ok && found.Text == "" {
				found.Text = "a time stamp of " + clock(claimed)
			}
		case !seen[at.URI]:
			seen[at.URI] = true
			e.stamps = append(e.stamps, at.Time)
			found.Text = "a time stamp of " + clock(at.Time)
			expected.Text = "a time stamp by " + quoted(at.URI)
		}
	}
	found.Text = quoted(found.Text)
	if len(e.stamps) == 0 {
		why, next := e.x.stampFault(strings.Join(refused, "\n"))
		return failed(actions.CodeTimestamp, why, next).sides(expected, found)
	}
	return passed("an authority of the trust root stamped the signature").sides(expected, found)
}

// stampedBy tries each authority of the trust root.
func (x *examination) stampedBy(stamp, stamped []byte) (*root.Timestamp, error) {
	var refused []string
	for _, authority := range x.material.TimestampingAuthorities() {
		at, err := authority.Verify(stamp, stamped)
		if err == nil {
			return at, nil
		}
		refused = append(refused, err.Error())
	}
	return nil, errors.New(strings.Join(refused, "\n"))
}

// stampNames lists the authorities of the trust root.
func (x *examination) stampNames() string {
	var names []string
	for _, authority := range x.material.TimestampingAuthorities() {
		name := "one without an address"
		if a, ok := authority.(*root.SigstoreTimestampingAuthority); ok && a.URI != "" {
			name = a.URI
		}
		names = append(names, name)
	}
	return quoted(strings.Join(names, ", "))
}

// unusedStamp is the check where the policy does not ask for time stamps.
func (e *evidence) unusedStamp(carried bool) Check {
	if !carried {
		return notApplicable("it carries no time stamp, and none was asked for")
	}
	return skipped(actions.CodeUnusedStamp, "it carries a time stamp that was not looked at", "add --use-signed-timestamps")
}
