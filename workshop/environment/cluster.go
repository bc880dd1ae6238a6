package environment

import "github.com/sigwalk/sigwalk/actions/discovery"

// KubeContext is the variable that names a context of the kubeconfig, for k8s:// keys in a lesson that works on a cluster.
const KubeContext = "SIGWALK_KUBE_CONTEXT"

// Discovered returns the variables that were found on a cluster, each with the object and the field as its source. Of
// several of one name the first counts.
func Discovered(values []discovery.Value) []Variable {
	seen := map[string]bool{}
	var vars []Variable
	for _, v := range values {
		if seen[v.Variable] || v.Text() == "" {
			continue
		}
		seen[v.Variable] = true
		vars = append(vars, Variable{
			Name: v.Variable, Value: v.Text(), Source: Source(v.Source.String()), Secret: !v.Secret.IsZero() || IsSecret(v.Variable), Exported: true,
		})
	}
	return vars
}

// TokenLogin sets user and password of the registry where only a Quay's token is known, which logs in to the registry, too.
func (e *Environment) TokenLogin(user string) {
	token, ok := e.Get("QUAY_TOKEN")
	password, _ := e.Get("QUAY_PASSWORD")
	given, _ := e.Get("QUAY_USER")
	if !ok || token.Value == "" || password.Value != "" || given.Value != "" && given.Value != user {
		return
	}
	e.Set(Variable{Name: "QUAY_USER", Value: user, Source: named(token), Exported: true})
	e.Set(Variable{Name: "QUAY_PASSWORD", Value: token.Value, Source: named(token), Exported: true})
}
