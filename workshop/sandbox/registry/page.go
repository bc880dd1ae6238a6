package registry

import (
	"bytes"
	_ "embed" // for the page
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"regexp"
	"strings"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Parse(pageText))

// shownTag is one row of the page.
type shownTag struct {
	Name, Digest, Short, Modified, Size string
	// SignedBy is the tag that gives it Quay's badge; empty without one.
	SignedBy string
}

// signatureTag is the name by which Quay's console takes an image for signed (its web/src/libs/cosign.ts): it looks at nothing
// else.
var signatureTag = regexp.MustCompile(`^sha256-([a-f0-9]{64})\.sig$`)

// repositoryPage serves what a person sees of a repository at /repository/NAMESPACE/NAME?tab=tags, where Quay has it.
func (d *destination) repositoryPage(w http.ResponseWriter, r *http.Request, repository string) {
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	case !d.knows(r):
		w.Header().Set("WWW-Authenticate", `Basic realm="Workshop registry", charset="UTF-8"`)
		http.Error(w, "log in as "+d.user, http.StatusUnauthorized)
		return
	}
	versions, err := d.catalog.versions(r.Context(), repository, "", true)
	status := http.StatusOK
	switch {
	case errors.Is(err, errNoRepository):
		status = http.StatusNotFound
	case err != nil:
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	signed := map[string]string{}
	for _, v := range versions {
		if match := signatureTag.FindStringSubmatch(v.tag); match != nil {
			signed["sha256:"+match[1]] = v.tag
		}
	}
	rows := make([]shownTag, 0, len(versions))
	for _, v := range versions {
		row := shownTag{
			Name: v.tag, Digest: v.digest.String(), Short: v.digest.Encoded()[:12], Modified: v.since.Format("2006-01-02 15:04:05 MST"),
			SignedBy: signed[v.digest.String()],
		}
		if index, size := d.catalog.about(r.Context(), repository, v.digest); index {
			row.Size = "several images"
		} else {
			row.Size = inBytes(size)
		}
		rows = append(rows, row)
	}
	var out bytes.Buffer
	err = page.Execute(&out, map[string]any{"Repository": repository, "Host": r.Host, "Tags": rows, "Missing": status == http.StatusNotFound})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	// The browser may have gone: there is nobody left to tell.
	_, _ = w.Write(out.Bytes())
}

func inBytes(n int64) string {
	const unit = 1024.0
	size := float64(n)
	for _, name := range []string{"B", "KiB", "MiB"} {
		if size < unit {
			return strings.TrimSuffix(fmt.Sprintf("%.1f", size), ".0") + " " + name
		}
		size /= unit
	}
	return fmt.Sprintf("%.1f GiB", size)
}
