package verification

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
)

// maxSBOMBytes bounds the document that is read to count its packages.
const maxSBOMBytes = 16 << 20

// CountPackages counts the packages in a software bill of materials: SPDX as JSON or tag-value, CycloneDX as JSON, or syft's
// own JSON. kind is the format's name. ok is false for anything else.
func CountPackages(document []byte) (kind string, packages int, ok bool) {
	var shape struct {
		SPDX       *string           `json:"spdxVersion"`
		Format     *string           `json:"bomFormat"`
		Packages   []json.RawMessage `json:"packages"`
		Components []json.RawMessage `json:"components"`
		Artifacts  []json.RawMessage `json:"artifacts"`
		Descriptor *struct {
			Name string `json:"name"`
		} `json:"descriptor"`
	}
	switch err := json.Unmarshal(document, &shape); {
	case err != nil:
		return countTagValue(document)
	case shape.SPDX != nil:
		return "SPDX", len(shape.Packages), true
	case shape.Format != nil && *shape.Format == "CycloneDX":
		return "CycloneDX", len(shape.Components), true
	case shape.Descriptor != nil && shape.Artifacts != nil:
		return "syft", len(shape.Artifacts), true
	}
	return "", 0, false
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
