package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/trust"
)

// trustChecks are about the TUF mirror and what of it is kept here.
func (e *examination) trustChecks() []check {
	return []check{
		{id: "tuf/mirror", group: GroupTrust, title: "the mirror answers with TUF metadata", needs: []string{"connect/tuf"}, run: e.mirror},
		{
			id: "tuf/root", group: GroupTrust, title: "the trust root can be fetched: it begins with the pinned root, is signed and has not expired",
			needs: []string{"tuf/mirror"}, after: []string{"clock", "machine/disk"}, run: e.fetchRoot,
		},
		{id: "tuf/cache", group: GroupTrust, title: "the trust root that is kept here is the deployment's of today", needs: []string{"tuf/root"}, run: e.cacheIsCurrent},
	}
}

// mirror asks for the time stamp, which every repository has under this name.
func (e *examination) mirror(ctx context.Context) verdict {
	s := e.service("tuf")
	if s.url == nil {
		return s.unset()
	}
	address := join(e.opts.Endpoints.TUFMirror, "/timestamp.json")
	got, err := e.get(ctx, s.who, address)
	if err != nil {
		return because(err)
	}
	var timestamp struct {
		Signed struct {
			Type    string    `json:"_type"`
			Version int64     `json:"version"`
			Expires time.Time `json:"expires"`
		} `json:"signed"`
	}
	if json.Unmarshal(got.body, &timestamp) != nil || timestamp.Signed.Type != metadata.TIMESTAMP {
		return because(garbage(s.who, address, got))
	}
	return passed(fmt.Sprintf("timestamp.json version %d, expires %s", timestamp.Signed.Version, day(timestamp.Signed.Expires)))
}

// fetchRoot fetches the trust root as cosign initialize does, to look at it: what is kept here stays as it is.
func (e *examination) fetchRoot(ctx context.Context) verdict {
	scratch, err := os.MkdirTemp("", "sigwalk-doctor-")
	if err != nil {
		return failed(actions.CodeStateUnwritable, "nothing can be fetched: there is no room for temporary files", "free some space, or name another directory with TMPDIR").
			saw("%s", plain(err.Error()))
	}
	e.scratch = scratch
	roots := e.rootsIn(scratch)
	status, err := roots.Initialize(ctx, trust.InitializeRequest{})
	if err != nil {
		return e.noRoot(ctx, err)
	}
	trusted, err := roots.Material(ctx)
	if err != nil {
		return because(err)
	}
	e.facts.trusted, e.facts.status = trusted, status
	v := passed("initial root SHA-256 " + status.Checksum + map[bool]string{true: ", as pinned", false: ", which nobody pinned"}[status.Pinned])
	for _, file := range []string{"root.json", "targets.json", "snapshot.json", "timestamp.json"} {
		if role, ok := status.Roles[file]; ok {
			v = v.saw("%s version %d expires %s", file, role.Version, day(role.Expires))
		}
	}
	for _, w := range status.Warnings(e.opts.Clock.Now()) {
		v = v.saw("soon: %s %s ends %s", w.Part, plain(w.Name), day(w.At))
	}
	return v
}

func (e *examination) rootsIn(home string) *trust.Client {
	return trust.New(trust.Options{
		Homes: actions.Homes{TUF: home}, Endpoints: e.opts.Endpoints, Transport: e.outside, Clock: e.opts.Clock,
	})
}

// noRoot says why the trust root cannot be used.
func (e *examination) noRoot(ctx context.Context, err error) verdict {
	v := because(err)
	var expired *metadata.ErrExpiredMetadata
	switch {
	case ctx.Err() != nil:
	case errors.As(err, &expired):
		v.code = actions.CodeTUFExpired
		v.means = "nothing that the mirror says counts any more: its metadata has expired, and verifying fails wherever it is fetched anew"
		v.next = "have whoever runs the deployment sign the TUF metadata anew"
	case v.code == actions.CodeRootChecksum:
		return e.rootChanged(ctx, v)
	}
	return v
}

// rootChanged tells a root that was rotated by TUF's own rules from one that has nothing to do with the pinned one.
func (e *examination) rootChanged(ctx context.Context, v verdict) verdict {
	first := join(e.opts.Endpoints.TUFMirror, "/1.root.json")
	home, err := os.MkdirTemp(e.scratch, "first-")
	if err != nil {
		return v
	}
	_, err = e.rootsIn(home).Initialize(ctx, trust.InitializeRequest{Mirror: e.opts.Endpoints.TUFMirror, Root: first, Checksum: e.opts.Endpoints.TUFRootChecksum})
	if err != nil {
		v.means = "the trust root may be somebody else's: the mirror's initial root is not the one that was pinned, and does not come from it"
		return v
	}
	v.code = actions.CodeRootRotated
	v.means = "cosign initialize refuses the mirror: its root was replaced by a newer one since it was pinned, in order and signed by the old one"
	v.next = "begin with the root that was pinned, from which the newer one is found; or pin the newer one once whoever runs the deployment has confirmed its checksum"
	return v.try("export COSIGN_ROOT=%s", first)
}

// cacheIsCurrent compares the trust root that is kept here with the fetched one.
func (e *examination) cacheIsCurrent(ctx context.Context) verdict {
	mine := e.rootsIn(e.opts.Homes.TUF)
	status, err := mine.Status(ctx)
	initialize := "cosign initialize --mirror " + address(e.opts.Endpoints.TUFMirror) + " --root " + address(e.initialRoot())
	switch {
	case actions.CodeOf(err) == actions.CodeNoTrustRoot:
		return notApplicable("none is kept in " + e.opts.Homes.TUF + " yet: cosign initialize fetches it")
	case err != nil:
		v := because(err)
		v.code = actions.CodeTrustRootStale
		return v.try("%s", initialize)
	}
	v := failed(actions.CodeTrustRootStale, "what the deployment signs today does not verify here: the trust root that is kept here is not the deployment's of today",
		"fetch it anew").try("%s", initialize)
	if status.Imported == nil && strings.TrimSuffix(status.Remote, "/") != strings.TrimSuffix(e.opts.Endpoints.TUFMirror, "/") {
		return v.saw("kept here: that of %s", plain(status.Remote)).saw("configured: %s", address(e.opts.Endpoints.TUFMirror))
	}
	if status.Contents == nil {
		return v.saw("what is kept in %s cannot be read, or is not what its metadata vouches for", e.opts.Homes.TUF)
	}
	changes := trust.Diff(status.Contents, e.facts.status.Contents)
	for _, c := range changes {
		v = v.saw("%s %s: %s", c.What, c.Part, plain(c.Name))
	}
	if root, theirs := status.Roles["root.json"], e.facts.status.Roles["root.json"]; status.Imported == nil && len(changes) == 0 && root.Version > theirs.Version {
		return v.saw("the root that is kept here has version %d, and the mirror's has %d", root.Version, theirs.Version)
	}
	if len(changes) > 0 {
		return v
	}
	var names []string
	for _, l := range status.Contents.Logs {
		names = append(names, l.ID[:min(len(l.ID), 12)])
	}
	slices.Sort(names)
	return passed("the same authorities and logs as at the mirror (log " + strings.Join(names, ", ") + ")")
}

func (e *examination) initialRoot() string {
	if e.opts.Endpoints.TUFRoot != "" {
		return e.opts.Endpoints.TUFRoot
	}
	return join(e.opts.Endpoints.TUFMirror, "/root.json")
}
