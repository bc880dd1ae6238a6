// Package ci writes pipelines that sign an image on GitHub Actions or GitLab CI, and finds what is wrong in those that
// exist. What a pipeline needs to know of a deployment is in Settings; Audience asks the one thing that Fulcio knows best.
package ci

import (
	"embed"
	"net/url"
	"strings"
	"text/template"

	"github.com/sigwalk/sigwalk/actions"
)

// The systems for which pipelines are written, and whose files are read.
const (
	GitHub = "github"
	GitLab = "gitlab"
)

// The issuers of the identity tokens that the public services hand to their jobs.
const (
	GitHubIssuer = "https://token.actions.githubusercontent.com"
	GitLabIssuer = "https://gitlab.com"
)

// CosignVersion is the version of cosign for which pipelines are written: the newest whose signatures Quay's page marks.
const CosignVersion = "v2.6.5"

// ambientAudience is the audience for which cosign asks GitHub by itself (cosign, pkg/providers/github).
const ambientAudience = "sigstore"

// Settings are what a pipeline is written for.
type Settings struct {
	// Endpoints are the deployment's. Where Fulcio is empty, the pipeline signs at the public one.
	Endpoints actions.Endpoints
	// Issuer names who makes the job's identity token: GitHubIssuer, GitLabIssuer or a server of one's own.
	Issuer string
	// Audience is for whom the token must be: the client of Issuer's entry in Fulcio's configuration.
	Audience string
	// Image is a repository, without tag and digest; empty for the CI system's own registry.
	Image string
	// Cosign is the version that the pipeline installs where it can choose, such as v2.6.5.
	Cosign string
}

//go:embed github.yaml.tmpl gitlab.yaml.tmpl
var templates embed.FS

// Write returns a whole pipeline of the system, with comments, in YAML. It fails with an *actions.Error of CodeUsage when
// there is no such system.
func Write(system string, settings Settings) (string, error) {
	if system != GitHub && system != GitLab {
		return "", &actions.Error{Code: actions.CodeUsage, What: "no pipeline can be written for " + system, Next: "name " + GitHub + " or " + GitLab}
	}
	name := system + ".yaml.tmpl"
	parsed, err := template.New(name).Funcs(template.FuncMap{"quote": quote}).ParseFS(templates, name)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	if err := parsed.Execute(&out, page{settings}); err != nil {
		return "", err
	}
	return out.String(), nil
}

// quote writes a text as a YAML scalar in single quotes, in which nothing but the quote itself is special (YAML 1.2.2,
// section 7.3.2).
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// page is what a template may ask.
type page struct{ Settings }

// Private reports whether the pipeline signs at a deployment of one's own.
func (p page) Private() bool { return p.Endpoints.Fulcio != "" }

// Here reports whether the deployment is reached by this machine alone.
func (p page) Here() bool {
	u, err := url.Parse(p.Endpoints.Fulcio)
	return err == nil && (u.Hostname() == "localhost" || strings.HasPrefix(u.Hostname(), "127.") || u.Hostname() == "::1")
}

// Host is the registry of the image.
func (p page) Host() string {
	host, _, _ := strings.Cut(p.Image, "/")
	return host
}

// Ambient reports whether cosign would ask GitHub for the right audience by itself.
func (p page) Ambient() bool { return p.Audience == ambientAudience }
