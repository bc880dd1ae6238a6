package discovery

import (
	"encoding/base64"
	"fmt"
	"net"
	"slices"
	"strings"

	k8serrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/sigwalk/sigwalk/actions"
)

func index(i int) string { return fmt.Sprintf("[%d]", i) }

// newSecret leaves out the line end that a secret made from a file often has.
func newSecret(text []byte) actions.Secret {
	return actions.NewSecret(strings.TrimRight(string(text), "\r\n"))
}

// The Keycloak operator calls the first administrator's Secret after its object, NAME-initial-admin.
const adminSuffix = "-initial-admin"

// identityProvider finds the Keycloak that has the issuer's realm, by the host that Fulcio's configuration names, and its
// first administrator.
func (s *search) identityProvider() error {
	names := []string{"KEYCLOAK_ADMIN_USER", "KEYCLOAK_ADMIN_PASSWORD"}
	at, note := s.keycloakRoute()
	if at < 0 {
		g := Gap{Thing: "the identity provider's administrator", Why: "no route has the host of an issuer that Fulcio accepts", Variables: names}
		if s.routesWhy != nil {
			g.Why, g.Right = s.why(s.routesWhy, right("list", "routes.route.openshift.io", ""))
		}
		s.gap(g)
		return nil
	}
	namespace := s.routes[at].GetNamespace()
	secretName := "keycloak" + adminSuffix
	keycloaks, err := s.list(s.ctx, resource("k8s.keycloak.org/v2alpha1", namespace, "keycloaks"))
	if s.fatal(err) {
		return err
	}
	if len(keycloaks) > 0 {
		secretName = keycloaks[0].GetName() + adminSuffix
	}
	o, err := s.object(s.ctx, resource("v1", namespace, "secrets")+"/"+secretName)
	if s.fatal(err) {
		return err
	}
	var values []Value
	for i, field := range []string{"username", "password"} {
		if err != nil {
			break
		}
		var value Value
		if value, err = entry(o, field); err == nil {
			value.Variable, value.Source.Note = names[i], note
			values = append(values, value)
		}
	}
	if err != nil {
		g := Gap{Thing: "the identity provider's administrator", Variables: names}
		g.Why, g.Right = s.why(err, right("get", "secrets/"+secretName, namespace))
		s.gap(g)
		return nil
	}
	values[0].Value, values[0].Secret = values[0].Secret.Reveal(), actions.Secret{} // a name is no secret
	s.report.Values = append(s.report.Values, values...)
	return nil
}

// keycloakRoute is the index of the route to the identity provider, or -1: the one with the host of an issuer, else the only
// one that is a Keycloak's by its name, which a note then says.
func (s *search) keycloakRoute() (at int, note string) {
	hosts := map[string]bool{}
	for i := range s.report.Deployments {
		for _, issuer := range s.report.Deployments[i].Issuers {
			hosts[withoutPort(hostOf(issuer.URL))] = true
		}
	}
	at = slices.IndexFunc(s.routes, func(o unstructured.Unstructured) bool {
		host, _ := routeHost(&o)
		return host != "" && hosts[withoutPort(host)] && !looksLikeQuay(&o)
	})
	if at >= 0 {
		return at, ""
	}
	for i := range s.routes {
		if o := &s.routes[i]; o.GetName() == "keycloak" || text(o, "spec", "to", "name") == "keycloak-service" {
			if at >= 0 {
				return -1, ""
			}
			at = i
		}
	}
	return at, "by the name of its route, whose host is not the issuer's"
}

func withoutPort(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return host
}

// LearnersObject is the name of a ConfigMap and a Secret, in the namespace of the person, in which whoever gives the
// workshop leaves what no object of the cluster says: who signs, and what is copied to where.
const LearnersObject = "sigwalk"

// LearnersVariables are the names that count in it. Addresses of the deployment are not among them: those the cluster says.
func LearnersVariables() []string {
	return []string{
		"IMAGE", "OIDC_PASSWORD", "OIDC_USER", "QUAY", "QUAY_ORGANIZATION", "QUAY_PASSWORD", "QUAY_TOKEN", "QUAY_USER", "SOURCE_IMAGE",
		"STUDENT_EMAIL", "STUDENT_PASSWORD", "STUDENT_USER",
	}
}

