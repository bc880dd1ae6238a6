package quay

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"time"
)

// Tag is what a tag of a repository names, or named.
type Tag struct {
	Name   string
	Digest string // of the manifest
	Index  bool   // it is a list of images
	Size   int64  // of the layers, compressed, in bytes; 0 for an index
	// Since is when the tag began to name the digest, Until when it ceased to; zero for one that still does.
	Since, Until time.Time
}

type tagJSON struct {
	Name   string `json:"name"`
	Digest string `json:"manifest_digest"`
	Index  bool   `json:"is_manifest_list"`
	Size   *int64 `json:"size"`
	Start  int64  `json:"start_ts"` // seconds since 1970
	End    int64  `json:"end_ts"`
}

const (
	pageSize = 100    // the most that Quay gives at once
	maxTags  = 50_000 // more are not read
)

// Tags returns what the tags of a repository ("organisation/name") name now, the newest first.
func (c *Client) Tags(ctx context.Context, repository string) ([]Tag, error) {
	return c.tags(ctx, repository, url.Values{"onlyActiveTags": {"true"}})
}

// History returns what one tag names and what it named before, the newest first, as far as Quay has not forgotten it (two
// weeks, unless its administrator decided otherwise).
func (c *Client) History(ctx context.Context, repository, tag string) ([]Tag, error) {
	return c.tags(ctx, repository, url.Values{"specificTag": {tag}})
}

func (c *Client) tags(ctx context.Context, repository string, query url.Values) ([]Tag, error) {
	query.Set("limit", strconv.Itoa(pageSize))
	var all []Tag
	for page := 1; len(all) < maxTags; page++ {
		query.Set("page", strconv.Itoa(page))
		var answer struct {
			Tags *[]tagJSON `json:"tags"`
			More bool       `json:"has_additional"`
		}
		err := c.call(ctx, http.MethodGet, "repository/"+repository+"/tag/", query, nil, &answer)
		if err == nil && answer.Tags == nil {
			err = &refusal{status: http.StatusOK, message: "the answer holds no tags"}
		}
		if err != nil {
			return nil, c.explain(ctx, err, fmt.Sprintf("read the tags of %s/%s", c.opts.Host, repository))
		}
		for _, t := range *answer.Tags {
			tag := Tag{Name: t.Name, Digest: t.Digest, Index: t.Index, Since: at(t.Start), Until: at(t.End)}
			if t.Size != nil {
				tag.Size = *t.Size
			}
			all = append(all, tag)
		}
		if !answer.More || len(*answer.Tags) == 0 {
			break
		}
	}
	return all, nil
}

func at(seconds int64) time.Time {
	if seconds <= 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}

// signatureTag is all that Quay's console looks at (its web/src/libs/cosign.ts).
var signatureTag = regexp.MustCompile(`^sha256-([a-f0-9]{64})\.sig$`)

// Shown is one row of Quay's page of tags.
type Shown struct {
	Tag
	// Badge is true when the page says that the image is signed. It goes by a name alone: that there is a tag called after
	// the digest. It verifies nothing, shows for whatever is stored under that name, and does not for a signature in a Sigstore
	// bundle (cosign 3), which has no such tag.
	Badge bool
	// SignatureTag is the tag that Badge goes by; empty without a badge.
	SignatureTag string
}

// Show says what Quay's page will display for these tags.
func Show(tags []Tag) []Shown {
	signed := map[string]string{}
	for _, t := range tags {
		if match := signatureTag.FindStringSubmatch(t.Name); match != nil {
			signed["sha256:"+match[1]] = t.Name
		}
	}
	rows := make([]Shown, len(tags))
	for i, t := range tags {
		by, badge := signed[t.Digest]
		rows[i] = Shown{Tag: t, Badge: badge, SignatureTag: by}
	}
	return rows
}

// PageURL is the page of a repository's tags, for a browser.
func (c *Client) PageURL(repository string) string {
	return pageURL(c.base, repository)
}

func pageURL(base, repository string) string { return base + "/repository/" + repository + "?tab=tags" }
