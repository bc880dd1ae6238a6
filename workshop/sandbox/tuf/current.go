package tuf

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/sigwalk/sigwalk/workshop/sandbox/internal/state"
)

// published is what clients see now. Before the first publication every version is 0.
type published struct {
	targets   *metadata.Metadata[metadata.TargetsType]
	snapshot  *metadata.Metadata[metadata.SnapshotType]
	timestamp *metadata.Metadata[metadata.TimestampType]
}

// current follows the repository as a client does, from the time stamp to the targets, and checks every signature: a
// file that was torn or changed must not be signed anew as if nothing had happened.
func (r *repository) current(root *metadata.Metadata[metadata.RootType]) (published, error) {
	now := published{targets: metadata.Targets(), snapshot: metadata.Snapshot(), timestamp: metadata.Timestamp()}
	now.targets.Signed.Version, now.snapshot.Signed.Version, now.timestamp.Signed.Version = 0, 0, 0

	err := read(r, root, metadata.TIMESTAMP, "timestamp.json", now.timestamp)
	if errors.Is(err, fs.ErrNotExist) {
		return now, nil
	}
	if err != nil {
		return published{}, err
	}
	named := now.timestamp.Signed.Meta["snapshot.json"]
	if named == nil {
		return published{}, unreadable("timestamp.json", errors.New("it names no snapshot"))
	}
	name := fmt.Sprintf("%d.snapshot.json", named.Version)
	if err := found(read(r, root, metadata.SNAPSHOT, name, now.snapshot)); err != nil {
		return published{}, err
	}
	if named = now.snapshot.Signed.Meta["targets.json"]; named == nil {
		return published{}, unreadable(name, errors.New("it names no targets"))
	}
	name = fmt.Sprintf("%d.targets.json", named.Version)
	if err := found(read(r, root, metadata.TARGETS, name, now.targets)); err != nil {
		return published{}, err
	}
	return now, nil
}

// found makes a file that is missing, though others name it, a broken state.
func found(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %w", state.ErrUnreadable, err)
	}
	return err
}

func read[T metadata.Roles](
	r *repository, root *metadata.Metadata[metadata.RootType], role, name string, into *metadata.Metadata[T],
) error {
	path := filepath.Join(r.dir, name)
	text, err := state.Read(path)
	if err != nil {
		return err
	}
	parsed, err := into.FromBytes(text)
	if err != nil {
		return unreadable(path, err)
	}
	if err := root.VerifyDelegate(role, parsed); err != nil {
		return unreadable(path, err)
	}
	*into = *parsed
	return nil
}

// holds reports whether exactly these targets are published.
func (p published) holds(targets []target) bool {
	if len(p.targets.Signed.Targets) != len(targets) {
		return false
	}
	for _, t := range targets {
		held := p.targets.Signed.Targets[t.name]
		if held == nil || held.Length != t.file.Length || !held.Hashes.Equal(t.file.Hashes) || !sameJSON(held.Custom, t.file.Custom) {
			return false
		}
	}
	return true
}
