package export

import (
	_ "embed"
	"html/template"
	"io"

	"github.com/sigwalk/sigwalk/actions/verification"
)

//go:embed page.html
var pageText string

// page writes a report as one HTML file: no script, and nothing that a browser would fetch. html/template escapes what comes
// from certificates and registries.
func page(w io.Writer, c content) error {
	parsed, err := template.New("page").Funcs(template.FuncMap{
		"plain": plain,
		"class": func(s verification.CheckState) string { return string(s) },
	}).Parse(pageText)
	if err != nil {
		return err
	}
	return parsed.Execute(w, c)
}