// learner reads what was left for the person in their own namespace. It goes before what the cluster as a whole says.
func (s *search) learner() error {
	namespace := s.opts.Cluster.Namespace
	var values []Value
	for _, kind := range []string{"ConfigMap", "Secret"} {
		plural := strings.ToLower(kind) + "s"
		o, err := s.object(s.ctx, resource("v1", namespace, plural)+"/"+LearnersObject)
		switch {
		case s.fatal(err):
			return err
		case k8serrors.IsForbidden(err):
			s.gap(Gap{
				Thing: "the users of the workshop", Why: s.report.User + " may not read it",
				Right: right("get", plural+"/"+LearnersObject, namespace), Variables: []string{"OIDC_USER", "OIDC_PASSWORD", "STUDENT_USER", "STUDENT_PASSWORD"},
			})
			continue
		case err != nil:
			continue // nothing was left, which is the rule
		}
		for _, name := range LearnersVariables() {
			if v, there := left(o, kind, name); there {
				values = append(values, v)
			}
		}
	}
	given := map[string]bool{}
	for _, v := range values {
		given[v.Variable] = true
	}
	if !given["OIDC_PASSWORD"] {
		s.gap(Gap{
			Thing: "the technical user's password", Why: "no object of a cluster holds it, and none was left in the Secret " + namespace + "/" + LearnersObject,
			Variables: []string{"OIDC_PASSWORD"},
		})
	}
	s.report.Values = append(values, s.report.Values...)
	// What was left for the learner need not be found anywhere else.
	s.report.Gaps = slices.DeleteFunc(s.report.Gaps, func(g Gap) bool {
		return len(g.Variables) > 0 && !slices.ContainsFunc(g.Variables, func(name string) bool { return !given[name] })
	})
	return nil
}

// left reads one variable of a ConfigMap or a Secret.
func left(o *unstructured.Unstructured, kind, name string) (Value, bool) {
	raw := text(o, "data", name)
	v := Value{Variable: name, Value: strings.TrimRight(raw, "\r\n"), Source: Source{Object: nameOf(kind, o), Field: ".data." + name}}
	if kind == "Secret" {
		decoded, err := base64.StdEncoding.DecodeString(raw)
		if err != nil {
			return Value{}, false
		}
		v.Value, v.Secret = "", newSecret(decoded)
		if !strings.HasSuffix(name, "PASSWORD") && !strings.HasSuffix(name, "TOKEN") {
			v.Value, v.Secret = v.Secret.Reveal(), actions.Secret{}
		}
	}
	return v, raw != ""
}

// domain is the one below which the cluster's routes lie.
func (s *search) domain() error {
	o, err := s.object(s.ctx, "/apis/config.openshift.io/v1/ingresses/cluster")
	if s.fatal(err) {
		return err
	}
	if err != nil {
		g := Gap{Thing: "the domain of the cluster's routes"}
		g.Why, g.Right = s.why(err, "get ingresses.config.openshift.io/cluster")
		s.gap(g)
		return nil
	}
	if value := text(o, "spec", "domain"); value != "" {
		s.report.Values = append(s.report.Values, Value{
			Variable: "CLUSTER_DOMAIN", Value: value, Source: Source{Object: nameOf("Ingress", o), Field: ".spec.domain"},
		})
	}
	return nil
}

// downloads are the clients that the operator offers in the console; its own carry a label.
func (s *search) downloads() error {
	items, err := s.list(s.ctx, "/apis/console.openshift.io/v1/consoleclidownloads")
	if s.fatal(err) {
		return err
	}
	if err != nil {
		g := Gap{Thing: "the clients that the console offers"}
		g.Why, g.Right = s.why(err, "list consoleclidownloads.console.openshift.io")
		s.gap(g)
		return nil
	}
	for i := range items {
		o := &items[i]
		if o.GetLabels()["app.kubernetes.io/part-of"] != "trusted-artifact-signer" && o.GetName() != "cosign" {
			continue
		}
		for j, link := range sequence(o, "spec", "links") {
			s.report.Downloads = append(s.report.Downloads, Download{
				Name: o.GetName(), Text: word(link, "text"), URL: word(link, "href"),
				Source: Source{Object: nameOf("ConsoleCLIDownload", o), Field: ".spec.links" + index(j) + ".href"},
			})
		}
	}
	return nil
}
