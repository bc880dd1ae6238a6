package registry

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The pages of Quay's list of tags (its endpoints/api/tag.py).
const (
	tagsAtOnce     = 50
	mostTagsAtOnce = 100
)

// tagRow is one tag in Quay's interface. Times are seconds since 1970 and, once more, in the form of RFC 2822.
type tagRow struct {
	Name         string `json:"name"`
	Reversion    bool   `json:"reversion"`
	Start        int64  `json:"start_ts"`
	End          int64  `json:"end_ts,omitempty"`
	Digest       string `json:"manifest_digest"`
	Index        bool   `json:"is_manifest_list"`
	Size         *int64 `json:"size"`
	LastModified string `json:"last_modified"`
	Expiration   string `json:"expiration,omitempty"`
}

// repositoryTags serves the part of Quay's interface that lists the tags of a repository and what they named before.
func (d *destination) repositoryTags(w http.ResponseWriter, r *http.Request, repository string) {
	switch {
	case r.Method != http.MethodGet:
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	case !d.knows(r):
		problem(w, http.StatusUnauthorized, "invalid_token", "Requires authentication")
		return
	}
	query := r.URL.Query()
	active, _ := strconv.ParseBool(query.Get("onlyActiveTags"))
	all, err := d.catalog.versions(r.Context(), repository, query.Get("specificTag"), active)
	if errors.Is(err, errNoRepository) {
		problem(w, http.StatusNotFound, "not_found", "Not Found")
		return
	}
	if err != nil {
		problem(w, http.StatusInternalServerError, "downstream_issue", err.Error())
		return
	}
	page := max(1, number(query.Get("page"), 1))
	limit := min(mostTagsAtOnce, max(1, number(query.Get("limit"), tagsAtOnce)))
	from := min(len(all), (page-1)*limit)
	to := min(len(all), from+limit)
	rows := make([]tagRow, 0, to-from)
	for _, v := range all[from:to] {
		rows = append(rows, d.row(r, repository, v))
	}
	reply(w, http.StatusOK, map[string]any{"tags": rows, "page": page, "has_additional": to < len(all)})
}

func (d *destination) row(r *http.Request, repository string, v version) tagRow {
	row := tagRow{Name: v.tag, Digest: v.digest.String(), Start: v.since.Unix(), LastModified: v.since.Format(time.RFC1123Z)}
	if !v.until.IsZero() {
		row.End, row.Expiration = v.until.Unix(), v.until.Format(time.RFC1123Z)
	}
	var size int64
	if row.Index, size = d.catalog.about(r.Context(), repository, v.digest); !row.Index {
		row.Size = &size
	}
	return row
}

func number(text string, otherwise int) int {
	if n, err := strconv.Atoi(text); err == nil {
		return n
	}
	return otherwise
}

// problem answers as Quay does to what it refuses (its endpoints/exception.py).
func problem(w http.ResponseWriter, status int, kind, message string) {
	reply(w, status, map[string]any{
		"detail": message, "error_message": message, "error_type": kind, "title": kind, "status": status,
	})
}

// repositoryOf returns the repository in a path such as /api/v1/repository/students/app/tag/, and false for another path.
func repositoryOf(path, before, after string) (string, bool) {
	rest, ok := strings.CutPrefix(path, before)
	if !ok {
		return "", false
	}
	return strings.CutSuffix(rest, after)
}
