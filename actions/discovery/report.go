package discovery

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sigwalk/sigwalk/actions"
)

// Report is what was found on a cluster, and what was not.
type Report struct {
	// Context, Server, User and Namespace say which cluster was asked, and as whom; Kubeconfig is where that stands.
	Context    string `json:"context"`
	Server     string `json:"server"`
	User       string `json:"user"`
	Namespace  string `json:"namespace"`
	Kubeconfig string `json:"kubeconfig"`
	// APIVersion is the version in which the operator's objects were read; empty without an operator.
	APIVersion  string       `json:"apiVersion,omitempty"`
	Deployments []Deployment `json:"deployments"`
	// Values are what does not belong to one deployment: registry, users, the cluster's domain.
	Values []Value `json:"values"`
	// Downloads are the clients that the cluster's console offers.
	Downloads []Download `json:"downloads"`
	// Gaps are what could not be had, beside what each deployment lacks.
	Gaps []Gap `json:"gaps"`
}

// Deployment is one Trusted Artifact Signer.
type Deployment struct {
	Namespace string    `json:"namespace"`
	Name      string    `json:"name"`
	Created   time.Time `json:"created"`
	Ready     bool      `json:"ready"`
	// Reason and Message are those of the condition Ready, and of what made it so.
	Reason  string `json:"reason,omitempty"`
	Message string `json:"message,omitempty"`
	// Outdated is true when the operator has not looked at the object since it was last changed.
	Outdated bool     `json:"outdated"`
	Issuers  []Issuer `json:"issuers"`
	Values   []Value  `json:"values"`
	Gaps     []Gap    `json:"gaps"`
}

// ID is how a person names the deployment: NAMESPACE/NAME.
func (d *Deployment) ID() string { return d.Namespace + "/" + d.Name }

// Issuer is an identity provider that a Fulcio accepts.
type Issuer struct {
	URL      string `json:"url"`
	ClientID string `json:"clientID"`
	Type     string `json:"type"`
	Source   Source `json:"source"`

	clientSource Source
}

// Value is one thing found, under the name of the variable that it gives.
type Value struct {
	Variable string         `json:"variable"`
	Value    string         `json:"value,omitempty"`
	Secret   actions.Secret `json:"secret,omitzero"`
	Source   Source         `json:"source"`
	// Inside is true for a URL that only works inside the cluster.
	Inside bool `json:"inside,omitempty"`
}

// Text is the value itself, a secret included.
func (v Value) Text() string {
	if !v.Secret.IsZero() {
		return v.Secret.Reveal()
	}
	return v.Value
}

// Source says where a value stands.
type Source struct {
	// Object is "Kind NAMESPACE/NAME", or "Kind NAME" for one that belongs to no namespace.
	Object string `json:"object"`
	// Field is the path in it: ".status.fulcio.url".
	Field string `json:"field"`
	// Note is what was done to it, if anything.
	Note string `json:"note,omitempty"`
}

// String is the source on one line.
func (s Source) String() string {
	text := strings.TrimSpace(s.Object + " " + s.Field)
	if s.Note != "" {
		text += " (" + s.Note + ")"
	}
	return text
}

// Download is a client that can be fetched from the cluster.
type Download struct {
	Name   string `json:"name"`
	Text   string `json:"text"`
	URL    string `json:"url"`
	Source Source `json:"source"`
}

// Gap is a thing that could not be had.
type Gap struct {
	// Thing is what: "the registry's token".
	Thing string `json:"thing"`
	Why   string `json:"why"`
	// Right is the one that is missing ("get secrets/quay-admin-token in namespace quay-enterprise"); empty where it is no
	// matter of rights.
	Right string `json:"right,omitempty"`
	// Variables can be set instead; empty where none helps.
	Variables []string `json:"variables"`
}

// Choose returns the deployment that namespace and name mean; an empty one means any. It fails with CodeNoDeployment when
// there is none and CodeSeveral when there are several, with what tells them apart.
func (r *Report) Choose(namespace, name string) (*Deployment, error) {
	var fit []*Deployment
	for i := range r.Deployments {
		d := &r.Deployments[i]
		if (namespace == "" || d.Namespace == namespace) && (name == "" || d.Name == name) {
			fit = append(fit, d)
		}
	}
	switch {
	case len(fit) == 1:
		return fit[0], nil
	case len(fit) == 0:
		return nil, r.none(namespace, name)
	}
	var lines []string
	for _, d := range fit {
		lines = append(lines, d.ID()+" ("+d.Telling()+")")
	}
	return nil, &actions.Error{
		Code: actions.CodeSeveral, What: fmt.Sprintf("there are %d deployments at %s", len(fit), r.Server), Why: strings.Join(lines, "; "),
		Next: "choose one with --namespace, and --securesign where one namespace has several",
	}
}

// Telling is what tells a deployment from another.
func (d *Deployment) Telling() string {
	parts := []string{"ready"}
	if !d.Ready {
		parts[0] = "not ready"
		if d.Reason != "" {
			parts[0] += ": " + d.Reason
		}
	}
	if !d.Created.IsZero() {
		parts = append(parts, "since "+d.Created.UTC().Format("2006-01-02 15:04 UTC"))
	}
	for _, v := range d.Values {
		if v.Variable == "COSIGN_FULCIO_URL" {
			parts = append(parts, "Fulcio "+v.Value)
		}
	}
	for _, i := range d.Issuers {
		parts = append(parts, "issuer "+i.URL)
	}
	return strings.Join(parts, ", ")
}

func (r *Report) none(namespace, name string) error {
	var all []string
	for i := range r.Deployments {
		all = append(all, r.Deployments[i].ID())
	}
	wanted := strings.Trim(namespace+"/"+name, "/")
	e := &actions.Error{Code: actions.CodeNoDeployment, What: "no Trusted Artifact Signer was found at " + r.Server}
	switch {
	case len(all) > 0:
		e.What += " as " + wanted
		e.Next = "there is " + strings.Join(all, ", ") + ": choose with --namespace and --securesign"
	default:
		i := slices.IndexFunc(r.Gaps, func(g Gap) bool { return g.Thing == theDeployment })
		if i >= 0 {
			e.Why = r.Gaps[i].Why
			e.Next = "name its namespace with --namespace if you know it, or set " + strings.Join(r.Gaps[i].Variables, ", ")
			if r.Gaps[i].Right != "" {
				e.Next += "; the right that is missing is to " + r.Gaps[i].Right
			}
		}
	}
	return e
}

// All returns the variables that d and the rest of the cluster give. An earlier value beats a later one of the same name.
func (r *Report) All(d *Deployment) []Value {
	var all []Value
	if d != nil {
		all = append(all, d.Values...)
	}
	return append(all, r.Values...)
}
