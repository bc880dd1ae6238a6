//go:build interop

package interop

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// entry is what rekor-cli says of one log entry and may never change.
type entry struct {
	LogIndex       int64
	IntegratedTime int64
	LogID, UUID    string
	Body           any
}

// TestLogOutlivesACrash: rekor-cli finds the same log before and after the sandbox was killed, which it checks itself: it
// keeps the checkpoint that it saw last and refuses a log that does not continue it.
func TestLogOutlivesACrash(t *testing.T) {
	b := up(t)
	b.lesson(t)
	sign := terminal + "OIDC_USER=user1@demo.redhat.com\n" + signIn + `cosign2 sign "$IMAGE"`
	b.sh(t, sign)
	b.sh(t, sign)

	before, entries := b.logInfo(t), b.entries(t)
	if before.ActiveTreeSize != 3 || len(entries) != 3 {
		t.Fatalf("%+v, %d entries", before, len(entries))
	}
	pipeline, user1 := b.search(t, "pipeline-auth@demo.redhat.com"), b.search(t, "user1@demo.redhat.com")
	if len(pipeline) != 1 || len(user1) != 2 {
		t.Fatalf("search finds %q and %q", pipeline, user1)
	}
	proofs := b.verify(t, entries)

	for _, end := range []struct {
		how string
		end func(*testing.T)
	}{{"killed", b.kill}, {"stopped", b.stop}} {
		end.end(t)
		b.start(t)
		if after := b.logInfo(t); after != before {
			t.Errorf("%s: the log is %+v, was %+v", end.how, after, before)
		}
		if again := b.entries(t); !reflect.DeepEqual(again, entries) {
			t.Errorf("%s: the entries are\n%+v\nwere\n%+v", end.how, again, entries)
		}
		if again := b.verify(t, entries); !reflect.DeepEqual(again, proofs) {
			t.Errorf("%s: the inclusion proofs are\n%+v\nwere\n%+v", end.how, again, proofs)
		}
		for who, found := range map[string][]string{"pipeline-auth@demo.redhat.com": pipeline, "user1@demo.redhat.com": user1} {
			if again := b.search(t, who); !slices.Equal(again, found) {
				t.Errorf("%s: search for %s finds %q, found %q", end.how, who, again, found)
			}
		}
	}

	// It goes on where it was, and the larger tree contains the smaller one.
	b.sh(t, sign)
	if after := b.logInfo(t); after.ActiveTreeSize != before.ActiveTreeSize+1 || after.TreeID != before.TreeID {
		t.Errorf("after one more signature the log is %+v, was %+v", after, before)
	}
	b.verify(t, append(entries, b.entry(t, 3)))
	if found := b.search(t, "user1@demo.redhat.com"); len(found) != 3 {
		t.Errorf("search finds %q after one more signature", found)
	}
	b.sh(t, terminal+`cosign2 verify --certificate-identity-regexp . "$IMAGE" | jq -e 'length == 4'`)
}

// rekor runs rekor-cli, which keeps the tree that it saw last in the directory where scripts start.
func (b *bench) rekor(t *testing.T, arguments string) outcome {
	t.Helper()
	return b.sh(t, terminal+`HOME=$PWD rekor-cli --rekor_server "$COSIGN_REKOR_URL" --format json `+arguments)
}

// treeInfo is what rekor-cli says of the whole log.
type treeInfo struct {
	ActiveTreeSize, TotalTreeSize int64
	RootHash, TreeID              string
}

// logInfo checks the checkpoint's signature and that the log contains the one that was seen last.
func (b *bench) logInfo(t *testing.T) treeInfo {
	t.Helper()
	var info treeInfo
	_, err := os.Stat(filepath.Join(b.work, ".rekor", "state.json"))
	seen := err == nil
	o := b.rekor(t, "loginfo")
	if strings.Contains(o.stderr, "unable to prove consistency") == seen {
		t.Errorf("the log was seen before: %v, and rekor-cli says: %s", seen, o)
	}
	if err := json.Unmarshal([]byte(o.stdout), &info); err != nil {
		t.Fatalf("%v %s", err, o)
	}
	return info
}

func (b *bench) entry(t *testing.T, index int64) entry {
	t.Helper()
	var e entry
	o := b.rekor(t, fmt.Sprintf("get --log-index %d", index))
	if err := json.Unmarshal([]byte(o.stdout), &e); err != nil || e.LogIndex != index || e.UUID == "" {
		t.Fatalf("%v %s", err, o)
	}
	return e
}

func (b *bench) entries(t *testing.T) []entry {
	t.Helper()
	var all []entry
	for index := range b.logInfo(t).ActiveTreeSize {
		all = append(all, b.entry(t, index))
	}
	return all
}

// proof is an inclusion proof as rekor-cli verified it. The checkpoint in it is left out: the log signs it anew at every
// question, and loginfo looks at it.
type proof struct {
	EntryUUID, RootHash string
	Index, Size         int64
	Hashes              []string
}

// verify has rekor-cli verify the inclusion proof of each entry.
func (b *bench) verify(t *testing.T, entries []entry) []proof {
	t.Helper()
	var proofs []proof
	for _, e := range entries {
		var p proof
		o := b.rekor(t, "verify --uuid "+e.UUID)
		if err := json.Unmarshal([]byte(o.stdout), &p); err != nil || p.EntryUUID == "" || len(p.Hashes) == 0 {
			t.Fatalf("%v %s", err, o)
		}
		proofs = append(proofs, p)
	}
	return proofs
}

// search asks the log's index for the entries of an e-mail address and returns their UUIDs in order.
func (b *bench) search(t *testing.T, email string) []string {
	t.Helper()
	var found struct{ UUIDs []string }
	o := b.rekor(t, "search --email "+email)
	if err := json.Unmarshal([]byte(o.stdout), &found); err != nil {
		t.Fatalf("%v %s", err, o)
	}
	slices.Sort(found.UUIDs)
	return found.UUIDs
}
