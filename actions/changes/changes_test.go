package changes_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/changes"
)

const (
	one = "sha256:1111"
	two = "sha256:2222"
)

func row(key string) changes.Row {
	return changes.Row{Key: key, Image: one, Kind: "signature", Subject: key + "@example.com", Verified: true}
}

func look(digest string, rows ...changes.Row) changes.Look {
	return changes.Look{Image: "app:latest", Digest: digest, At: time.Unix(1000, 0).UTC(), Rows: rows}
}

func TestCompare(t *testing.T) {
	failed := row("a")
	failed.Verified = false
	other := row("c")
	other.Image = two
	for _, c := range []struct {
		name          string
		before, after changes.Look
		want          []string
	}{
		{"nothing", look(one, row("a"), row("b")), look(one, row("b"), row("a")), nil},
		{"signed", look(one, row("a")), look(one, row("a"), row("b")), []string{"signed  signature without a log entry by b@example.com"}},
		{"lost", look(one, row("a"), row("b")), look(one, row("b")), []string{"lost    signature without a log entry by a@example.com"}},
		{"one of two that are the same", look(one, row("a"), row("a")), look(one, row("a")), []string{"lost    signature without a log entry by a@example.com"}},
		{"changed", look(one, row("a")), look(one, failed), []string{"changed signature without a log entry by a@example.com, not verified"}},
		{"moved", look(one, row("a")), look(two, other), []string{"moved   from " + one + " to " + two, "signed  signature without a log entry by c@example.com"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := changes.Compare(c.before, c.after)
			if got := d.Lines(); !slices.Equal(got, c.want) || d.None() != (c.want == nil) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestApply: what was there, less what was lost, with what was signed, is what is there.
func TestApply(t *testing.T) {
	keys := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "d"}), 0, 8)
	rapid.Check(t, func(t *rapid.T) {
		rowsOf := func(keys []string) []changes.Row {
			var rows []changes.Row
			for _, k := range keys {
				rows = append(rows, row(k))
			}
			return rows
		}
		before, after := keys.Draw(t, "before"), keys.Draw(t, "after")
		d := changes.Compare(look(one, rowsOf(before)...), look(one, rowsOf(after)...))
		now := slices.Clone(before)
		for _, r := range d.Lost {
			i := slices.Index(now, r.Key)
			if i < 0 {
				t.Fatalf("%s was lost and never there", r.Key)
			}
			now = slices.Delete(now, i, i+1)
		}
		for _, r := range d.Signed {
			now = append(now, r.Key)
		}
		slices.Sort(now)
		slices.Sort(after)
		if !slices.Equal(now, after) {
			t.Fatalf("comes to %v, want %v", now, after)
		}
	})
}

func TestStore(t *testing.T) {
	s := changes.Store{Dir: filepath.Join(t.TempDir(), "looks")}
	if _, ok, err := s.Last("app:latest"); ok || err != nil {
		t.Fatalf("%t, %v", ok, err)
	}
	index := int64(0)
	want := look(one, row("a"))
	want.Rows[0].LogIndex = &index
	for range 2 {
		if err := s.Keep(want); err != nil {
			t.Fatal(err)
		}
	}
	got, ok, err := s.Last("app:latest")
	if err != nil || !ok || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %t, %v", got, ok, err)
	}
	if _, ok, err := s.Last("app:other"); ok || err != nil {
		t.Errorf("another image: %t, %v", ok, err)
	}
	files, err := os.ReadDir(s.Dir)
	if err != nil || len(files) != 1 {
		t.Fatalf("%v, %v", files, err)
	}
	if err := os.WriteFile(filepath.Join(s.Dir, files[0].Name()), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	var e *actions.Error
	if _, _, err := s.Last("app:latest"); !errors.As(err, &e) || e.Next == "" {
		t.Errorf("a broken file: %v", err)
	}
}

// TestWatch tells the first look, then what is different, passes over a look that fails, and ends with its context.
func TestWatch(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	looks := []changes.Look{look(one, row("a")), look(one, row("a")), {}, look(one, row("a"), row("b"))}
	var told []string
	failures, at := 0, 0
	err := changes.Watch(ctx, time.Millisecond, func(context.Context) (changes.Look, error) {
		if at == len(looks) {
			cancel()
			return changes.Look{}, errors.New("after the end")
		}
		now := looks[at]
		at++
		if now.Image == "" {
			return now, errors.New("away")
		}
		return now, nil
	}, func(_ changes.Look, d changes.Diff) { told = append(told, fmt.Sprint(d.Lines())) }, func(error) { failures++ })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
	want := []string{"[signed  signature without a log entry by a@example.com]", "[signed  signature without a log entry by b@example.com]"}
	if !slices.Equal(told, want) || failures != 1 {
		t.Errorf("told %q, %d failures", told, failures)
	}
	if err := changes.CheckWait(time.Millisecond); actions.CodeOf(err) != actions.CodeUsage {
		t.Errorf("a wait of a millisecond: %v", err)
	}
}

// TestLine says in words what has no index and no name.
func TestLine(t *testing.T) {
	index := int64(0)
	for want, row := range map[string]changes.Row{
		"signature 0 by a@example.com":                                {Kind: "signature", LogIndex: &index, Subject: "a@example.com", Verified: true},
		"attestation without a log entry by a key pair, not verified": {Kind: "attestation"},
		"sbom that nobody signed on linux/arm64":                      {Kind: "sbom", Platform: "linux/arm64"},
	} {
		if got := row.Line(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
