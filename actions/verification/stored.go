package verification

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"

	"google.golang.org/protobuf/encoding/protojson"
)

// Stored returns what is stored of the signature as indented JSON: the Sigstore bundle, or the annotations of the layer with
// what is JSON in them as JSON, and the payload. It is empty for what could not be read.
func (s *Signature) Stored() []byte {
	if s.parsed != nil {
		text, err := protojson.Marshal(s.parsed.Bundle)
		if err != nil {
			return nil
		}
		return indented(json.RawMessage(text))
	}
	if s.stored == nil {
		return indented(embedded(s.Payload))
	}
	parts := map[string]any{}
	put := func(name string, value any, there bool) {
		if there {
			parts[name] = value
		}
	}
	put("payload", embedded(s.Payload), len(s.Payload) > 0)
	put("dev.cosignproject.cosign/signature", s.stored.signature, s.stored.signature != "")
	put("dev.sigstore.cosign/certificate", pemOf(s.stored.cert), s.stored.cert != nil)
	put("dev.sigstore.cosign/chain", pemOf(s.stored.chain...), len(s.stored.chain) > 0)
	put("dev.sigstore.cosign/bundle", s.stored.entry, s.stored.entry != nil)
	put("dev.sigstore.cosign/rfc3161timestamp", s.stored.stamp, s.stored.stamp != nil)
	return indented(parts)
}

// Indented is JSON with its lines indented, or content as it is where it is no JSON.
func Indented(content []byte) []byte {
	if text := indented(json.RawMessage(content)); text != nil {
		return text
	}
	return content
}

// indented is the JSON of value; nil where there is none.
func indented(value any) []byte {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if encoder.Encode(value) != nil {
		return nil
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// embedded is content as JSON where it is JSON, else as text.
func embedded(content []byte) any {
	if len(content) == 0 {
		return nil
	}
	if json.Valid(content) {
		return json.RawMessage(content)
	}
	return string(content)
}

func pemOf(certs ...*x509.Certificate) string {
	var text []byte
	for _, c := range certs {
		if c != nil {
			text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
		}
	}
	return string(text)
}

// Signed returns what was signed: the payload, or for an attestation the statement inside its envelope.
func (s *Signature) Signed() []byte {
	var envelope struct {
		Payload []byte `json:"payload"`
	}
	if s.Kind == KindAttestation && json.Unmarshal(s.Payload, &envelope) == nil && len(envelope.Payload) > 0 {
		return envelope.Payload
	}
	return s.Payload
}
