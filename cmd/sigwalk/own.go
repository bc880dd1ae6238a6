package main

import (
	"errors"
	"io/fs"
	"os"
	"sort"

	"go.yaml.in/yaml/v3"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/workshop/environment"
)

// known are the variables that sigwalk takes over from the process's environment; nothing else of it reaches a lesson.
var known = []string{
	"COSIGN_FULCIO_URL", "COSIGN_REKOR_URL", "COSIGN_MIRROR", "COSIGN_ROOT", "COSIGN_ROOT_CHECKSUM", "COSIGN_YES",
	"COSIGN_OIDC_ISSUER", "COSIGN_OIDC_CLIENT_ID", "COSIGN_TIMESTAMP_SERVER_URL", "COSIGN_REPOSITORY",
	"COSIGN_CERTIFICATE_IDENTITY", "COSIGN_CERTIFICATE_IDENTITY_REGEXP",
	"COSIGN_CERTIFICATE_OIDC_ISSUER", "COSIGN_CERTIFICATE_OIDC_ISSUER_REGEXP",
	"SIGSTORE_FULCIO_URL", "SIGSTORE_REKOR_URL", "SIGSTORE_OIDC_ISSUER", "REKOR_REKOR_SERVER", "TUF_MIRROR",
	"SIGSTORE_ID_TOKEN", "TUF_ROOT", "DOCKER_CONFIG", "SIGWALK_CA_FILE",
	"QUAY", "QUAY_USER", "QUAY_PASSWORD", "SOURCE_IMAGE", "IMAGE", "OIDC_USER", "OIDC_PASSWORD",
}

// deployment are the variables that, given, mean a Sigstore of the person's own.
var deployment = []string{
	"COSIGN_FULCIO_URL", "COSIGN_REKOR_URL", "COSIGN_MIRROR", "SIGSTORE_FULCIO_URL", "SIGSTORE_REKOR_URL", "TUF_MIRROR",
}

// choices are variables that a person may set beside the sandbox's own: who signs, and what.
var choices = []string{"COSIGN_YES", "IMAGE", "OIDC_USER", "OIDC_PASSWORD", "SIGSTORE_ID_TOKEN"}

// ownVariables gathers what the configuration file, the environment and the flags give, the later one winning.
func (a *app) ownVariables() ([]environment.Variable, error) {
	var vars []environment.Variable
	file, err := a.configFile()
	if err != nil {
		return nil, err
	}
	vars = append(vars, file...)
	for _, name := range known {
		if value, ok := a.lookup(name); ok && value != "" {
			vars = append(vars, variable(name, value, "environment"))
		}
	}
	for _, e := range endpointFlags {
		if value := *a.flags.endpoint[e.variable]; value != "" {
			vars = append(vars, variable(e.variable, value, environment.Source("flag --"+e.flag)))
		}
	}
	return vars, nil
}

func variable(name, value string, source environment.Source) environment.Variable {
	return environment.Variable{Name: name, Value: value, Source: source, Secret: environment.IsSecret(name), Exported: true}
}

// configFile reads the configuration file: a YAML mapping of variable names to values. Secrets do not belong there and
// are refused.
func (a *app) configFile() ([]environment.Variable, error) {
	text, err := os.ReadFile(a.flags.config)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	broken := func(err error) error {
		return &actions.Error{
			Code: actions.CodeUsage,
			What: "cannot use the configuration file " + a.flags.config,
			Err:  err,
			Next: "write one NAME: value a line, such as COSIGN_FULCIO_URL: https://fulcio.example.com",
		}
	}
	if err != nil {
		return nil, broken(err)
	}
	var values map[string]string
	if err := yaml.Unmarshal(text, &values); err != nil {
		return nil, broken(err)
	}
	names := make([]string, 0, len(values))
	for name := range values {
		if environment.IsSecret(name) {
			return nil, broken(errors.New(name + " is a secret and must not lie in a file: put it into the environment"))
		}
		names = append(names, name)
	}
	sort.Strings(names)
	var vars []environment.Variable
	for _, name := range names {
		vars = append(vars, variable(name, values[name], environment.Source("config file "+a.flags.config)))
	}
	return vars, nil
}

func namesDeployment(vars []environment.Variable) bool {
	return containsAny(vars, deployment)
}

func onlyChoices(vars []environment.Variable) []environment.Variable {
	var kept []environment.Variable
	for _, v := range vars {
		if containsAny([]environment.Variable{v}, choices) {
			kept = append(kept, v)
		}
	}
	return kept
}

func containsAny(vars []environment.Variable, names []string) bool {
	for _, v := range vars {
		for _, name := range names {
			if v.Name == name {
				return true
			}
		}
	}
	return false
}
