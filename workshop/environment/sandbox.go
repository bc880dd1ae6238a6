package environment

import (
	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/workshop/sandbox"
)

// FromSandbox is the source of values that a running sandbox gives.
const FromSandbox Source = "sandbox"

// Sandbox returns the variables of a running sandbox, with homes as the places where TUF and Docker keep their state.
// COSIGN_YES is not among them: in a lesson a person agrees to the transparency log's notice.
func Sandbox(s sandbox.Settings, homes actions.Homes) []Variable {
	values := [][2]string{
		{"COSIGN_CERTIFICATE_OIDC_ISSUER", s.OIDCIssuer},
		{"COSIGN_FULCIO_URL", s.Fulcio},
		{"COSIGN_MIRROR", s.TUFMirror},
		{"COSIGN_OIDC_CLIENT_ID", s.OIDCClientID},
		{"COSIGN_OIDC_ISSUER", s.OIDCIssuer},
		{"COSIGN_REKOR_URL", s.Rekor},
		{"COSIGN_ROOT", s.TUFRoot},
		{"COSIGN_ROOT_CHECKSUM", s.TUFRootChecksum},
		{"COSIGN_TIMESTAMP_SERVER_URL", s.Timestamp},
		{"DEX_API", s.IdentityAPI},
		{"DEX_API_TOKEN", s.IdentitySecret},
		{"DOCKER_CONFIG", homes.Docker},
		{"IMAGE", s.Image},
		{"OIDC_PASSWORD", s.OIDCPassword},
		{"OIDC_USER", s.OIDCUser},
		{"QUAY", s.Registry},
		{"QUAY_PASSWORD", s.RegistryPass},
		{"QUAY_TOKEN", s.RegistryPass},
		{"QUAY_USER", s.RegistryUser},
		{"SOURCE_IMAGE", s.SourceImage},
		{"TUF_ROOT", homes.TUF},
	}
	vars := make([]Variable, 0, len(values))
	for _, v := range values {
		vars = append(vars, Variable{Name: v[0], Value: v[1], Source: FromSandbox, Secret: IsSecret(v[0]), Exported: true})
	}
	// The learner's own account is nobody else's business: other tools ask a person.
	return append(vars,
		Variable{Name: "STUDENT_PASSWORD", Value: s.OIDCPassword, Source: FromSandbox, Secret: true},
		Variable{Name: "STUDENT_USER", Value: sandbox.StudentUser, Source: FromSandbox},
	)
}

// Consent is the variable that lets a foreign tool sign without asking, for shells that eval a sandbox's environment.
var Consent = Variable{Name: "COSIGN_YES", Value: "true", Source: FromSandbox, Exported: true}

// WithoutServiceURLs leaves out what cosign 3 refuses beside the signing configuration that TUF delivers: the addresses of
// the signing services, which it reads from there.
func WithoutServiceURLs(vars []Variable) []Variable {
	kept := make([]Variable, 0, len(vars))
	for _, v := range vars {
		switch v.Name {
		case "COSIGN_FULCIO_URL", "COSIGN_REKOR_URL", "COSIGN_TIMESTAMP_SERVER_URL", "COSIGN_OIDC_ISSUER", "COSIGN_OIDC_CLIENT_ID":
			continue
		}
		kept = append(kept, v)
	}
	return kept
}

// Export returns one line that a POSIX shell can eval.
func Export(v Variable) string {
	return "export " + v.Name + "=" + Quote(v.Value)
}

// Getenv returns a function that finds the values of vars, and "" for any other name.
func Getenv(vars []Variable) func(name string) string {
	env := New(vars...)
	return func(name string) string {
		v, _ := env.Get(name)
		return v.Value
	}
}
