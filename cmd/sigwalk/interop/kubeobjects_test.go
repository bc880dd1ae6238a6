//go:build kube

package interop

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
)

// The namespaces of the workshop, in one of which a learner works.
const (
	tasNamespace      = "trusted-artifact-signer"
	quayNamespace     = "quay-enterprise"
	keycloakNamespace = "tssc-keycloak"
	learnersNamespace = "student"
	deploymentName    = "securesign-sample"
)

// definition is a kind of object with the fields that it has; the API drops every other.
type definition struct {
	group, kind, plural string
	global              bool                // belongs to no namespace
	fields              map[string][]string // by version; the first of versions is the one that is kept
	versions            []string
}

// schemaOf is the structural schema (OpenAPI v3) of objects that have these fields: "spec.config.OIDCIssuers[].Issuer".
func schemaOf(fields []string) object {
	root := object{"type": "object"}
	for _, field := range fields {
		at := root
		for part := range strings.SplitSeq(field, ".") {
			name, list := strings.CutSuffix(part, "[]")
			properties, _ := at["properties"].(object)
			if properties == nil {
				properties = object{}
				at["properties"], at["type"] = properties, "object"
			}
			next, _ := properties[name].(object)
			if next == nil {
				next = object{"type": "string"}
				properties[name] = next
			}
			if at = next; list {
				at["type"] = "array"
				if at["items"] == nil {
					at["items"] = object{"type": "string"}
				}
				at = at["items"].(object)
			}
		}
		if strings.HasSuffix(field, "Generation") {
			at["type"] = "integer"
		}
	}
	return root
}

const conditionFields = "status.conditions[].type status.conditions[].status status.conditions[].reason status.conditions[].message status.conditions[].observedGeneration "

// definitions are those that discovery reads, with the operator in the version that its releases serve, or in that of its
// next ones.
func definitions(version string) []definition {
	words := func(text string) []string { return strings.Fields(conditionFields + text) }
	issuers := map[string]string{
		"v1alpha1": "config.OIDCIssuers[].Issuer spec.config.OIDCIssuers[].IssuerURL spec.config.OIDCIssuers[].ClientID spec.config.OIDCIssuers[].Type",
		"v1":       "config.oidcIssuers[].issuer spec.config.oidcIssuers[].issuerURL spec.config.oidcIssuers[].clientID spec.config.oidcIssuers[].type",
	}
	served := []string{version}
	if version == "v1" {
		served = append(served, "v1alpha1")
	}
	kinds := []struct {
		kind, plural string
		fields       func(version string) string
	}{
		{"Securesign", "securesigns", func(string) string {
			return "spec.tsa.enabled status.fulcio.url status.rekor.url status.tuf.url status.tsa.url"
		}},
		{"Fulcio", "fulcios", func(v string) string { return "status.url spec." + issuers[v] }},
		{"Rekor", "rekors", func(v string) string {
			if v == "v1" {
				return "status.url"
			}
			return "status.url status.rekorSearchUIUrl"
		}},
		{"Tuf", "tufs", func(string) string { return "status.url" }},
		{"TimestampAuthority", "timestampauthorities", func(string) string { return "status.url" }},
		{"CTlog", "ctlogs", func(string) string { return "status.url" }},
		{"Trillian", "trillians", func(string) string { return "spec.unused" }},
	}
	var out []definition
	for _, k := range kinds {
		d := definition{group: "rhtas.redhat.com", kind: k.kind, plural: k.plural, versions: served, fields: map[string][]string{}}
		for _, v := range served {
			d.fields[v] = words(k.fields(v))
		}
		out = append(out, d)
	}
	if version == "v1" {
		out = append(out, definition{
			group: "rhtas.redhat.com", kind: "Console", plural: "consoles", versions: []string{"v1"},
			fields: map[string][]string{"v1": words("status.ui.url")},
		})
	}
	one := func(group, version, kind, plural string, global bool, fields string) definition {
		return definition{group: group, kind: kind, plural: plural, global: global, versions: []string{version}, fields: map[string][]string{version: words(fields)}}
	}
	return append(out,
		one("route.openshift.io", "v1", "Route", "routes", false, "spec.host spec.to.kind spec.to.name status.ingress[].host"),
		one("config.openshift.io", "v1", "Ingress", "ingresses", true, "spec.domain"),
		one("console.openshift.io", "v1", "ConsoleCLIDownload", "consoleclidownloads", true, "spec.displayName spec.links[].text spec.links[].href"),
		one("k8s.keycloak.org", "v2alpha1", "Keycloak", "keycloaks", false, "spec.hostname.hostname"),
	)
}

