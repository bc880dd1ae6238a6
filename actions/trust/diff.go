package trust

import (
	"fmt"
	"time"
)

// Change is one difference between two trust roots.
type Change struct {
	// Part is "certificate authority", "transparency log", "certificate log" or "timestamp authority".
	Part string `json:"part"`
	// What is "added", "removed" or "changed", seen from the first.
	What string `json:"what"`
	Name string `json:"name"`
	ID   string `json:"id"` // the log id, or the SHA-256 of the certificate that signs, in hex
	// Before and After are its validity; nil where it is not in that root.
	Before *Period `json:"before,omitempty"`
	After  *Period `json:"after,omitempty"`
	// Means says in one sentence which signatures that concerns.
	Means string `json:"means"`
}

// one is a part of a trust root, as far as two are compared.
type one struct {
	name, id string
	period   Period
}

// Diff says what has to change in a for it to become b, in the order of the parts.
func Diff(a, b *Contents) []Change {
	changes := []Change{}
	for _, part := range []struct {
		name, signs string
		before, now []one
	}{
		{"certificate authority", "signatures with a certificate that it issued", authoritiesOf(a.Authorities), authoritiesOf(b.Authorities)},
		{"transparency log", "signatures whose entry it keeps", logsAs(a.Logs), logsAs(b.Logs)},
		{"certificate log", "signatures with a certificate that it promised to keep", logsAs(a.CTLogs), logsAs(b.CTLogs)},
		{"timestamp authority", "time stamps that it made", authoritiesOf(a.Stamps), authoritiesOf(b.Stamps)},
	} {
		changes = append(changes, compare(part.name, part.signs, part.before, part.now)...)
	}
	return changes
}

func compare(part, signs string, before, now []one) []Change {
	var changes []Change
	later := map[string]one{}
	for _, o := range now {
		later[o.id] = o
	}
	known := map[string]bool{}
	for _, o := range before {
		known[o.id] = true
		c := Change{Part: part, Name: o.name, ID: o.id, Before: &o.period}
		n, there := later[o.id]
		switch {
		case !there:
			c.What, c.Means = "removed", signs+" no longer verify"
		case !same(o.period, n.period):
			c.What, c.After = "changed", &n.period
			c.Means = shifted(signs, o.period, n.period)
		default:
			continue
		}
		changes = append(changes, c)
	}
	for _, o := range now {
		if !known[o.id] {
			changes = append(changes, Change{Part: part, What: "added", Name: o.name, ID: o.id, After: &o.period, Means: signs + " verify now"})
		}
	}
	return changes
}

func same(a, b Period) bool {
	return compareTimes(a.From, b.From) == 0 && sameEnd(a.Until, b.Until)
}

func sameEnd(a, b *time.Time) bool {
	return a == nil && b == nil || a != nil && b != nil && a.Equal(*b)
}

func shifted(signs string, before, now Period) string {
	const day = "2006-01-02 15:04:05"
	switch {
	case now.Until != nil && (before.Until == nil || now.Until.Before(*before.Until)):
		return fmt.Sprintf("%s verify only when made before %s UTC", signs, now.Until.Format(day))
	case !sameEnd(before.Until, now.Until):
		return signs + " go on to verify for longer"
	case now.From != nil && (before.From == nil || now.From.After(*before.From)):
		return fmt.Sprintf("%s verify only when made after %s UTC", signs, now.From.Format(day))
	}
	return signs + " verify from earlier on"
}

func authoritiesOf(list []Authority) []one {
	all := make([]one, len(list))
	for i := range list {
		all[i] = one{list[i].Root(), list[i].id(), list[i].Period}
	}
	return all
}

func logsAs(list []Log) []one {
	all := make([]one, len(list))
	for i, log := range list {
		all[i] = one{log.URL, log.ID, log.Period}
		if log.URL == "" {
			all[i].name = log.ID
		}
	}
	return all
}
