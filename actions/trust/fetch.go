package trust

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
	"github.com/theupdateframework/go-tuf/v2/metadata/config"
	"github.com/theupdateframework/go-tuf/v2/metadata/updater"
)

// fetchTimeout bounds one file, so that a mirror that accepts and says nothing is an error and not a wait.
const fetchTimeout = 30 * time.Second

// fetcher is a TUF fetcher that stops with its context and uses the person's transport; the one of go-tuf knows neither.
type fetcher struct {
	ctx       context.Context //nolint:containedctx // the interface of go-tuf has no room for it
	transport http.RoundTripper
}

// DownloadFile implements go-tuf's fetcher.Fetcher.
func (f fetcher) DownloadFile(address string, maxLength int64, _ time.Duration) ([]byte, error) {
	ctx, cancel := context.WithTimeout(f.ctx, fetchTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, err
	}
	request.Header.Set("User-Agent", "sigwalk")
	response, err := (&http.Client{Transport: f.transport}).Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, &metadata.ErrDownloadHTTP{StatusCode: response.StatusCode, URL: address}
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, maxLength+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > maxLength {
		return nil, &metadata.ErrDownloadLengthMismatch{Msg: fmt.Sprintf("%s is longer than %d bytes", address, maxLength)}
	}
	return data, nil
}

// update brings the metadata of l up to date, starting from the root in initial, and returns the updater that did it.
func (c *Client) update(ctx context.Context, l layout, initial []byte) (*updater.Updater, error) {
	cfg, err := config.New(l.remote.Mirror, initial)
	if err != nil {
		return nil, err
	}
	cfg.LocalMetadataDir = l.dir()
	cfg.LocalTargetsDir = l.role("targets")
	cfg.Fetcher = fetcher{ctx: ctx, transport: c.opts.Transport}
	up, err := updater.New(cfg)
	if err != nil {
		return nil, err
	}
	up.UnsafeSetRefTime(c.opts.Clock.Now().UTC())
	if err := up.Refresh(); err != nil {
		return nil, err
	}
	return up, nil
}

// target returns a target of the mirror, from the cache when it is there already.
func (c *Client) target(ctx context.Context, l layout, up *updater.Updater, name string) ([]byte, error) {
	info, err := up.GetTargetInfo(name)
	if err != nil {
		return nil, err
	}
	path, data, err := up.FindCachedTarget(info, "")
	if err != nil {
		return nil, err
	}
	if path != "" {
		return data, nil
	}
	data, err = c.downloadTarget(ctx, l, up, info)
	if err != nil {
		return nil, err
	}
	return data, writeFile(filepath.Join(l.role("targets"), url.PathEscape(name)), data)
}

// downloadTarget fetches a target. In a repository with consistent snapshots its name starts with one of its hashes; a
// mirror need not serve it under each of them, and go-tuf asks for one at random, so all are tried.
func (c *Client) downloadTarget(ctx context.Context, l layout, up *updater.Updater, info *metadata.TargetFiles) ([]byte, error) {
	dir, base := pathOf(info.Path)
	names := []string{info.Path}
	if up.GetTrustedMetadataSet().Root.Signed.ConsistentSnapshot {
		names = nil
		for _, hash := range info.Hashes {
			names = append(names, dir+hash.String()+"."+base)
		}
		sort.Slice(names, func(i, j int) bool { return len(names[i]) < len(names[j]) })
	}
	var failed error
	for _, name := range names {
		address, err := url.JoinPath(l.remote.Mirror, "targets", name)
		if err != nil {
			return nil, err
		}
		data, err := fetcher{ctx: ctx, transport: c.opts.Transport}.DownloadFile(address, info.Length, 0)
		if err == nil {
			return data, info.VerifyLengthHashes(data)
		}
		if failed == nil {
			failed = err
		}
	}
	return nil, failed
}

func pathOf(target string) (dir, base string) {
	if i := strings.LastIndexByte(target, '/'); i >= 0 {
		return target[:i+1], target[i+1:]
	}
	return "", target
}
