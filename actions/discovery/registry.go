package discovery

import (
	"encoding/base64"
	"net/url"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Where the workshop's Quay keeps the token of its administrator, as the page's copy-image-to-quay.sh reads it.
const (
	quayTokenSecret = "quay-admin-token"
	quayTokenField  = "token"
	// tokenUser is the user name that Quay takes a token under.
	tokenUser = "$oauthtoken"
)

// findRoutes reads the routes once, for the registry and the identity provider.
func (s *search) findRoutes() {
	s.routes, s.routesWhy = s.everywhere("route.openshift.io/v1", "routes")
}

// registry finds Quay: its operator's object says the address; without one, a route that is labelled or named as Quay's.
func (s *search) registry() error {
	address, namespace, err := s.quayAddress()
	if err != nil {
		return err
	}
	if address.Value == "" {
		g := Gap{Thing: "the registry", Why: "no QuayRegistry and no route of a Quay was found", Variables: []string{"QUAY", "QUAY_USER", "QUAY_PASSWORD"}}
		if s.routesWhy != nil {
			g.Why, g.Right = s.why(s.routesWhy, right("list", "routes.route.openshift.io", ""))
		}
		s.gap(g)
		return nil
	}
	s.report.Values = append(s.report.Values, address)
	token, err := s.secret(namespace, quayTokenSecret, quayTokenField)
	switch {
	case s.fatal(err):
		return err
	case err != nil:
		g := Gap{Thing: "the registry's token", Variables: []string{"QUAY_TOKEN", "QUAY_USER", "QUAY_PASSWORD"}}
		g.Why, g.Right = s.why(err, right("get", "secrets/"+quayTokenSecret, namespace))
		s.gap(g)
		return nil
	}
	user := Value{Variable: "QUAY_USER", Value: tokenUser, Source: token.Source}
	user.Source.Note = "the name under which Quay takes a token"
	password, forAPI := token, token
	password.Variable, forAPI.Variable = "QUAY_PASSWORD", "QUAY_TOKEN"
	s.report.Values = append(s.report.Values, user, password, forAPI)
	return nil
}

// quayAddress is the host of Quay, as an image reference names it, and the namespace it was found in.
func (s *search) quayAddress() (Value, string, error) {
	registries, err := s.everywhere("quay.redhat.com/v1", "quayregistries")
	if s.fatal(err) {
		return Value{}, "", err
	}
	for i := range registries {
		o := &registries[i]
		if endpoint := text(o, "status", "registryEndpoint"); endpoint != "" {
			source := Source{Object: nameOf("QuayRegistry", o), Field: ".status.registryEndpoint"}
			return Value{Variable: "QUAY", Value: hostOf(endpoint), Source: source, Inside: inside(endpoint)}, o.GetNamespace(), nil
		}
	}
	if s.fatal(s.routesWhy) {
		return Value{}, "", s.routesWhy
	}
	best := slices.IndexFunc(s.routes, func(o unstructured.Unstructured) bool { return o.GetLabels()["quay-component"] == "quay-app-route" })
	if best < 0 {
		best = slices.IndexFunc(s.routes, func(o unstructured.Unstructured) bool { return looksLikeQuay(&o) })
	}
	if best < 0 {
		return Value{}, "", nil
	}
	o := &s.routes[best]
	host, field := routeHost(o)
	return Value{Variable: "QUAY", Value: host, Source: Source{Object: nameOf("Route", o), Field: field}}, o.GetNamespace(), nil
}

// looksLikeQuay goes by names: quay-operator calls the route REGISTRY-quay, and its service REGISTRY-quay-app.
func looksLikeQuay(o *unstructured.Unstructured) bool {
	name, service := o.GetName(), text(o, "spec", "to", "name")
	return name == "quay" || strings.HasSuffix(name, "-quay") || service == "quay" || strings.HasSuffix(service, "-quay-app")
}

// routeHost is the host that the router admitted, else the one that was asked for.
func routeHost(o *unstructured.Unstructured) (host, field string) {
	for i, one := range sequence(o, "status", "ingress") {
		if host := word(one, "host"); host != "" {
			return host, ".status.ingress" + index(i) + ".host"
		}
	}
	return text(o, "spec", "host"), ".spec.host"
}

// hostOf is the host of a URL with its port, and the text itself where it is none.
func hostOf(address string) string {
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		return u.Host
	}
	return strings.TrimSuffix(address, "/")
}

// secret reads one entry of a Secret.
func (s *search) secret(namespace, name, field string) (Value, error) {
	o, err := s.object(s.ctx, resource("v1", namespace, "secrets")+"/"+name)
	if err != nil {
		return Value{}, err
	}
	return entry(o, field)
}

// entry decodes one entry of a Secret.
func entry(o *unstructured.Unstructured, field string) (Value, error) {
	source := Source{Object: nameOf("Secret", o), Field: ".data." + field}
	encoded := text(o, "data", field)
	if encoded == "" {
		return Value{}, &emptyError{source}
	}
	decoded, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return Value{}, &emptyError{source}
	}
	return Value{Secret: newSecret(decoded), Source: source}, nil
}

// emptyError is a Secret without the entry that is wanted.
type emptyError struct{ source Source }

func (e *emptyError) Error() string { return e.source.Object + " has no " + e.source.Field }
