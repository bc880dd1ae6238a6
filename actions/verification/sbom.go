package verification

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
)

// maxSBOMBytes bounds the document that is read to count its packages.
const maxSBOMBytes = 16 << 20

// component is a component of CycloneDX, which may be made of others.
type component struct {
	Components []component `json:"components"`
}

// count is how many components there are, those within others included.
func count(list []component) int {
	n := len(list)
	for _, c := range list {
		n += count(c.Components)
	}
	return n
}

// CountPackages counts the packages in a software bill of materials: SPDX 2 as JSON or tag-value, SPDX 3, CycloneDX as JSON or XML,
// or syft's own JSON. kind is the format's name. ok is false for anything else.
func CountPackages(document []byte) (kind string, packages int, ok bool) {
	var shape struct {
		SPDX       *string           `json:"spdxVersion"`
		Format     *string           `json:"bomFormat"`
		Packages   []json.RawMessage `json:"packages"`
		Components []component       `json:"components"`
		Artifacts  []json.RawMessage `json:"artifacts"`
		Descriptor *struct {
			Name string `json:"name"`
		} `json:"descriptor"`
		Context json.RawMessage `json:"@context"`
		Graph   []struct {
			Type string `json:"type"`
		} `json:"@graph"`
	}
	switch err := json.Unmarshal(document, &shape); {
	case err != nil && bytes.HasPrefix(bytes.TrimSpace(document), []byte("<")):
		return countXML(document)
	case err != nil:
		return countTagValue(document)
	case shape.Graph != nil && bytes.Contains(shape.Context, []byte("spdx.org/rdf/3.")):
		for _, element := range shape.Graph {
			if element.Type == "software_Package" {
				packages++
			}
		}
		return "SPDX", packages, true
	case shape.SPDX != nil:
		return "SPDX", len(shape.Packages), true
	case shape.Format != nil && *shape.Format == "CycloneDX":
		return "CycloneDX", count(shape.Components), true
	case shape.Descriptor != nil && shape.Artifacts != nil:
		return "syft", len(shape.Artifacts), true
	}
	return "", 0, false
}

// countXML counts the components of a CycloneDX document in its XML form, those within others included and the tools that made it
// left out.
func countXML(document []byte) (kind string, packages int, ok bool) {
	decoder := xml.NewDecoder(bytes.NewReader(document))
	var path []string
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return "CycloneDX", packages, ok
		}
		if err != nil {
			return "", 0, false
		}
		switch token := token.(type) {
		case xml.StartElement:
			name := token.Name.Local
			if len(path) == 0 {
				if name != "bom" || !strings.HasPrefix(token.Name.Space, "http://cyclonedx.org/schema/bom/") {
					return "", 0, false
				}
				ok = true
			}
			if name == "component" && len(path) > 1 && path[1] == "components" && path[len(path)-1] == "components" {
				packages++
			}
			path = append(path, name)
		case xml.EndElement:
			path = path[:len(path)-1]
		}
	}
}

// countTagValue counts the packages of an SPDX document in its tag-value form (SPDX 2.3, 6 and 7).
func countTagValue(document []byte) (kind string, packages int, ok bool) {
	for line := range bytes.Lines(document) {
		switch {
		case bytes.HasPrefix(line, []byte("SPDXVersion:")):
			ok = true
		case bytes.HasPrefix(line, []byte("PackageName:")):
			packages++
		}
	}
	if !ok {
		return "", 0, false
	}
	return "SPDX", packages, true
}

// Statement is what an attestation says, as far as it is the same for every kind of predicate (in-toto Statement v1).
type Statement struct {
	PredicateType string
	// Subjects are what it is about: a name, where it has one, and the digests as "algorithm:hex".
	Subjects []string
	// Bill is the format of the software bill of materials that the predicate is, empty for another; Packages how many it
	// lists.
	Bill     string
	Packages int
}

// Statement reads what an attestation says, verified or not; nil where it cannot be read.
func (s *Signature) Statement() *Statement {
	document := s.Payload
	var envelope struct {
		PayloadType string `json:"payloadType"`
		Payload     []byte `json:"payload"`
	}
	if json.Unmarshal(document, &envelope) == nil && len(envelope.Payload) > 0 {
		document = envelope.Payload
	}
	var statement struct {
		PredicateType string          `json:"predicateType"`
		Predicate     json.RawMessage `json:"predicate"`
		Subject       []struct {
			Name   string            `json:"name"`
			Digest map[string]string `json:"digest"`
		} `json:"subject"`
	}
	if json.Unmarshal(document, &statement) != nil || statement.PredicateType == "" {
		return nil
	}
	found := &Statement{PredicateType: statement.PredicateType}
	for _, subject := range statement.Subject {
		text := subject.Name
		for _, algorithm := range slices.Sorted(maps.Keys(subject.Digest)) {
			if text != "" {
				text += "  "
			}
			text += algorithm + ":" + subject.Digest[algorithm]
		}
		found.Subjects = append(found.Subjects, text)
	}
	predicate := []byte(statement.Predicate)
	var text string
	if json.Unmarshal(predicate, &text) == nil {
		predicate = []byte(text) // cosign stores an SBOM that is no JSON so
	}
	found.Bill, found.Packages, _ = CountPackages(predicate)
	return found
}
