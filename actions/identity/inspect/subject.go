package inspect

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode"

	"github.com/asaskevich/govalidator"
	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/sigwalk/sigwalk/actions"
)

// The types of issuers whose rule for the name in a certificate is known (Fulcio, docs/oidc.md).
const (
	typeEmail      = "email"
	typeURI        = "uri"
	typeUsername   = "username"
	typeSPIFFE     = "spiffe"
	typeKubernetes = "kubernetes"
	typeGitHub     = "github-workflow"
	typeGitLab     = "gitlab-pipeline"
	typeCI         = "ci-provider"
)

// The kinds of names.
const (
	kindEmail    = "email"
	kindURI      = "uri"
	kindUsername = "username"
)

// checkIdentity finds out whom the certificate will be for.
func (r *Report) checkIdentity(entry Issuer, token *oidc.IDToken) {
	switch entry.kind() {
	case typeEmail:
		r.ofEmail(entry, token)
	case typeURI:
		r.ofURI(entry, token)
	case typeUsername:
		r.ofUsername(entry, token)
	case typeSPIFFE:
		r.ofSPIFFE(entry, token)
	case typeKubernetes:
		r.ofKubernetes(token)
	case typeGitHub:
		r.ofWorkflow(token, gitHubClaims(), false)
	case typeGitLab:
		r.ofWorkflow(token, gitLabClaims(), false)
	case typeCI:
		r.ofCI(token)
	default:
		r.unsure(CheckIdentity, "who the certificate will be for", "by which rule Fulcio makes names of the type "+plain(entry.kind())+" is not known here", "")
	}
}

// named notes the name that the certificate will bear.
func (r *Report) named(name, kind string) {
	r.Subject = &Subject{Name: name, Kind: kind, Issuer: r.certifiedIssuer()}
	r.pass(CheckIdentity, "it is for "+plain(name))
}

func (r *Report) nameless(what, why, next string) {
	r.fail(CheckIdentity, actions.CodeTokenRefused, what, why, next)
}

// certifiedIssuer is whom the certificate will name as the one who vouches. Sigstore's own Dex stands in for others, and
// its Fulcio names them.
func (r *Report) certifiedIssuer() string {
	if r.token.Issuer == "https://oauth2.sigstore.dev/auth" {
		if federated, ok := r.Claims["federated_claims"].(map[string]any); ok {
			if connector, ok := federated["connector_id"].(string); ok {
				return connector
			}
		}
	}
	return r.token.Issuer
}

// verified is a claim that is true or false, also where it is text.
type verified bool

// UnmarshalJSON implements json.Unmarshaler.
func (v *verified) UnmarshalJSON(text []byte) error {
	switch strings.Trim(string(text), `"`) {
	case "true", "True":
		*v = true
	case "false", "False":
		*v = false
	default:
		return errors.New("email_verified is neither true nor false")
	}
	return nil
}

func (r *Report) ofEmail(entry Issuer, token *oidc.IDToken) {
	var claims struct {
		Email    string   `json:"email"`
		Verified verified `json:"email_verified"`
	}
	if err := token.Claims(&claims); err != nil {
		r.nameless("its e-mail address cannot be read", plain(err.Error()), "have the issuer give email as text and email_verified as true or false")
		return
	}
	switch {
	case claims.Email == "":
		why, next := r.noEmailAdvice()
		r.nameless("it names no e-mail address", why, next)
	case !bool(claims.Verified) && !entry.SkipEmailVerification:
		r.nameless("the address "+plain(claims.Email)+" is not verified",
			"Fulcio certifies an address only where the issuer says that it belongs to the person (email_verified)", r.unverifiedAdvice())
	case !govalidator.IsEmail(claims.Email):
		r.nameless(plain(claims.Email)+" is no e-mail address", "Fulcio certifies nothing else for this issuer (type email)", "have the address corrected at "+plain(r.token.Issuer))
	case strings.ContainsFunc(claims.Email, func(c rune) bool { return c > unicode.MaxASCII }):
		r.nameless(plain(claims.Email)+" cannot stand in a certificate", "an address in a certificate is made of ASCII characters (RFC 5280, section 4.2.1.6)",
			"use an account whose address has no other characters")
	default:
		r.named(claims.Email, kindEmail)
	}
}

func (r *Report) ofURI(entry Issuer, token *oidc.IDToken) {
	subject, err := url.Parse(token.Subject)
	domain, domainErr := url.Parse(entry.SubjectDomain)
	wanted := "the subject (sub) must be a URI below " + plain(entry.SubjectDomain)
	next := "have " + plain(r.token.Issuer) + " give such subjects, or Fulcio's configuration corrected (SubjectDomain)"
	switch {
	case errors.Join(err, domainErr) != nil, govalidator.IsEmail(token.Subject):
		r.nameless("the subject "+plain(token.Subject)+" is no URI", wanted, next)
	case subject.Scheme != domain.Scheme || subject.Hostname() != domain.Hostname():
		r.nameless("the subject "+plain(token.Subject)+" is of another domain", wanted, next)
	default:
		r.named(subject.String(), kindURI)
	}
}

func (r *Report) ofUsername(entry Issuer, token *oidc.IDToken) {
	if strings.Contains(token.Subject, "!") || govalidator.IsEmail(token.Subject) {
		r.nameless("the subject "+plain(token.Subject)+" is no user name", "a user name has no ! in it and is no e-mail address: Fulcio appends !"+plain(entry.SubjectDomain),
			"have the issuer give plain user names as sub, or have Fulcio trust it with the type email")
		return
	}
	r.named(token.Subject+"!"+entry.SubjectDomain, kindUsername)
}

