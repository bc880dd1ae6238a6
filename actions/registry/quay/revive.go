package quay

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// undoTime bounds the removal of a name that was lent, also after the work was cancelled.
const undoTime = 20 * time.Second

// Lend makes a manifest that a tag named once readable again, under a name of its own: Quay serves nothing that no tag
// names, and its interface has no other way to read such a manifest. No tag of the person's is moved. work reads it,
// through the registry, under that name or its digest; then the name is removed, whatever ended work.
func (c *Client) Lend(ctx context.Context, repository, digest string, work func(ctx context.Context, tag string) error) (err error) {
	name := lentName(digest)
	doing := fmt.Sprintf("read what a tag of %s/%s named before", c.opts.Host, repository)
	path := "repository/" + repository + "/tag/" + url.PathEscape(name)
	if err := c.call(ctx, http.MethodPost, path+"/restore", nil, map[string]string{"manifest_digest": digest}, nil); err != nil {
		return c.explain(ctx, err, doing)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTime)
		defer cancel()
		if undo := c.call(ctx, http.MethodDelete, path, nil, nil, nil); undo != nil && err == nil {
			err = c.explain(ctx, undo, fmt.Sprintf("remove the tag %s of %s/%s, which is not needed any more", name, c.opts.Host, repository))
		}
	}()
	return work(ctx, name)
}

// lentName is a name that nobody else uses, so that two who read the same manifest are not in each other's way. It says where
// it comes from, should a crash leave it behind.
func lentName(digest string) string {
	const shown, random = 12, 8
	_, hex, _ := strings.Cut(digest, ":")
	return "sigwalk-recover-" + hex[:min(shown, len(hex))] + "-" + strings.ToLower(rand.Text()[:random])
}
