package trust

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/gofrs/flock"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/tuf"
	"github.com/theupdateframework/go-tuf/v2/metadata"
	"github.com/theupdateframework/go-tuf/v2/metadata/updater"

	"github.com/sigwalk/sigwalk/actions"
)

const maxRoot = 512000 // bytes, as go-tuf allows for a root

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
			return "", c.explain(ctx, err, l, "the trust root of "+l.remote.Mirror+" cannot be used")
		}
		return "", nil
	})
	if err != nil {
		return nil, err
	}
	err = actions.RunStage(ctx, obs, clk, "targets", "Fetch the keys and certificates", func(ctx context.Context) (string, error) {
		names, err := c.fetchTargets(ctx, l, up)
		if err != nil {
			return "", c.explain(ctx, err, l, "the trust root of "+l.remote.Mirror+" cannot be used")
		}
		return strings.Join(names, ", "), nil
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

// initialRoot loads the initial root and compares its checksum with the pinned one.
func (c *Client) initialRoot(ctx context.Context, req InitializeRequest) (layout, []byte, error) {
	where, pinned := req.Root, req.Checksum != ""
	var (
		data []byte
		err  error
	)
	switch {
	case where == "" && strings.TrimSuffix(req.Mirror, "/") == tuf.DefaultMirror:
		// Public Sigstore was named, and its root comes with the library that cosign uses: better than first use.
		data, where, pinned = tuf.DefaultRoot(), "the root that Sigstore's libraries carry", true
	case where == "":
		where = strings.TrimSuffix(req.Mirror, "/") + "/root.json"
		data, err = c.download(ctx, where)
		if actions.CodeOf(err) == actions.CodeTrustRoot { // not every mirror serves one without a version
			where = strings.TrimSuffix(req.Mirror, "/") + "/1.root.json"
			data, err = c.download(ctx, where)
		}
	case isURL(where):
		data, err = c.download(ctx, where)
	default:
		data, err = os.ReadFile(filepath.Clean(where))
		if err != nil {
			err = &actions.Error{
				Code: actions.CodeTrustRoot,
				What: "the initial root " + where + " cannot be read",
				Why:  err.Error(),
				Next: "give a file or URL of the initial root.json with --root (or COSIGN_ROOT)",
				Err:  err,
			}
		}
	}
	if err != nil {
		return layout{}, nil, err
	}
	if err := checkPin(data, where, req.Checksum); err != nil {
		return layout{}, nil, err
	}
	if _, err := metadata.Root().FromBytes(data); err != nil {
		return layout{}, nil, &actions.Error{
			Code: actions.CodeTrustRoot,
			What: where + " is no TUF root",
			Why:  firstLine(err.Error()),
			Next: "look at the address in a browser: it must serve the JSON of a root role; a login page or a search page is a sign that it is another service's",
			Err:  err,
		}
	}
	l := layout{remote: remote{Mirror: req.Mirror, Root: where, Checksum: sum(data)}}
	if pinned {
		l.remote.Pinned = "true"
	} else {
		c.note(ctx, actions.NoteWarning, "the initial root was taken on trust: no checksum was given for "+where+".\n"+
			"Ask whoever runs the trust root whether its SHA-256 is\n  "+l.remote.Checksum+"\nand pin it with --root-checksum (or COSIGN_ROOT_CHECKSUM).")
	}
	return l, data, nil
}

// download gets the initial root.
func (c *Client) download(ctx context.Context, url string) ([]byte, error) {
	data, err := fetcher{ctx: ctx, transport: c.opts.Transport}.DownloadFile(url, maxRoot, 0)
	if err != nil {
		return nil, c.explain(ctx, err, layout{remote: remote{Mirror: url}}, "the initial root cannot be fetched from "+url)
	}
	return data, nil
}

// checkPin compares data with the checksum that was pinned, in the forms that cosign takes.
func checkPin(data []byte, where, pin string) error {
	if pin == "" {
		return nil
	}
	algorithm, want, ok := strings.Cut(strings.ToLower(strings.TrimSpace(pin)), ":")
	if !ok {
		algorithm, want = "sha256", algorithm
	}
	var got string
	switch algorithm {
	case "sha256":
		digest := sha256.Sum256(data)
		got = hex.EncodeToString(digest[:])
	case "sha512":
		digest := sha512.Sum512(data)
		got = hex.EncodeToString(digest[:])
	default:
		return &actions.Error{
			Code: actions.CodeUsage,
			What: fmt.Sprintf("the checksum of the initial root names the algorithm %q", algorithm),
			Next: "give a SHA-256 in hex, as sha256sum root.json prints it",
		}
	}
	if got == want {
		return nil
	}
	return &actions.Error{
		Code: actions.CodeRootChecksum,
		What: "the initial root " + where + " is not the one that was pinned",
		Why:  fmt.Sprintf("its %s is %s, and %s was pinned", strings.ToUpper(algorithm), got, want),
		Next: "nothing was changed. Ask whoever runs the trust root for the checksum of its initial root, by another way than this mirror; only when they confirm the new value, give that",
	}
}

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
	return names, nil
}

// install moves what was staged to where cosign looks for it. Every file is replaced in one step, and remote.json, which
// makes readers look there at all, comes last.
func (c *Client) install(staged layout) error {
	final := layout{home: c.opts.Homes.TUF, remote: staged.remote}
	if err := move(staged.dir(), final.dir()); err != nil {
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

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
