package discovery

import (
	"cmp"
	"net"
	"net/url"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// parts are the objects of one deployment by their kind.
type parts map[string]*unstructured.Unstructured

// kinds are those of the operator that have something to tell.
func kinds() []string {
	return []string{"Securesign", "Fulcio", "Rekor", "Tuf", "TimestampAuthority", "Console"}
}

// deployments finds them: each Securesign with its children, and children that stand alone under one name.
func (s *search) deployments() error {
	found := map[string]parts{} // by NAMESPACE/NAME
	refused := ""
	var reason error
	for _, kind := range kinds() {
		plural := s.plural[kind]
		if plural == "" {
			continue // not in this version of the operator
		}
		objects, err := s.everywhere(s.groupVersion, plural)
		if s.fatal(err) {
			return err
		}
		if err != nil {
			refused, reason = cmp.Or(refused, plural+"."+group), err
			continue
		}
		for i := range objects {
			o := &objects[i]
			if s.opts.Namespace != "" && o.GetNamespace() != s.opts.Namespace {
				continue
			}
			id := o.GetNamespace() + "/" + belongsTo(kind, o)
			if found[id] == nil {
				found[id] = parts{}
			}
			found[id][kind] = o
		}
	}
	ids := make([]string, 0, len(found))
	for id, p := range found {
		if len(p) > 1 || p["Securesign"] != nil || p["Fulcio"] != nil {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	for _, id := range ids {
		namespace, name, _ := strings.Cut(id, "/")
		s.report.Deployments = append(s.report.Deployments, s.deployment(namespace, name, found[id]))
	}
	if len(ids) > 0 {
		return nil
	}
	g := Gap{Thing: theDeployment, Why: "the operator is there, and no Securesign was made", Variables: endpointVariables()}
	if s.opts.Namespace != "" {
		g.Why += " in namespace " + s.opts.Namespace
	}
	if reason != nil {
		g.Why, g.Right = s.why(reason, right("list", refused, s.opts.Namespace))
	}
	s.gap(g)
	return nil
}

// belongsTo is the name of the Securesign that a child was made for: its owner's, else that of the label, else its own.
func belongsTo(kind string, o *unstructured.Unstructured) string {
	if kind == "Securesign" {
		return o.GetName()
	}
	for _, owner := range o.GetOwnerReferences() {
		if owner.Kind == "Securesign" {
			return owner.Name
		}
	}
	return cmp.Or(o.GetLabels()["app.kubernetes.io/instance"], o.GetName())
}

// service is where an address of a deployment stands: in the Securesign, else in the child.
type service struct {
	title    string
	variable string
	parent   []string // field of the Securesign
	kind     string   // of the child
	child    []string
}

func services() []service {
	url := []string{"status", "url"}
	return []service{
		{"Fulcio's address", "COSIGN_FULCIO_URL", []string{"status", "fulcio", "url"}, "Fulcio", url},
		{"Rekor's address", "COSIGN_REKOR_URL", []string{"status", "rekor", "url"}, "Rekor", url},
		{"the TUF repository's address", "COSIGN_MIRROR", []string{"status", "tuf", "url"}, "Tuf", url},
		{"the timestamp authority's address", "COSIGN_TIMESTAMP_SERVER_URL", []string{"status", "tsa", "url"}, "TimestampAuthority", url},
		{"the log's search page", "SIGWALK_REKOR_SEARCH_URL", []string{"status", "rekor", "rekorSearchUIUrl"}, "Rekor", []string{"status", "rekorSearchUIUrl"}},
	}
}

func (s *search) deployment(namespace, name string, p parts) Deployment {
	d := Deployment{Namespace: namespace, Name: name, Values: []Value{}, Gaps: []Gap{}, Issuers: []Issuer{}}
	d.standing(p)
	for _, one := range services() {
		value, there := p.address(one)
		switch {
		case there && one.variable == "COSIGN_TIMESTAMP_SERVER_URL":
			value = withTimestampPath(value)
			fallthrough
		case there:
			d.Values = append(d.Values, value)
			if one.variable == "COSIGN_MIRROR" {
				d.Values = append(d.Values, initialRoot(value))
			}
		case one.variable == "SIGWALK_REKOR_SEARCH_URL": // not every version has one, and nothing needs it
		case one.kind == "TimestampAuthority" && !p.wants("tsa"):
		default:
			d.Gaps = append(d.Gaps, s.noAddress(p, one, namespace))
		}
	}
	d.issuers(p)
	if len(d.Issuers) > 0 {
		first := d.Issuers[0]
		d.Values = append(d.Values, Value{Variable: "COSIGN_OIDC_ISSUER", Value: first.URL, Source: first.Source, Inside: inside(first.URL)})
		if first.ClientID != "" {
			d.Values = append(d.Values, Value{Variable: "COSIGN_OIDC_CLIENT_ID", Value: first.ClientID, Source: first.clientSource})
		}
		return d
	}
	g := Gap{
		Thing: "the identity provider that Fulcio accepts", Why: "Fulcio's configuration names none",
		Variables: []string{"COSIGN_OIDC_ISSUER", "COSIGN_OIDC_CLIENT_ID"},
	}
	if p["Fulcio"] == nil && p["Securesign"] == nil {
		g.Why, g.Right = s.report.User+" may not read it", right("get", "fulcios."+group, namespace)
	}
	d.Gaps = append(d.Gaps, g)
	return d
}

// wants reports whether the Securesign asks for a part, or is not there to say.
func (p parts) wants(field string) bool {
	ss := p["Securesign"]
	return ss == nil || section(ss, "spec", field) != nil
}

// address reads the address of a service.
func (p parts) address(one service) (Value, bool) {
	for _, at := range []struct {
		kind   string
		fields []string
	}{{"Securesign", one.parent}, {one.kind, one.child}, {"Console", consoleField(one)}} {
		o := p[at.kind]
		if o == nil || len(at.fields) == 0 {
			continue
		}
		if value := text(o, at.fields...); value != "" {
			return Value{
				Variable: one.variable, Value: value, Inside: inside(value),
				Source: Source{Object: nameOf(at.kind, o), Field: "." + strings.Join(at.fields, ".")},
			}, true
		}
	}
	return Value{}, false
}

// consoleField is where newer operators show the search page: in an object of its own.
func consoleField(one service) []string {
	if one.variable != "SIGWALK_REKOR_SEARCH_URL" {
		return nil
	}
	return []string{"status", "ui", "url"}
}

func (s *search) noAddress(p parts, one service, namespace string) Gap {
	g := Gap{Thing: one.title, Variables: []string{one.variable}}
	switch {
	case p["Securesign"] != nil || p[one.kind] != nil:
		g.Why = "the operator has not written it yet"
	default:
		g.Why, g.Right = s.report.User+" may not read it", right("get", s.plural["Securesign"]+"."+group, namespace)
	}
	return g
}

// The path at which a timestamp authority answers (RFC 3161 over HTTP); v1alpha1 gives the address without it.
const timestampPath = "/api/v1/timestamp"

func withTimestampPath(v Value) Value {
	if u, err := url.Parse(v.Value); err == nil && strings.Trim(u.Path, "/") == "" {
		v.Value = strings.TrimSuffix(v.Value, "/") + timestampPath
		v.Source.Note = "with " + timestampPath
	}
	return v
}

// initialRoot is the root.json that the TUF repository itself offers; the operator publishes no checksum of it.
func initialRoot(mirror Value) Value {
	v := mirror
	v.Variable, v.Value, v.Source.Note = "COSIGN_ROOT", strings.TrimSuffix(v.Value, "/")+"/root.json", "with /root.json"
	return v
}

// inside reports whether an address is that of a service of the cluster, which only the cluster's own network resolves.
func inside(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	host := strings.TrimSuffix(u.Hostname(), ".")
	if net.ParseIP(host) != nil {
		return false
	}
	return strings.HasSuffix(host, ".svc") || strings.HasSuffix(host, ".svc.cluster.local")
}

// standing reads the conditions of the Securesign, or of the children where there is none to read.
func (d *Deployment) standing(p parts) {
	objects := []*unstructured.Unstructured{p["Securesign"]}
	if p["Securesign"] == nil {
		objects = objects[:0]
		for _, kind := range kinds() {
			if p[kind] != nil {
				objects = append(objects, p[kind])
			}
		}
	}
	d.Ready = len(objects) > 0
	for _, o := range objects {
		if d.Created.IsZero() {
			d.Created = o.GetCreationTimestamp().Time
		}
		ready, reason, message, outdated := condition(o)
		d.Outdated = d.Outdated || outdated
		if !ready && d.Ready {
			d.Ready, d.Reason, d.Message = false, reason, message
		}
	}
}

// condition reads the condition Ready. Where it is not met, the message names the others that are not met either: they say
// which part is to blame.
func condition(o *unstructured.Unstructured) (ready bool, reason, message string, outdated bool) {
	conditions := sequence(o, "status", "conditions")
	reason, message = "Unknown", "the operator has written no condition Ready yet"
	generation, _ := number(section(o, "metadata")["generation"])
	observed, known := number(section(o, "status")["observedGeneration"])
	var blame []string
	for _, c := range conditions {
		if word(c, "type") != "Ready" {
			if word(c, "status") == "False" {
				blame = append(blame, strings.TrimSuffix(strings.Join([]string{word(c, "type"), word(c, "reason"), word(c, "message")}, " "), " "))
			}
			continue
		}
		ready, reason, message = word(c, "status") == "True", word(c, "reason"), word(c, "message")
		if n, ok := number(c["observedGeneration"]); ok {
			observed, known = n, true
		}
	}
	if ready {
		return true, "", "", known && observed < generation
	}
	if len(blame) > 0 {
		message = strings.TrimSpace(message + " (" + strings.Join(blame, "; ") + ")")
	}
	return false, reason, message, known && observed < generation
}

// number reads a number as JSON has it.
func number(value any) (int64, bool) {
	switch n := value.(type) {
	case int64:
		return n, true
	case float64:
		return int64(n), true
	}
	return 0, false
}

// issuers reads Fulcio's own configuration, which decides; the Securesign's copy of it is read where Fulcio cannot be. Those
// that people and technical users sign in at come first.
func (d *Deployment) issuers(p parts) {
	for _, at := range []struct {
		kind   string
		fields []string
	}{{"Fulcio", []string{"spec", "config"}}, {"Securesign", []string{"spec", "fulcio", "config"}}} {
		o := p[at.kind]
		if o == nil {
			continue
		}
		for _, list := range []string{"OIDCIssuers", "oidcIssuers"} {
			fields := slices.Concat(at.fields, []string{list})
			for i, entry := range sequence(o, fields...) {
				source := Source{Object: nameOf(at.kind, o), Field: "." + strings.Join(fields, ".") + index(i)}
				if issuer := readIssuer(entry, source); issuer.URL != "" {
					d.Issuers = append(d.Issuers, issuer)
				}
			}
		}
		if len(d.Issuers) > 0 {
			break
		}
	}
	slices.SortStableFunc(d.Issuers, func(a, b Issuer) int { return cmp.Compare(rank(a), rank(b)) })
}

// rank puts issuers of people before those of machines.
func rank(i Issuer) int {
	if strings.EqualFold(i.Type, "email") {
		return 0
	}
	return 1
}

// readIssuer reads an entry of the configuration: in Fulcio's own spelling (v1alpha1), or that of Kubernetes (v1).
func readIssuer(entry map[string]any, at Source) Issuer {
	pick := func(names ...string) (string, Source) {
		for _, name := range names {
			if value := word(entry, name); value != "" {
				return value, Source{Object: at.Object, Field: at.Field + "." + name}
			}
		}
		return "", at
	}
	var i Issuer
	i.URL, i.Source = pick("Issuer", "issuer", "IssuerURL", "issuerURL")
	i.ClientID, i.clientSource = pick("ClientID", "clientID")
	i.Type, _ = pick("Type", "type")
	return i
}
