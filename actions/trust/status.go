package trust

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"sort"
	"time"
)

// role is what every TUF role has in common.
type role struct {
	Signed struct {
		Version int64                      `json:"version"`
		Expires time.Time                  `json:"expires"`
		Targets map[string]json.RawMessage `json:"targets"`
	} `json:"signed"`
}

// Status reads the cache without the network, whoever filled it. It returns CodeNoTrustRoot when there is none, and
// CodeTrustRoot when it cannot be read. It tells what is there, expired or not.
func (c *Client) Status(context.Context) (*Status, error) {
	if found, trusted, err := readImported(c.opts.Homes.TUF); found != nil || err != nil {
		if err != nil {
			return nil, err
		}
		return &Status{
			Local: c.opts.Homes.TUF, Checksum: found.SHA256, Roles: map[string]Role{}, Targets: []string{},
			Imported: &found.Imported, Contents: Describe(trusted),
		}, nil
	}
	l, err := c.open()
	if err != nil {
		return nil, err
	}
	status := &Status{
		Local: l.home, Remote: l.remote.Mirror, Checksum: l.remote.Checksum, Pinned: l.remote.Pinned == "true",
		Roles: make(map[string]Role, rolesOnDisk), Targets: []string{},
	}
	raw, err := l.roles()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, noTrustRoot(l.home, err)
	case err != nil:
		return nil, unreadable(l.home, err)
	}
	for i, file := range roleFiles {
		data := raw[i]
		var r role
		if err := json.Unmarshal(data, &r); err != nil {
			return nil, unreadable(l.home, err)
		}
		status.Roles[file] = Role{Version: r.Signed.Version, Length: int64(len(data)), Expires: r.Signed.Expires}
		for name := range r.Signed.Targets {
			status.Targets = append(status.Targets, name)
		}
		if file == "root.json" && status.Checksum == "" {
			status.Checksum = sum(data)
		}
	}
	sort.Strings(status.Targets)
	// Whether the roles have expired is told beside them; what they vouch for does not change by it.
	if set, err := l.local(time.Unix(0, 0)); err == nil {
		if trusted, err := l.trustedRoot(set); err == nil {
			status.Contents = Describe(trusted)
		}
	}
	return status, nil
}
