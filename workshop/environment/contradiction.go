package environment

import (
	"fmt"
	"slices"
	"strings"
)

// Contradiction is two variables that name the same endpoint with different values, so that tools which read one of them
// talk to another service than those which read the other.
type Contradiction struct {
	Title string // of the endpoint: "Rekor (transparency log)"
	// InForce is what counts here, and Other what does not.
	InForce, Other Variable
}

// Text says it in a few sentences.
func (c Contradiction) Text() string {
	if c.InForce.Name == c.Other.Name {
		return fmt.Sprintf("%s: %s is %s (%s), and the deployment has %s (%s). The deployment counts here; a tool in your terminal would use the other: unset it there.",
			c.Title, c.Other.Name, c.Other.Value, c.Other.Source, c.InForce.Value, c.InForce.Source)
	}
	return fmt.Sprintf("%s: %s is %s (%s), and %s is %s (%s). %s counts here; tools that read %s would use the other: unset the old one, or set both to the same.",
		c.Title, c.InForce.Name, c.InForce.Value, c.InForce.Source, c.Other.Name, c.Other.Value, c.Other.Source, c.InForce.Name, c.Other.Name)
}

// Contradictions finds the variables among vars that name an endpoint which a variable in e names, too, with another value.
// The two generations of names that the terminals of Trusted Artifact Signer export are where these come from: an old
// COSIGN_REKOR_URL beside the REKOR_URL of a new deployment.
func (e *Environment) Contradictions(vars []Variable) []Contradiction {
	var found []Contradiction
	for _, row := range endpoints() {
		inForce := e.find(row.variables)
		if inForce.Value == "" || slices.Contains(row.variables, "SSL_CERT_FILE") {
			continue // a file of authorities may well be another one for another tool
		}
		for _, other := range vars {
			if slices.Contains(row.variables, other.Name) && other.Value != "" && !sameAddress(inForce.Value, other.Value) {
				found = append(found, Contradiction{Title: row.title, InForce: inForce, Other: other})
			}
		}
	}
	return found
}

// sameAddress compares addresses without the slash at their end and without the one path that a timestamp authority has.
func sameAddress(a, b string) bool {
	bare := func(text string) string {
		return strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(text, "/"), "/api/v1/timestamp"), "/")
	}
	return bare(a) == bare(b)
}