// define makes the definitions.
func (k *kube) define(t *testing.T, version string) {
	t.Helper()
	for _, d := range definitions(version) {
		scope := "Namespaced"
		if d.global {
			scope = "Cluster"
		}
		var versions []object
		for i, v := range d.versions {
			versions = append(versions, object{
				"name": v, "served": true, "storage": i == 0, "subresources": object{"status": object{}}, "schema": object{"openAPIV3Schema": schemaOf(d.fields[v])},
			})
		}
		name := d.plural + "." + d.group
		k.apply(t, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/"+name, object{
			"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
			"metadata": object{"name": name},
			"spec": object{
				"group": d.group, "scope": scope, "versions": versions,
				"names": object{"kind": d.kind, "plural": d.plural, "singular": strings.ToLower(d.kind), "listKind": d.kind + "List"},
			},
		})
	}
	for _, d := range definitions(version) {
		k.served(t, "/apis/"+d.group+"/"+d.versions[0]+"/"+d.plural)
	}
}

// make makes one object of a group, or with "" of Kubernetes itself.
func (k *kube) make(t *testing.T, api, kind, plural, namespace, name string, rest object) object {
	t.Helper()
	metadata := object{"name": name}
	path := "/apis/" + api
	if api == "v1" {
		path = "/api/v1"
	}
	if namespace != "" {
		metadata["namespace"] = namespace
		path += "/namespaces/" + namespace
	}
	if extra, ok := rest["metadata"].(object); ok {
		for name, value := range extra {
			metadata[name] = value
		}
	}
	o := object{"apiVersion": api, "kind": kind}
	for name, value := range rest {
		o[name] = value
	}
	o["metadata"] = metadata
	k.apply(t, path+"/"+plural+"/"+name, o)
	return k.read(t, path+"/"+plural+"/"+name)
}

// deployed is a Trusted Artifact Signer whose addresses are those of a sandbox, as the operator leaves it.
func (k *kube) deployed(t *testing.T, version, namespace, name string, at map[string]string, ready bool) {
	t.Helper()
	k.make(t, "v1", "Namespace", "namespaces", "", namespace, nil)
	api := "rhtas.redhat.com/" + version
	state, reason := "True", "Ready"
	if !ready {
		state, reason = "False", "Creating"
	}
	conditions := []object{
		{"type": "Ready", "status": state, "reason": reason, "message": "", "observedGeneration": 1},
		{"type": "RekorAvailable", "status": state, "reason": reason, "message": map[bool]string{true: "", false: "waiting for the database"}[ready]},
	}
	timestamp := at["COSIGN_TIMESTAMP_SERVER_URL"]
	if version == "v1alpha1" {
		timestamp = strings.TrimSuffix(timestamp, "/api/v1/timestamp")
	}
	parent := k.make(t, api, "Securesign", "securesigns", namespace, name, object{
		"spec": object{"tsa": object{"enabled": "true"}},
		"status": object{
			"conditions": conditions, "fulcio": object{"url": at["COSIGN_FULCIO_URL"]}, "rekor": object{"url": at["COSIGN_REKOR_URL"]},
			"tuf": object{"url": at["COSIGN_MIRROR"]}, "tsa": object{"url": timestamp},
		},
	})
	owner := object{
		"labels": object{"app.kubernetes.io/instance": name},
		"ownerReferences": []object{{
			"apiVersion": api, "kind": "Securesign", "name": name, "uid": parent["metadata"].(object)["uid"], "controller": true,
		}},
	}
	config := object{"OIDCIssuers": []object{{"Issuer": at["COSIGN_OIDC_ISSUER"], "IssuerURL": at["COSIGN_OIDC_ISSUER"], "ClientID": at["COSIGN_OIDC_CLIENT_ID"], "Type": "email"}}}
	if version == "v1" {
		config = object{"oidcIssuers": []object{{"issuer": at["COSIGN_OIDC_ISSUER"], "issuerURL": at["COSIGN_OIDC_ISSUER"], "clientID": at["COSIGN_OIDC_CLIENT_ID"], "type": "email"}}}
	}
	k.make(t, api, "Fulcio", "fulcios", namespace, name, object{
		"metadata": owner, "spec": object{"config": config}, "status": object{"conditions": conditions, "url": at["COSIGN_FULCIO_URL"]},
	})
	rekor := object{"conditions": conditions, "url": at["COSIGN_REKOR_URL"]}
	const search = "https://search.apps.example.com"
	if version == "v1alpha1" {
		rekor["rekorSearchUIUrl"] = search
	} else {
		k.make(t, api, "Console", "consoles", namespace, name, object{"metadata": owner, "status": object{"conditions": conditions, "ui": object{"url": search}}})
	}
	k.make(t, api, "Rekor", "rekors", namespace, name, object{"metadata": owner, "status": rekor})
	k.make(t, api, "Tuf", "tufs", namespace, name, object{"metadata": owner, "status": object{"conditions": conditions, "url": at["COSIGN_MIRROR"]}})
}

