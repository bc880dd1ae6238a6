package environment

import (
	"path/filepath"
	"slices"

	"github.com/sigwalk/sigwalk/actions"
)

// Endpoint is one service address in force with the variable and source that gave it.
type Endpoint struct {
	Title    string // "Fulcio (certificates)"
	Variable string // the variable it was read from, or the first that would give it
	Value    string // empty when nothing gives it
	Source   Source
}

// endpoint is a row of the table by which variables become endpoints: the first variable that has a value wins.
type endpoint struct {
	title     string
	variables []string
	field     func(*actions.Endpoints) *string
}

// endpoints returns the table. cosign reads the COSIGN_ names; TUF_MIRROR and TUF_ROOT_JSON are its older spellings; the
// SIGSTORE_ and REKOR_ names are what the terminals of Trusted Artifact Signer export for gitsign, rekor-cli and people.
// Their newer generation names Fulcio and the timestamp authority only as FULCIO_URL and TSA_URL, for its own scripts.
func endpoints() []endpoint {
	return []endpoint{
		{
			"Fulcio (certificates)",
			[]string{"COSIGN_FULCIO_URL", "SIGSTORE_FULCIO_URL", "FULCIO_URL"},
			func(e *actions.Endpoints) *string { return &e.Fulcio },
		},
		{
			"Rekor (transparency log)",
			[]string{"COSIGN_REKOR_URL", "SIGSTORE_REKOR_URL", "REKOR_REKOR_SERVER", "REKOR_URL"},
			func(e *actions.Endpoints) *string { return &e.Rekor },
		},
		{
			"TUF mirror (trust root)",
			[]string{"COSIGN_MIRROR", "TUF_MIRROR", "TUF_URL"},
			func(e *actions.Endpoints) *string { return &e.TUFMirror },
		},
		{
			"TUF initial root",
			[]string{"COSIGN_ROOT", "TUF_ROOT_JSON"},
			func(e *actions.Endpoints) *string { return &e.TUFRoot },
		},
		{
			"TUF initial root, SHA-256",
			[]string{"COSIGN_ROOT_CHECKSUM"},
			func(e *actions.Endpoints) *string { return &e.TUFRootChecksum },
		},
		{
			"OIDC issuer (sign-in)",
			[]string{"COSIGN_OIDC_ISSUER", "SIGSTORE_OIDC_ISSUER", "OIDC_ISSUER_URL"},
			func(e *actions.Endpoints) *string { return &e.OIDCIssuer },
		},
		{
			"OIDC client",
			[]string{"COSIGN_OIDC_CLIENT_ID", "SIGSTORE_OIDC_CLIENT_ID"},
			func(e *actions.Endpoints) *string { return &e.OIDCClientID },
		},
		{
			"Timestamp authority",
			[]string{"COSIGN_TIMESTAMP_SERVER_URL", "TSA_URL"},
			func(e *actions.Endpoints) *string { return &e.Timestamp },
		},
		{
			"Rekor search page",
			[]string{"SIGWALK_REKOR_SEARCH_URL", "SIGSTORE_REKOR_UI_URL", "REKOR_UI_URL"},
			func(e *actions.Endpoints) *string { return &e.RekorSearch },
		},
		{
			"Certificate authorities (file)",
			[]string{"SIGWALK_CA_FILE", "SSL_CERT_FILE"},
			func(e *actions.Endpoints) *string { return &e.CAFile },
		},
	}
}

// find returns the first of names that has a value, or a variable that carries only the first name.
func (e *Environment) find(names []string) Variable {
	for _, name := range names {
		if v, ok := e.Get(name); ok && v.Value != "" {
			return v
		}
	}
	return Variable{Name: names[0]}
}

// Endpoints reads the deployment from the variables: the COSIGN_ names first, then the SIGSTORE_ ones and the others that
// Trusted Artifact Signer terminals export. A variable that is set to nothing counts as unset.
func (e *Environment) Endpoints() actions.Endpoints {
	var out actions.Endpoints
	for _, row := range endpoints() {
		*row.field(&out) = e.find(row.variables).Value
	}
	return out
}

// Authorities returns the variable that names the file of certificate authorities, without a value when none does.
func (e *Environment) Authorities() Variable {
	table := endpoints()
	return e.find(table[len(table)-1].variables)
}

// EndpointVariables returns the names of all variables that name an endpoint, in no order that matters.
func EndpointVariables() []string {
	var names []string
	for _, row := range endpoints() {
		names = append(names, row.variables...)
	}
	return names
}

// SameEndpoint reports whether two variables name the same endpoint.
func SameEndpoint(a, b string) bool {
	return slices.ContainsFunc(endpoints(), func(row endpoint) bool {
		return slices.Contains(row.variables, a) && slices.Contains(row.variables, b)
	})
}

// Complete sets what follows from the variables that are set, so that scripts and the real cosign find it: the first name
// of an endpoint that only another name gives, and as the issuer that a verification asks for the one that people sign in
// at.
func (e *Environment) Complete() {
	for _, row := range endpoints() {
		v := e.find(row.variables)
		if v.Value != "" && v.Name != row.variables[0] {
			e.Set(Variable{Name: row.variables[0], Value: v.Value, Source: named(v), Exported: true})
		}
	}
	const verified = "COSIGN_CERTIFICATE_OIDC_ISSUER"
	if v, ok := e.Get(verified); ok && v.Value != "" {
		return
	}
	if v, ok := e.Get("COSIGN_OIDC_ISSUER"); ok && v.Value != "" {
		e.Set(Variable{Name: verified, Value: v.Value, Source: "COSIGN_OIDC_ISSUER", Exported: true})
	}
}

// named is the source of a value that another variable gave.
func named(v Variable) Source {
	if v.Source == "" {
		return Source(v.Name)
	}
	if v.Source == "environment" {
		return Source(v.Name) + " in the environment"
	}
	return Source(v.Name) + ", from " + v.Source
}

// Explain lists the endpoints, in the order in which a lesson meets them, for the help built-in and `sigwalk env`.
func (e *Environment) Explain() []Endpoint {
	table := endpoints()
	list := make([]Endpoint, 0, len(table))
	for _, row := range table {
		v := e.find(row.variables)
		list = append(list, Endpoint{Title: row.title, Variable: v.Name, Value: v.Value, Source: v.Source})
	}
	return list
}

// Homes reads TUF_ROOT and DOCKER_CONFIG; what is unset lies below dir. It never falls back to ~/.sigstore or ~/.docker.
func (e *Environment) Homes(dir string) actions.Homes {
	homes := actions.HomesBelow(dir)
	if v, ok := e.Get("TUF_ROOT"); ok && v.Value != "" {
		homes.TUF = filepath.Clean(v.Value)
	}
	if v, ok := e.Get("DOCKER_CONFIG"); ok && v.Value != "" {
		homes.Docker = filepath.Clean(v.Value)
	}
	return homes
}
