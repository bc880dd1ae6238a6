package doctor

import (
	"context"
	"crypto"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/sigstore/rekor/pkg/util"
	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/sigwalk/sigwalk/actions"
)

// seen is a checkpoint as it is kept below the state directory, a file for each log and tree.
type seen struct {
	TreeID   string    `json:"treeID"`
	Size     uint64    `json:"size"`
	RootHash string    `json:"rootHash"`
	At       time.Time `json:"at"`
}

// checkpoint verifies what the log signs of itself, and that it goes on from what was seen before (RFC 6962, 2.1.2).
func (e *examination) checkpoint(ctx context.Context) verdict {
	info := e.facts.log
	signed := util.SignedCheckpoint{}
	if err := signed.UnmarshalText([]byte(info.Signed)); err != nil {
		return failed(actions.CodeCheckpoint, checkpointMeans, checkpointNext).saw("it cannot be read: %s", plain(err.Error()))
	}
	key, err := signature.LoadVerifier(e.facts.trusted.RekorLogs()[e.facts.logID].PublicKey, crypto.SHA256)
	if err != nil {
		return because(err)
	}
	if !signed.Verify(key) {
		return failed(actions.CodeCheckpoint, checkpointMeans, checkpointNext).saw("its signature is not by the log's key in the trust root")
	}
	now := seen{TreeID: info.TreeID, Size: signed.Size, RootHash: hex.EncodeToString(signed.Hash), At: e.opts.Clock.Now().UTC()}
	file := filepath.Join(e.opts.Dir, "doctor", "checkpoint-"+e.facts.logID[:16]+"-"+filepath.Base(url.PathEscape(info.TreeID))+".json")
	before, err := readSeen(file)
	if err != nil {
		return failed(actions.CodeStateUnreadable, "whether the log goes on from what was seen before cannot be said", "move "+file+" out of the way").saw("%s", plain(err.Error()))
	}
	v := passed(fmt.Sprintf("%d entries, root hash %s, signed by the log", now.Size, short(now.RootHash)))
	if before == nil {
		v = v.saw("it is the first that was seen here")
	} else {
		went, ok := e.goesOn(ctx, *before, now)
		if !ok {
			return went
		}
		v = v.saw("%s", went.evidence[0])
	}
	if e.opts.Dir != "" && (before == nil || before.Size != now.Size) {
		if err := keepSeen(file, now); err != nil {
			v = v.saw("it could not be remembered: %s", plain(err.Error()))
		}
	}
	return v
}

const (
	checkpointMeans = "the log cannot be believed: what it says of itself does not verify"
	checkpointNext  = "check that --rekor-url and the trust root are of one deployment; if they are, tell whoever runs the log, and sign nothing until it is explained"
	forkedNext      = "tell whoever runs the log, with this report. Where it was set up anew on purpose, or restored from a backup, move %s out of the way"
)

// goesOn compares a checkpoint with the one before. Its evidence is one line when it is well.
func (e *examination) goesOn(ctx context.Context, before, now seen) (verdict, bool) {
	file := filepath.Join(e.opts.Dir, "doctor")
	wrong := failed(actions.CodeLogForked, "the log does not keep what it took: it shows another history than it did before", fmt.Sprintf(forkedNext, file)).
		saw("on %s it had %d entries, root hash %s", before.At.Format(time.RFC3339), before.Size, short(before.RootHash)).
		saw("now it has %d entries, root hash %s", now.Size, short(now.RootHash))
	switch {
	case now.Size < before.Size:
		return wrong, false
	case now.Size == before.Size && now.RootHash != before.RootHash:
		return wrong, false
	case now.Size == before.Size:
		return passed("the same as on " + before.At.Format(time.RFC3339)), true
	case before.Size == 0:
		return passed("it was empty on " + before.At.Format(time.RFC3339)), true
	}
	query := url.Values{"firstSize": {strconv.FormatUint(before.Size, 10)}, "lastSize": {strconv.FormatUint(now.Size, 10)}, "treeID": {now.TreeID}}
	var answer struct {
		Hashes []string `json:"hashes"`
	}
	if err := e.getJSON(ctx, "Rekor", join(e.opts.Endpoints.Rekor, "/api/v1/log/proof?"+query.Encode()), &answer); err != nil {
		return because(err), false
	}
	hashes := make([][]byte, 0, len(answer.Hashes))
	for _, text := range answer.Hashes {
		hash, err := hex.DecodeString(text)
		if err != nil {
			return wrong.saw("its proof cannot be read"), false
		}
		hashes = append(hashes, hash)
	}
	first, err1 := hex.DecodeString(before.RootHash)
	last, err2 := hex.DecodeString(now.RootHash)
	if err := errors.Join(err1, err2, proof.VerifyConsistency(rfc6962.DefaultHasher, before.Size, now.Size, hashes, first, last)); err != nil {
		return wrong.saw("its proof of consistency does not lead from one to the other"), false
	}
	return passed(fmt.Sprintf("it goes on from the %d entries of %s, proved by the log", before.Size, before.At.Format(time.RFC3339))), true
}

func readSeen(file string) (*seen, error) {
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	s := &seen{}
	return s, json.Unmarshal(data, s)
}

func keepSeen(file string, s seen) error {
	data, err := json.Marshal(s)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(file), ".new-*")
	if err != nil {
		return err
	}
	_, err = temporary.Write(data)
	if err = errors.Join(err, temporary.Close()); err == nil {
		err = os.Rename(temporary.Name(), file)
	}
	if err != nil {
		_ = os.Remove(temporary.Name())
	}
	return err
}