// furnish makes a cluster of the workshop: the deployment, a Quay, a Keycloak, and the accounts with their rights. The
// services themselves are the sandbox's.
func (k *kube) furnish(t *testing.T, version string, at map[string]string) {
	t.Helper()
	k.define(t, version)
	for _, namespace := range []string{quayNamespace, keycloakNamespace, learnersNamespace} {
		k.make(t, "v1", "Namespace", "namespaces", "", namespace, nil)
	}
	k.deployed(t, version, tasNamespace, deploymentName, at, true)
	route := func(namespace, name, service, host string) {
		k.make(t, "route.openshift.io/v1", "Route", "routes", namespace, name, object{
			"spec":   object{"host": host, "to": object{"kind": "Service", "name": service}},
			"status": object{"ingress": []object{{"host": host}}},
		})
	}
	issuer, err := url.Parse(at["COSIGN_OIDC_ISSUER"])
	if err != nil {
		t.Fatal(err)
	}
	route(quayNamespace, "quay-quay", "quay-quay-app", at["QUAY"])
	route(keycloakNamespace, "keycloak-x2vbq", "keycloak-service", issuer.Host)
	k.secret(t, quayNamespace, "quay-admin-token", map[string]string{"token": at["QUAY_PASSWORD"]})
	k.secret(t, keycloakNamespace, "keycloak-initial-admin", map[string]string{"username": "temp-admin", "password": administratorsPassword})
	k.make(t, "config.openshift.io/v1", "Ingress", "ingresses", "", "cluster", object{"spec": object{"domain": "apps.example.com"}})
	k.make(t, "console.openshift.io/v1", "ConsoleCLIDownload", "consoleclidownloads", "", "cosign", object{
		"metadata": object{"labels": object{"app.kubernetes.io/part-of": "trusted-artifact-signer"}},
		"spec": object{"displayName": "cosign", "links": []object{
			{"text": "Download cosign for Linux x86_64", "href": "https://cli.apps.example.com/clients/linux/cosign-amd64.gz"},
		}},
	})
	// What whoever gives the workshop leaves for a learner.
	k.make(t, "v1", "ConfigMap", "configmaps", learnersNamespace, "sigwalk", object{
		"data": object{"SOURCE_IMAGE": at["SOURCE_IMAGE"], "OIDC_USER": at["OIDC_USER"]},
	})
	k.secret(t, learnersNamespace, "sigwalk", map[string]string{"OIDC_PASSWORD": at["OIDC_PASSWORD"]})

	k.allow(t, tasNamespace, "deployment", []object{{"apiGroups": []string{"rhtas.redhat.com"}, "resources": []string{"*"}, "verbs": []string{"get", "list"}}})
	k.allow(t, quayNamespace, "registry", []object{
		{"apiGroups": []string{"route.openshift.io"}, "resources": []string{"routes"}, "verbs": []string{"get", "list"}},
		{"apiGroups": []string{""}, "resources": []string{"secrets"}, "resourceNames": []string{"quay-admin-token"}, "verbs": []string{"get"}},
	})
	k.allow(t, keycloakNamespace, "routes", []object{{"apiGroups": []string{"route.openshift.io"}, "resources": []string{"routes"}, "verbs": []string{"get", "list"}}})
	k.allow(t, learnersNamespace, "own", []object{{"apiGroups": []string{""}, "resources": []string{"secrets", "configmaps"}, "verbs": []string{"get", "list", "create", "update"}}})
}

const administratorsPassword = "the password of Keycloak's administrator"

func (k *kube) secret(t *testing.T, namespace, name string, data map[string]string) {
	t.Helper()
	encoded := object{}
	for entry, value := range data {
		encoded[entry] = base64.StdEncoding.EncodeToString([]byte(value))
	}
	k.make(t, "v1", "Secret", "secrets", namespace, name, object{"type": "Opaque", "data": encoded})
}

// allow gives the learner rights in a namespace.
func (k *kube) allow(t *testing.T, namespace, name string, rules []object) {
	t.Helper()
	const api = "rbac.authorization.k8s.io/v1"
	k.make(t, api, "Role", "roles", namespace, name, object{"rules": rules})
	k.make(t, api, "RoleBinding", "rolebindings", namespace, name, object{
		"roleRef":  object{"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
		"subjects": []object{{"kind": "User", "name": kubeLearner, "apiGroup": "rbac.authorization.k8s.io"}},
	})
}

// addresses are the variables of a sandbox.
func (b *bench) addresses(t *testing.T) map[string]string {
	t.Helper()
	at := map[string]string{}
	for line := range strings.Lines(b.sh(t, terminal+"env").stdout) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		at[name] = value
	}
	for _, name := range []string{"COSIGN_FULCIO_URL", "COSIGN_REKOR_URL", "COSIGN_MIRROR", "COSIGN_OIDC_ISSUER", "QUAY", "OIDC_PASSWORD"} {
		if at[name] == "" {
			t.Fatalf("the sandbox has no %s", name)
		}
	}
	return at
}
