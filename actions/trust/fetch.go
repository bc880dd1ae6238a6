package trust

import (
	"context"
	"fmt"
	"io"
	"net/http"
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
func (f fetcher) DownloadFile(url string, maxLength int64, _ time.Duration) ([]byte, error) {
	ctx, cancel := context.WithTimeout(f.ctx, fetchTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("User-Agent", "sigwalk")
	response, err := (&http.Client{Transport: f.transport}).Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, &metadata.ErrDownloadHTTP{StatusCode: response.StatusCode, URL: url}
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, maxLength+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > maxLength {
		return nil, &metadata.ErrDownloadLengthMismatch{Msg: fmt.Sprintf("%s is longer than %d bytes", url, maxLength)}
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
func target(up *updater.Updater, name string) ([]byte, error) {
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
	_, data, err = up.DownloadTarget(info, "", "")
	return data, err
}
