package doctor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"

	"github.com/sigwalk/sigwalk/actions"
)

// machineChecks are about what this machine needs itself.
func (e *examination) machineChecks() []check {
	return []check{
		{id: "machine/disk", group: GroupMachine, title: "the state directory can be written, and has room", run: e.disk},
		{id: "machine/credentials", group: GroupMachine, title: "the registry logins can be read, and their helper runs", run: e.credentials},
		{id: "machine/cosign", group: GroupMachine, title: "the cosign on the PATH can be used", run: e.cosign},
	}
}

// The room that is wanted on the disk of the state directory, and what is written to see whether it can be, in bytes.
const (
	wantedRoom = 64 << 20
	probeSize  = 256 << 10
)

// disk writes a file and removes it again.
func (e *examination) disk(context.Context) verdict {
	if e.opts.Dir == "" {
		return notApplicable("there is no state directory")
	}
	if err := probe(e.opts.Dir); err != nil {
		return failed(actions.CodeStateUnwritable, "nothing can be kept: no trust root, no login, no progress", "make "+e.opts.Dir+" writable and free some space, or name another directory with --dir").
			saw("%s", plain(err.Error())).try("df -h %s", e.opts.Dir)
	}
	free, err := freeBytes(e.opts.Dir)
	if err != nil {
		return passed("it can be written")
	}
	seen := fmt.Sprintf("%d MiB are free", free>>20)
	if free < wantedRoom {
		return failed(actions.CodeDiskLow, "there is little room left on the disk of the state directory", "free some space, or name another directory with --dir").
			saw("%s, and %d MiB are wanted", seen, wantedRoom>>20).try("df -h %s", e.opts.Dir)
	}
	return passed("it can be written", seen)
}

func probe(dir string) error {
	file, err := os.CreateTemp(dir, ".doctor-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(file.Name()) }()
	_, err = file.Write(make([]byte, probeSize))
	return errors.Join(err, file.Sync(), file.Close())
}

// credentials reads the stored login, by its helper where there is one.
func (e *examination) credentials(ctx context.Context) verdict {
	file := filepath.Join(e.opts.Homes.Docker, "config.json")
	host := e.opts.Registry
	if host == "" {
		host = name.DefaultRegistry
	}
	target, err := name.NewRegistry(host)
	if err != nil {
		return notApplicable("no registry is set")
	}
	found, err := authn.Resolve(ctx, e.registry.Keychain(), target)
	if err != nil {
		return because(err)
	}
	if _, err := os.Stat(file); err != nil {
		return notApplicable("there is no " + file + " yet: cosign login writes it")
	}
	if found == authn.Anonymous {
		return passed(file+" can be read", "it holds no login for "+target.RegistryStr())
	}
	return passed(file+" can be read", "it holds a login for "+target.RegistryStr())
}

// cosign asks each cosign on the PATH which it is, and says what it writes.
func (e *examination) cosign(ctx context.Context) verdict {
	var found []string
	for _, dir := range filepath.SplitList(e.opts.Path) {
		path := filepath.Join(dir, "cosign")
		if at, err := exec.LookPath(path); err == nil && filepath.IsAbs(at) {
			found = append(found, at)
		}
	}
	if len(found) == 0 {
		return notApplicable("there is none; the built-in one is sigwalk cosign")
	}
	v := passed()
	for i, path := range found {
		version, err := cosignVersion(ctx, path)
		where := path
		if i > 0 {
			where += " (hidden by the one before)"
		}
		switch {
		case err != nil && i == 0:
			return failed(actions.CodeCosignUnusable, "cosign in a terminal fails", "install it anew, or take it off the PATH: sigwalk cosign has one built in").
				saw("%s version --json: %s", path, plain(err.Error())).try("%s version", path)
		case err != nil:
			v = v.saw("%s does not run", where)
		case strings.HasPrefix(version, "v0.") || strings.HasPrefix(version, "v1."):
			if i == 0 {
				return failed(actions.CodeCosignOld, "cosign in a terminal knows neither today's trust roots nor today's flags", "install version 2 or 3, or use sigwalk cosign").
					saw("%s is %s", path, plain(version))
			}
			v = v.saw("%s is %s", where, plain(version))
		case strings.HasPrefix(version, "v2."):
			v = v.saw("%s is %s: it writes signature tags (.sig), and bundles with --new-bundle-format", where, plain(version))
		case strings.HasPrefix(version, "v3."):
			v = v.saw("%s is %s: it writes Sigstore bundles (referrers), and takes the services from the signing configuration", where, plain(version))
		default:
			v = v.saw("%s is %s", where, plain(version))
		}
	}
	return v
}
