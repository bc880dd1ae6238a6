package main

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/identity/ambient"
	"github.com/sigwalk/sigwalk/actions/identity/technicaluser"
	"github.com/sigwalk/sigwalk/workshop/environment"
)

// fromEnvironment is the source of values that the process's environment gave.
const fromEnvironment environment.Source = "environment"

// known are the variables that sigwalk takes over from the process's environment; nothing else of it reaches a lesson.
func known() []string {
	// Go itself reads SSL_CERT_FILE, in place of the system's authorities and not beside them.
	endpoints := slices.DeleteFunc(environment.EndpointVariables(), func(name string) bool { return name == "SSL_CERT_FILE" })
	return slices.Concat(endpoints, ambient.Variables(), []string{
		"COSIGN_YES", "COSIGN_REPOSITORY",
		"COSIGN_CERTIFICATE_IDENTITY", "COSIGN_CERTIFICATE_IDENTITY_REGEXP",
		"COSIGN_CERTIFICATE_OIDC_ISSUER", "COSIGN_CERTIFICATE_OIDC_ISSUER_REGEXP",
		"SIGSTORE_ROOT_FILE", "SIGSTORE_REKOR_PUBLIC_KEY", "SIGSTORE_CT_LOG_PUBLIC_KEY_FILE",
		"SIGSTORE_TSA_CERTIFICATE_FILE", "COSIGN_PASSWORD", "KUBECONFIG", "TUF_ROOT", "DOCKER_CONFIG",
		"QUAY", "QUAY_USER", "QUAY_PASSWORD", "QUAY_TOKEN", "QUAY_ORGANIZATION", "SOURCE_IMAGE", "IMAGE", "OIDC_USER", "OIDC_PASSWORD",
		"STUDENT_EMAIL", "STUDENT_USER", "STUDENT_PASSWORD",
		technicaluser.AdminVariable, technicaluser.PasswordVariable,
	})
}

// deployment are the variables that, given, mean a Sigstore of the person's own.
var deployment = []string{
	"COSIGN_FULCIO_URL", "COSIGN_REKOR_URL", "COSIGN_MIRROR", "SIGSTORE_FULCIO_URL", "SIGSTORE_REKOR_URL", "TUF_MIRROR",
}

// choices are variables of the environment that count beside the sandbox: who signs, what, and in which registry.
var choices = []string{
	"IMAGE", "OIDC_USER", "OIDC_PASSWORD", "SIGSTORE_ID_TOKEN", "COSIGN_PASSWORD", "KUBECONFIG",
	"QUAY", "QUAY_USER", "QUAY_PASSWORD", "QUAY_TOKEN", "QUAY_ORGANIZATION", "SOURCE_IMAGE", "STUDENT_EMAIL",
	"STUDENT_USER", "STUDENT_PASSWORD",
	technicaluser.AdminVariable, technicaluser.PasswordVariable,
}

// ownVariables gathers what the configuration file, the environment and the flags give, the later one winning.
func (a *app) ownVariables() ([]environment.Variable, error) {
	vars, err := a.configFile()
	if err != nil {
		return nil, err
	}
	for _, name := range known() {
		value, ok := a.lookup(name)
		// A password may be empty, and then nobody is to be asked for it.
		if !ok || value == "" && name != "COSIGN_PASSWORD" {
			continue
		}
		// The environment wins over the file also where it calls the same endpoint by another name.
		vars = slices.DeleteFunc(vars, func(v environment.Variable) bool {
			return v.Source != fromEnvironment && environment.SameEndpoint(v.Name, name)
		})
		vars = append(vars, variable(name, value, fromEnvironment))
	}
	for _, e := range endpointFlags {
		if value := *a.flags.endpoint[e.variable]; value != "" {
			vars = append(vars, variable(e.variable, value, environment.Source("flag --"+e.flag)))
		}
	}
	for i, v := range vars {
		if err := checkURL(v); err != nil {
			return nil, err
		}
		// A lesson works in a directory of its own, and so may the shell that evals `sigwalk env`.
		if vars[i].Value, err = whole(v, ""); err != nil {
			return nil, err
		}
	}
	return vars, nil
}

func variable(name, value string, source environment.Source) environment.Variable {
	return environment.Variable{Name: name, Value: value, Source: source, Secret: environment.IsSecret(name), Exported: true}
}

// whole makes the name of a file absolute, from dir or else the working directory.
func whole(v environment.Variable, dir string) (string, error) {
	names := []string{"SIGWALK_CA_FILE", "SSL_CERT_FILE", "COSIGN_ROOT", "TUF_ROOT_JSON", "TUF_ROOT", "DOCKER_CONFIG"}
	if !slices.Contains(names, v.Name) || strings.Contains(v.Value, "://") || filepath.IsAbs(v.Value) {
		return v.Value, nil
	}
	if dir != "" {
		return filepath.Join(dir, v.Value), nil
	}
	path, err := filepath.Abs(v.Value)
	if err != nil {
		return "", usage("%s (%s): %v", v.Name, v.Source, err)
	}
	return path, nil
}

// checkURL refuses what cannot be the address of a service, so that a typing error shows where it was made.
func checkURL(v environment.Variable) error {
	if v.Name == "COSIGN_OIDC_ISSUER" || strings.HasSuffix(v.Name, "_URL") || v.Name == "COSIGN_MIRROR" || v.Name == "TUF_MIRROR" {
		return urlError(v)
	}
	return nil
}

func urlError(v environment.Variable) error {
	rest, ok := strings.CutPrefix(v.Value, "https://")
	if !ok {
		rest, ok = strings.CutPrefix(v.Value, "http://")
	}
	if ok && rest != "" && !strings.HasPrefix(rest, "/") {
		return nil
	}
	return &actions.Error{
		Code: actions.CodeUsage,
		What: v.Name + " is not the address of a service: " + v.Value,
		Why:  "it comes from the " + string(v.Source) + ", and does not begin with https:// or http:// and a host",
		Next: "write it as https://HOST/PATH",
	}
}

// besideSandbox are those of vars that count where the sandbox is used: what the person wrote for sigwalk, by flag or in
// the configuration file, and of the environment, which may be a leftover, who signs what and where to. Where --sandbox sets
// a deployment aside, what the environment says of users and registries belongs to that one.
func besideSandbox(vars []environment.Variable) []environment.Variable {
	aside := containsAny(vars, deployment)
	var kept []environment.Variable
	for _, v := range vars {
		switch {
		case aside && slices.Contains(environment.EndpointVariables(), v.Name):
		case v.Source != fromEnvironment, v.Name == "COSIGN_YES", !aside && slices.Contains(choices, v.Name):
			kept = append(kept, v)
		}
	}
	return kept
}

// withoutLogin forgets what of the sandbox, or of a cluster, belongs to its registry alone, where vars name another one: its password is
// nobody else's business, and its image lies elsewhere.
func withoutLogin(env *environment.Environment, vars []environment.Variable) {
	theirs, _ := env.Get("QUAY")
	for _, v := range vars {
		if v.Name == "QUAY" && v.Value != theirs.Value {
			for _, name := range []string{"QUAY_USER", "QUAY_PASSWORD", "QUAY_TOKEN", "IMAGE"} {
				env.Unset(name)
			}
		}
	}
}

func containsAny(vars []environment.Variable, names []string) bool {
	return slices.ContainsFunc(vars, func(v environment.Variable) bool { return slices.Contains(names, v.Name) })
}