func (r *Report) ofSPIFFE(entry Issuer, token *oidc.IDToken) {
	id, err := spiffeid.FromString(token.Subject)
	domain, domainErr := spiffeid.TrustDomainFromString(entry.SPIFFETrustDomain)
	if err != nil || domainErr != nil || id.TrustDomain().Compare(domain) != 0 {
		r.nameless("the subject "+plain(token.Subject)+" is no identity of this trust domain",
			"Fulcio wants a SPIFFE ID below spiffe://"+plain(entry.SPIFFETrustDomain), "get the token for a workload of that trust domain")
		return
	}
	r.named(token.Subject, kindURI)
}

// object is a thing in a cluster.
type object struct {
	Name string `json:"name"`
	UID  string `json:"uid"`
}

func (r *Report) ofKubernetes(token *oidc.IDToken) {
	var claims struct {
		Kubernetes struct {
			Namespace      string `json:"namespace"`
			Pod            object `json:"pod"` // read because Fulcio reads it, too
			ServiceAccount object `json:"serviceaccount"`
		} `json:"kubernetes.io"`
	}
	if err := token.Claims(&claims); err != nil {
		r.nameless("its service account cannot be read", plain(err.Error()), "use a projected service account token")
		return
	}
	r.named("https://kubernetes.io/namespaces/"+claims.Kubernetes.Namespace+"/serviceaccounts/"+claims.Kubernetes.ServiceAccount.Name, kindURI)
}

// workflowClaims say how a CI system's tokens name what ran.
type workflowClaims struct {
	needed []string
	// optional may be left out, and are text where they are not.
	optional []string
	// numbers are those of needed that are numbers and not text.
	numbers []string
	// place is the claim with the address of what ran, below base.
	place, base string
}

func gitHubClaims() workflowClaims {
	return workflowClaims{
		needed: []string{
			"job_workflow_ref", "sha", "event_name", "repository", "workflow", "ref", "job_workflow_sha", "runner_environment", "repository_id",
			"repository_owner", "repository_owner_id", "repository_visibility", "workflow_ref", "workflow_sha", "run_id", "run_attempt",
		},
		place: "job_workflow_ref", base: "https://github.com/",
	}
}

func gitLabClaims() workflowClaims {
	return workflowClaims{
		needed: []string{
			"project_path", "pipeline_source", "pipeline_id", "ci_config_ref_uri", "job_id", "ref", "ref_type", "namespace_path", "namespace_id",
			"project_id", "sha", "runner_environment", "runner_id",
		},
		optional: []string{"ci_config_sha", "project_visibility"},
		numbers:  []string{"runner_id"},
		place:    "ci_config_ref_uri", base: "https://",
	}
}

// ofWorkflow is for tokens of CI systems that Fulcio knows by name. presumed marks a rule that is the usual one.
func (r *Report) ofWorkflow(token *oidc.IDToken, from workflowClaims, presumed bool) {
	var claims map[string]json.RawMessage
	if err := token.Claims(&claims); err != nil {
		r.nameless("its claims cannot be read", plain(err.Error()), "")
		return
	}
	var missing []string
	place := ""
	for _, claim := range from.needed {
		var text string
		var number int64
		err := json.Unmarshal(claims[claim], &text)
		for _, numeric := range from.numbers {
			if numeric == claim {
				err = json.Unmarshal(claims[claim], &number)
			}
		}
		if err != nil || text == "" && number == 0 {
			missing = append(missing, claim)
		}
		if claim == from.place {
			place = text
		}
	}
	for _, claim := range from.optional {
		var text string
		if value, there := claims[claim]; there && json.Unmarshal(value, &text) != nil {
			missing = append(missing, claim)
		}
	}
	if len(missing) > 0 {
		r.nameless("it lacks what a token of a CI job says: "+strings.Join(missing, ", "), "Fulcio writes all of that into the certificate",
			"use the token that the CI system itself gives to the job")
		return
	}
	if kind := r.text("ref_type"); from.place == "ci_config_ref_uri" && !presumed && kind != "branch" && kind != "tag" {
		r.nameless("its ref_type is "+plain(kind), "Fulcio knows branch and tag", "run the job for a branch or a tag")
		return
	}
	name, err := url.Parse(from.base + place)
	if err != nil {
		r.nameless(fmt.Sprintf("its %s is no address", from.place), plain(err.Error()), "use the token that the CI system itself gives to the job")
		return
	}
	r.named(name.String(), kindURI)
	r.Subject.Presumed = presumed
}

// ofCI is for issuers whose rule stands in Fulcio's configuration, which does not publish it. Of the two large ones the
// rule of the public Fulcio is presumed.
func (r *Report) ofCI(token *oidc.IDToken) {
	switch {
	case r.token.Issuer == github:
		r.ofWorkflow(token, workflowClaims{needed: []string{"job_workflow_ref"}, place: "job_workflow_ref", base: "https://github.com/"}, true)
	case r.token.Issuer == gitlab, r.text("ci_config_ref_uri") != "":
		r.ofWorkflow(token, workflowClaims{needed: []string{"ci_config_ref_uri"}, place: "ci_config_ref_uri", base: "https://"}, true)
	default:
		r.unsure(CheckIdentity, "who the certificate will be for", "the rule stands in Fulcio's configuration (ci-provider), which it does not publish",
			"ask whoever runs Fulcio, or look at a certificate that it made")
	}
}
