package tuf

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/sigwalk/sigwalk/workshop/sandbox/internal/state"
)

const (
	// life is how long metadata is valid after it was signed.
	life = 365 * 24 * time.Hour
	// near is how long before its end metadata is signed anew.
	near = 60 * 24 * time.Hour
)

// repository publishes metadata with consistent snapshots into dir, as section 6.2 of the specification names the files.
type repository struct {
	dir  string
	keys keys
	now  time.Time
}

// publish brings the repository up to date and returns the newest root metadata. What is already right stays as it is, so
// that a restart changes nothing for a client.
func (r *repository) publish(targets []target) ([]byte, error) {
	root, text, err := r.root()
	if err != nil {
		return nil, err
	}
	if err := r.content(root, targets); err != nil {
		return nil, err
	}
	return text, nil
}

// root returns the newest root, which it signs when there is none or the newest will end soon.
func (r *repository) root() (*metadata.Metadata[metadata.RootType], []byte, error) {
	newest := filepath.Join(r.dir, "root.json")
	root := metadata.Root(r.now)
	text, err := state.Read(newest)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		root.Signed.ConsistentSnapshot = true
		for role := range r.keys {
			key, err := r.keys.public(role)
			if err != nil {
				return nil, nil, err
			}
			if err := root.Signed.AddKey(key, role); err != nil {
				return nil, nil, err
			}
		}
	case err != nil:
		return nil, nil, err
	default:
		if root, err = metadata.Root().FromBytes(text); err != nil {
			return nil, nil, unreadable(newest, err)
		}
		if err := r.ours(root); err != nil {
			return nil, nil, unreadable(newest, err)
		}
		if !r.ends(root.Signed.Expires) {
			return root, text, nil
		}
		root.Signed.Version++
	}
	root.Signed.Expires = r.expiry()
	text, err = sign(r, metadata.ROOT, root)
	if err != nil {
		return nil, nil, err
	}
	// The numbered file first: a client that finds the newer root.json must find its number too.
	if err := state.Write(filepath.Join(r.dir, fmt.Sprintf("%d.root.json", root.Signed.Version)), text); err != nil {
		return nil, nil, err
	}
	return root, text, state.Write(newest, text)
}

// ours checks that the root is signed by, and hands every role to, the keys that lie beside it.
func (r *repository) ours(root *metadata.Metadata[metadata.RootType]) error {
	if err := root.VerifyDelegate(metadata.ROOT, root); err != nil {
		return err
	}
	for role := range r.keys {
		key, err := r.keys.public(role)
		if err != nil {
			return err
		}
		id, err := key.ID()
		if err != nil {
			return err
		}
		held := root.Signed.Roles[role]
		if held == nil || len(held.KeyIDs) != 1 || held.KeyIDs[0] != id {
			return fmt.Errorf("it gives the role %s to another key than the one in the keys directory", role)
		}
	}
	return nil
}

// content publishes the targets, and the snapshot and time stamp that lead to them.
func (r *repository) content(root *metadata.Metadata[metadata.RootType], targets []target) error {
	now, err := r.current(root)
	if err != nil {
		return err
	}
	if now.holds(targets) && !r.ends(now.targets.Signed.Expires) && !r.ends(now.snapshot.Signed.Expires) &&
		!r.ends(now.timestamp.Signed.Expires) {
		return r.complete(targets)
	}

	next := metadata.Targets(r.expiry())
	next.Signed.Version = now.targets.Signed.Version + 1
	for _, t := range targets {
		if err := state.Write(r.targetFile(t), t.data); err != nil {
			return err
		}
		next.Signed.Targets[t.name] = t.file
	}
	if err := write(r, metadata.TARGETS, next, fmt.Sprintf("%d.targets.json", next.Signed.Version)); err != nil {
		return err
	}

	snapshot := metadata.Snapshot(r.expiry())
	snapshot.Signed.Version = now.snapshot.Signed.Version + 1
	snapshot.Signed.Meta["targets.json"] = metadata.MetaFile(next.Signed.Version)
	if err := write(r, metadata.SNAPSHOT, snapshot, fmt.Sprintf("%d.snapshot.json", snapshot.Signed.Version)); err != nil {
		return err
	}

	// The time stamp comes last: until it names them, nobody sees the files written before it.
	timestamp := metadata.Timestamp(r.expiry())
	timestamp.Signed.Version = now.timestamp.Signed.Version + 1
	timestamp.Signed.Meta["snapshot.json"] = metadata.MetaFile(snapshot.Signed.Version)
	return write(r, metadata.TIMESTAMP, timestamp, "timestamp.json")
}

// complete puts back target files that are gone.
func (r *repository) complete(targets []target) error {
	for _, t := range targets {
		held, err := state.Read(r.targetFile(t))
		if err == nil && t.file.VerifyLengthHashes(held) == nil {
			continue
		}
		if err := state.Write(r.targetFile(t), t.data); err != nil {
			return err
		}
	}
	return nil
}

func (r *repository) targetFile(t target) string {
	return filepath.Join(r.dir, "targets", t.file.Hashes["sha256"].String()+"."+t.name)
}

func (r *repository) expiry() time.Time { return r.now.Add(life).UTC().Truncate(time.Second) }

func (r *repository) ends(expires time.Time) bool { return expires.Sub(r.now) < near }

// sign returns the signed form of m.
func sign[T metadata.Roles](r *repository, role string, m *metadata.Metadata[T]) ([]byte, error) {
	signer, err := r.keys.signer(role)
	if err != nil {
		return nil, err
	}
	m.ClearSignatures()
	if _, err := m.Sign(signer); err != nil {
		return nil, err
	}
	return m.ToBytes(true)
}

func write[T metadata.Roles](r *repository, role string, m *metadata.Metadata[T], name string) error {
	text, err := sign(r, role, m)
	if err != nil {
		return err
	}
	return state.Write(filepath.Join(r.dir, name), text)
}

func unreadable(path string, err error) error {
	return fmt.Errorf("%w: %s: %w", state.ErrUnreadable, path, err)
}
