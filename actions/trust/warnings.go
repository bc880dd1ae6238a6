package trust

import (
	"fmt"
	"slices"
	"time"
)

// Warning is something in a trust root that ends, or has ended.
type Warning struct {
	// Part is what ends: "certificate authority", "transparency log", "certificate log", "timestamp authority", a TUF
	// role's file, or PartImported.
	Part string    `json:"part"`
	Name string    `json:"name"`
	At   time.Time `json:"at"`
	// Past is true when it has ended.
	Past bool `json:"past"`
	// Means says what follows, in one sentence, and Next what to do.
	Means string `json:"means"`
	Next  string `json:"next"`
}

// PartImported is a trust root that was brought by hand, and that nothing refreshes: At is when another is due.
const PartImported = "imported trust root"

// How long before an end it is time to say so, and after how long a trust root that was brought by hand is to be brought again.
const (
	beforeAuthority = 60 * 24 * time.Hour
	beforeRole      = 14 * 24 * time.Hour
	afterImport     = 30 * 24 * time.Hour
)

// Warnings are what ends soon or has ended, the first first. A part that ended long ago is none while another of its kind
// goes on: that is how keys are changed.
func (c *Contents) Warnings(now time.Time) []Warning {
	var all []Warning
	authorities := func(part string, list []Authority, means string) {
		var ends []ending
		for i := range list {
			ends = append(ends, ending{list[i].Root(), list[i].ends()})
		}
		all = append(all, endings(part, ends, now, means)...)
	}
	logs := func(part string, list []Log, means string) {
		var ends []ending
		for i := range list {
			name := list[i].URL
			if name == "" {
				name = list[i].ID
			}
			ends = append(ends, ending{name, list[i].Until})
		}
		all = append(all, endings(part, ends, now, means)...)
	}
	authorities("certificate authority", c.Authorities, "certificates that it issues afterwards are not trusted; those from before go on to verify")
	logs("transparency log", c.Logs, "entries that it takes afterwards are not trusted; those from before go on to verify")
	logs("certificate log", c.CTLogs, "certificates that it takes afterwards are not trusted; those from before go on to verify")
	authorities("timestamp authority", c.Stamps, "time stamps that it makes afterwards are not trusted; those from before go on to verify")
	slices.SortStableFunc(all, func(a, b Warning) int { return a.At.Compare(b.At) })
	return all
}

type ending struct {
	name string
	at   *time.Time // nil for never
}

func endings(part string, all []ending, now time.Time, means string) []Warning {
	goesOn := func(e ending) bool { return e.at == nil || e.at.After(now.Add(beforeAuthority)) }
	if slices.ContainsFunc(all, goesOn) {
		return nil
	}
	var found []Warning
	for _, e := range all {
		w := Warning{Part: part, Name: e.name, At: *e.at, Past: !e.at.After(now), Means: means}
		w.Next = "ask whoever runs the deployment for its successor, and run `cosign initialize` when it is in the trust root"
		found = append(found, w)
	}
	return found
}

// Warnings are those of the contents, and the TUF roles that have to be signed anew soon. The mirror does that for
// timestamp and snapshot by itself, often daily, so that these two are none until they are past. One that was brought by hand
// has no mirror: after a month it is said that it may have changed.
func (s *Status) Warnings(now time.Time) []Warning {
	var all []Warning
	if s.Imported != nil && now.Sub(s.Imported.At) > afterImport {
		all = append(all, Warning{
			Part: PartImported, Name: s.Imported.Source, At: s.Imported.At.Add(afterImport).UTC(), Past: true,
			Means: "nothing refreshes it: a key that was taken out since it was brought is still believed, and one that was added is not",
			Next:  "ask for the present one, compare them (`sigwalk trust diff current FILE`), and bring it: `sigwalk trust import --force FILE`",
		})
	}
	for _, file := range roleFiles {
		role, ok := s.Roles[file]
		left := role.Expires.Sub(now)
		automatic := file == "timestamp.json" || file == "snapshot.json"
		if !ok || left > beforeRole || automatic && left > 0 {
			continue
		}
		w := Warning{
			Part: file, Name: fmt.Sprintf("version %d", role.Version), At: role.Expires.UTC(), Past: left <= 0,
			Means: "what the mirror says is not believed afterwards, until it signs anew",
			Next:  "run `cosign initialize`; if it stays so, ask whoever runs the mirror",
		}
		if automatic {
			w.Means = "the next verification fetches it anew from the mirror, and fails where that cannot be reached"
			w.Next = "run `cosign initialize` before you leave the network, or take the trust root along with `sigwalk trust export`"
		}
		all = append(all, w)
	}
	if s.Contents != nil {
		all = append(all, s.Contents.Warnings(now)...)
	}
	return all
}
