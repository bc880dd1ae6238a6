package doctor

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/sigwalk/sigwalk/actions"
)

// State is how a check ended.
type State string

// The states of a check.
const (
	OK            State = "ok"
	Failed        State = "failed"
	Skipped       State = "skipped"        // it could not be made; the finding says why, and what it waits for
	NotApplicable State = "not-applicable" // there is nothing to check here
	Waiting       State = "waiting"        // it has not ended; in no report
)

// Group is the part of a deployment that a check is about.
type Group string

// The groups, in their order.
const (
	GroupNetwork  Group = "network"
	GroupIdentity Group = "identity"
	GroupTrust    Group = "trust root"
	GroupFulcio   Group = "certificates"
	GroupLog      Group = "transparency log"
	GroupRegistry Group = "registry"
	GroupMachine  Group = "this machine"
	GroupSign     Group = "signature"
)

// Milliseconds is a duration that is a whole number in JSON.
type Milliseconds time.Duration

// MarshalJSON implements json.Marshaler.
func (m Milliseconds) MarshalJSON() ([]byte, error) {
	return json.Marshal(time.Duration(m).Milliseconds())
}

// UnmarshalJSON implements json.Unmarshaler.
func (m *Milliseconds) UnmarshalJSON(data []byte) error {
	var n int64
	err := json.Unmarshal(data, &n)
	*m = Milliseconds(time.Duration(n) * time.Millisecond)
	return err
}

// Finding is what one check found. Fields are added, never renamed or removed; it is part of `sigwalk doctor -o json`.
type Finding struct {
	// ID names the check: stable for a deployment, such as "rekor/key" or "name/rekor.example.com".
	ID    string `json:"id"`
	Group Group  `json:"group"`
	Title string `json:"title"`
	State State  `json:"state"`
	// Code is set where the check failed: `sigwalk explain` knows it.
	Code actions.Code `json:"code,omitempty"`
	// Evidence is what was seen, a line each. It holds no secret.
	Evidence []string `json:"evidence"`
	// Means says what follows from it, or why the check was not made. Next says what to do.
	Means string `json:"means,omitempty"`
	Next  string `json:"next,omitempty"`
	// Commands are the lines of Next that can be run as they stand, or with the capitals filled in.
	Commands []string `json:"commands,omitempty"`
	// WaitsFor names the checks that must be well first, where this one was skipped for them.
	WaitsFor []string     `json:"waitsFor,omitempty"`
	Took     Milliseconds `json:"tookMs"`
}

// reportVersion is that of the form of a report.
const reportVersion = 1

// Report is what the doctor found. Its JSON is the form of `sigwalk doctor -o json`.
type Report struct {
	Version    int          `json:"version"`
	Began      time.Time    `json:"began"`
	Took       Milliseconds `json:"tookMs"`
	Deployment []Fact       `json:"deployment"`
	Findings   []Finding    `json:"checks"`
}

// Fact is a name with a value.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Count is how many checks ended in a state.
func (r *Report) Count(state State) int {
	n := 0
	for i := range r.Findings {
		if r.Findings[i].State == state {
			n++
		}
	}
	return n
}

// Failures are the findings of checks that failed.
func (r *Report) Failures() []Finding {
	var failed []Finding
	for i := range r.Findings {
		if r.Findings[i].State == Failed {
			failed = append(failed, r.Findings[i])
		}
	}
	return failed
}

// Codes are those of the failures, each once.
func (r *Report) Codes() []actions.Code {
	var codes []actions.Code
	for _, f := range r.Failures() {
		if !slices.Contains(codes, f.Code) {
			codes = append(codes, f.Code)
		}
	}
	return codes
}

// Well reports whether every check that applies was made and none failed.
func (r *Report) Well() bool { return r.Count(Failed) == 0 && r.Count(Skipped) == 0 }
