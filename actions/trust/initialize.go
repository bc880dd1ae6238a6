package trust

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/gofrs/flock"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/tuf"
	"github.com/theupdateframework/go-tuf/v2/metadata/updater"

	"github.com/sigwalk/sigwalk/actions"
)

// Initialize fetches the trust root. A cache that works is replaced only when the new one is complete. It reports the
// stages "root", "metadata", "targets" and "store", and fails with CodeRootChecksum when the initial root is not the one
// that was pinned, CodeUnreachable and the other codes of package web when the mirror does not answer, CodeTrustRoot when
// what it serves is no valid TUF repository or has expired, and CodeStateUnwritable when the cache cannot be written.
func (c *Client) Initialize(ctx context.Context, req InitializeRequest) (*Status, error) {
	if req.Mirror == "" {
		e := c.opts.Endpoints
		req = InitializeRequest{Mirror: e.TUFMirror, Root: e.TUFRoot, Checksum: e.TUFRootChecksum}
	}
	if err := checkMirror(req.Mirror); err != nil {
		return nil, err
	}
	if c.opts.Homes.TUF == "" {
		return nil, noHome()
	}
	var (
		l        layout
		initial  []byte
		staged   string
		up       *updater.Updater
		obs, clk = c.opts.Observer, c.opts.Clock
	)
	err := actions.RunStage(ctx, obs, clk, "root", "Fetch the initial root", func(ctx context.Context) (string, error) {
		var err error
		l, initial, err = c.initialRoot(ctx, req)
		return "sha256:" + l.remote.Checksum, err
	})
	if err != nil {
		return nil, err
	}
	home := c.opts.Homes.TUF
	if err := os.MkdirAll(home, 0o700); err != nil {
		return nil, unwritable(home, err)
	}
	lock, err := c.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer lock.Unlock() //nolint:errcheck // the lock goes with the file descriptor at the latest
	if left, err := filepath.Glob(filepath.Join(home, ".new-*")); err == nil {
		for _, name := range left { // of somebody who was killed: nobody else is at it now
			_ = os.RemoveAll(name)
		}
	}
	staged, err = os.MkdirTemp(home, ".new-")
	if err != nil {
		return nil, unwritable(home, err)
	}
	defer os.RemoveAll(staged) //nolint:errcheck // nothing to be done about it
	l.home = staged

	err = actions.RunStage(ctx, obs, clk, "metadata", "Fetch and check the TUF metadata", func(ctx context.Context) (string, error) {
		var err error
		up, err = c.update(ctx, l, initial)
		if err != nil {
			return "", c.explain(ctx, err, mirrorKind, l.remote.Mirror, "the trust root of "+l.remote.Mirror+" cannot be used")
		}
		return "", nil
	})
	if err != nil {
		return nil, err
	}
	err = actions.RunStage(ctx, obs, clk, "targets", "Fetch the keys and certificates", func(ctx context.Context) (string, error) {
		names, err := c.fetchTargets(ctx, l, up)
		if err != nil {
			return "", c.explain(ctx, err, mirrorKind, l.remote.Mirror, "the trust root of "+l.remote.Mirror+" cannot be used")
		}
		if !slices.Contains(names, trustedRootTarget) {
			err = writeLegacy(l)
		}
		return strings.Join(names, ", "), err
	})
	if err != nil {
		return nil, err
	}
	err = actions.RunStage(ctx, obs, clk, "store", "Store the trust root", func(context.Context) (string, error) {
		return home, c.install(l)
	})
	if err != nil {
		return nil, err
	}
	return c.Status(ctx)
}

func checkMirror(mirror string) error {
	switch {
	case mirror == "":
		return &actions.Error{
			Code: actions.CodeUsage,
			What: "no TUF mirror was named",
			Next: "give its URL with --mirror (or COSIGN_MIRROR), or " + tuf.DefaultMirror + " for public Sigstore",
		}
	case !isURL(mirror):
		return &actions.Error{
			Code: actions.CodeUsage,
			What: fmt.Sprintf("the TUF mirror %q is no http or https URL", mirror),
			Next: "give it as https://HOST/PATH",
		}
	}
	return nil
}

func isURL(s string) bool { return strings.HasPrefix(s, "http://") || strings.HasPrefix(s, "https://") }

// fetchTargets downloads the targets that cosign reads: the trusted root and the signing configurations, or every target
// when the mirror is too old to have a trusted root.
func (c *Client) fetchTargets(ctx context.Context, l layout, up *updater.Updater) ([]string, error) {
	all := up.GetTopLevelTargets()
	_, modern := all[trustedRootTarget]
	var names []string
	for name := range all {
		if !modern || name == trustedRootTarget || strings.HasPrefix(name, "signing_config") {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil, errors.New("the mirror has no targets at all")
	}
	sort.Strings(names)
	for _, name := range names {
		data, err := c.target(ctx, l, up, name)
		if err != nil {
			return nil, err
		}
		if name == trustedRootTarget {
			if _, err := root.NewTrustedRootFromJSON(data); err != nil {
				return nil, err
			}
		}
	}
	if !modern {
		set := up.GetTrustedMetadataSet()
		if _, err := l.assemble(&set); err != nil {
			return nil, err
		}
	}
	return names, nil
}

// install moves what was staged to where cosign looks for it. Every file is replaced in one step, and remote.json, which
// makes readers look there at all, comes last.
func (c *Client) install(staged layout) error {
	final := layout{home: c.opts.Homes.TUF, remote: staged.remote}
	if err := move(staged.dir(), final.dir()); err != nil {
		return unwritable(final.home, err)
	}
	if err := installLegacy(staged.home, final.home); err != nil {
		return unwritable(final.home, err)
	}
	stamp, err := json.Marshal(tuf.Config{LastTimestamp: c.opts.Clock.Now()})
	if err != nil {
		return err
	}
	if err := writeFile(final.stamp(), stamp); err != nil {
		return unwritable(final.home, err)
	}
	raw, err := json.Marshal(staged.remote)
	if err != nil {
		return err
	}
	if err := writeFile(filepath.Join(final.home, remoteFile), raw); err != nil {
		return unwritable(final.home, err)
	}
	if err := forgetImported(final.home); err != nil {
		return unwritable(final.home, err)
	}
	return nil
}

// move makes to hold exactly the files of from: each replaced in one step, those of before that are not in from removed
// afterwards.
func move(from, to string) error {
	if err := os.MkdirAll(to, 0o700); err != nil {
		return err
	}
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	keep := map[string]bool{}
	for _, entry := range entries {
		keep[entry.Name()] = true
		source, destination := filepath.Join(from, entry.Name()), filepath.Join(to, entry.Name())
		if entry.IsDir() {
			err = move(source, destination)
		} else {
			err = os.Rename(source, destination)
		}
		if err != nil {
			return err
		}
	}
	before, err := os.ReadDir(to)
	if err != nil {
		return err
	}
	for _, entry := range before {
		if !keep[entry.Name()] {
			_ = os.RemoveAll(filepath.Join(to, entry.Name()))
		}
	}
	return nil
}

const lockPoll = 20 * time.Millisecond

// lock keeps other sigwalk processes from writing the cache meanwhile.
func (c *Client) lock(ctx context.Context) (*flock.Flock, error) {
	home := c.opts.Homes.TUF
	lock := flock.New(filepath.Join(home, ".sigwalk.lock"))
	if _, err := lock.TryLockContext(ctx, lockPoll); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, unwritable(home, err)
	}
	return lock, nil
}
