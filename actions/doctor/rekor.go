package doctor

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/web"
)

// logChecks are about Rekor.
func (e *examination) logChecks() []check {
	return []check{
		{id: "rekor/log", group: GroupLog, title: "the log answers", needs: []string{"connect/rekor"}, run: e.askLog},
		{id: "rekor/key", group: GroupLog, title: "the log's key is in the trust root", needs: []string{"rekor/log", "tuf/root"}, run: e.logKey},
		{
			id: "rekor/checkpoint", group: GroupLog, title: "the log's checkpoint is signed, and goes on from the last one seen here",
			needs: []string{"rekor/key"}, run: e.checkpoint,
		},
		{id: "rekor/search", group: GroupLog, title: "the log's search index answers", needs: []string{"rekor/log"}, run: e.searchIndex},
	}
}

// logInfo is what Rekor says of its log (GET /api/v1/log).
type logInfo struct {
	RootHash string `json:"rootHash"`
	TreeSize uint64 `json:"treeSize"`
	TreeID   string `json:"treeID"`
	Signed   string `json:"signedTreeHead"`
	Inactive []struct {
		TreeSize uint64 `json:"treeSize"`
	} `json:"inactiveShards"`
}

// entries is how many there are in all shards.
func (l *logInfo) entries() uint64 {
	n := l.TreeSize
	for _, shard := range l.Inactive {
		n += shard.TreeSize
	}
	return n
}

func (e *examination) askLog(ctx context.Context) verdict {
	s := e.service("rekor")
	if s.url == nil {
		return s.unset()
	}
	address := join(e.opts.Endpoints.Rekor, "/api/v1/log")
	got, err := e.get(ctx, s.who, address)
	if err != nil {
		return because(err)
	}
	info := &logInfo{}
	if json.Unmarshal(got.body, info) != nil || info.Signed == "" {
		return because(garbage(s.who, address, got))
	}
	e.facts.log = info
	return passed(fmt.Sprintf("%d entries, tree %s", info.entries(), plain(info.TreeID)))
}

// logKey compares the key that the log gives with those in the trust root. A log's ID is the SHA-256 of its key.
func (e *examination) logKey(ctx context.Context) verdict {
	address := join(e.opts.Endpoints.Rekor, "/api/v1/log/publicKey")
	got, err := e.get(ctx, "Rekor", address)
	if err != nil {
		return because(err)
	}
	block, _ := pem.Decode(got.body)
	if block == nil {
		return because(garbage("Rekor", address, got))
	}
	if _, err := x509.ParsePKIXPublicKey(block.Bytes); err != nil {
		return because(garbage("Rekor", address, got))
	}
	sum := sha256.Sum256(block.Bytes)
	id := hex.EncodeToString(sum[:])
	logs := e.facts.trusted.RekorLogs()
	if log, ok := logs[id]; ok {
		e.facts.logID = id
		now := e.opts.Clock.Now()
		if !log.ValidityPeriodEnd.IsZero() && now.After(log.ValidityPeriodEnd) {
			return failed(actions.CodeRekorKey, "entries that the log takes now are trusted nowhere: the trust root holds its key for a time that is over", remedyRoot).
				saw("log ID %s, until %s", id, day(log.ValidityPeriodEnd))
		}
		return passed("log ID " + id)
	}
	v := failed(actions.CodeRekorKey, "what the log promises is believed nowhere: the trust root does not hold its key", remedyRoot).saw("the log's ID is %s", id)
	for _, known := range slices.Sorted(maps.Keys(logs)) {
		v = v.saw("the trust root has %s", known)
	}
	return v
}

// searchIndex looks for a hash that nothing has.
func (e *examination) searchIndex(ctx context.Context) verdict {
	nothing := make([]byte, sha256.Size)
	_, _ = rand.Read(nothing)
	body, err := json.Marshal(map[string]string{"hash": "sha256:" + hex.EncodeToString(nothing)})
	if err != nil {
		return because(err)
	}
	address := join(e.opts.Endpoints.Rekor, "/api/v1/index/retrieve")
	got, err := e.request(ctx, "Rekor", http.MethodPost, address, "application/json", body)
	if err != nil {
		return because(err)
	}
	if err := web.Refused(got.status, "the search index of Rekor", "POST "+address); err != nil {
		v := because(err)
		if v.code == actions.CodeAccessRefused || v.code == actions.CodeThrottled {
			return v
		}
		v.code, v.means = actions.CodeSearchIndex, "signatures cannot be found in the log by image or person, and lost ones cannot be brought back from it"
		v.next = "have whoever runs Rekor enable its search index and give it a store (Redis or MySQL); signing and verifying do without"
		return v
	}
	var found []string
	if json.Unmarshal(got.body, &found) != nil {
		return because(garbage("Rekor", address, got))
	}
	return passed("a search for what is not there finds " + fmt.Sprint(len(found)) + " entries")
}

// newest are the indexes of the last entries.
func (l *logInfo) newest(n uint64) []uint64 {
	all := l.entries()
	var indexes []uint64
	for i := uint64(0); i < n && i < all; i++ {
		indexes = append(indexes, all-1-i)
	}
	return indexes
}

// short is the beginning of a hash.
func short(hash string) string {
	return strings.ToLower(hash[:min(len(hash), 12)])
}
