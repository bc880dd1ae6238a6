// Package filetype says what a file is that was given where another kind was wanted: what people have lying around who verify
// signatures. It looks at the content alone, and proves nothing.
package filetype

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Type is what a file seems to be.
type Type struct {
	Is  string // a clause about "it": it is a certificate
	Use string // what to do with such a file; empty where it is not known
}

// Known is false for a file that is nothing in particular: Is says what it lacks.
func (t Type) Known() bool { return t.Use != "" }

// The two that one looks for.
var (
	// Bundle is a single Sigstore bundle, whole or not.
	Bundle = Type{"it is a Sigstore bundle", "give it with --bundle to sigwalk verify, or look at it with sigwalk browse FILE"}
	// TrustRoot is a trusted_root.json.
	TrustRoot = Type{"it is a trust root: it says whom to believe, and not who signed what", "give it with --trusted-root, beside the bundle"}
)

// Of says what a file with this content is.
func Of(content []byte) Type {
	if t := byStart(content); t.Known() {
		return t
	}
	values, err := valuesIn(content)
	switch {
	case err != nil && len(values) == 0 && !startsJSON(content):
		if t := encoded(content); t.Known() {
			return t
		}
		return Type{Is: "it is no JSON: " + err.Error()}
	case err != nil:
		return Type{Is: brokenJSON(content, err), Use: "fetch or write it again: a file that was cut off looks like this"}
	case len(values) > 1:
		t := Type{
			Is:  fmt.Sprintf("it holds %d JSON values, one after the other, as `gh attestation download` writes bundles", len(values)),
			Use: "give --bundle a file with one of them: `sed -n 1p FILE` prints the first",
		}
		if inner := ofValue(values[0]); inner != Bundle {
			t = Type{Is: fmt.Sprintf("it holds %d JSON values, one after the other; of the first: %s", len(values), inner.Is), Use: inner.Use}
		}
		return t
	}
	return ofValue(values[0])
}

// valuesIn are the JSON values of a text, which ends with the last of them.
func valuesIn(content []byte) (values []json.RawMessage, err error) {
	dec := json.NewDecoder(bytes.NewReader(content))
	for {
		var value json.RawMessage
		switch err := dec.Decode(&value); {
		case errors.Is(err, io.EOF):
			return values, nil
		case err != nil:
			return values, err
		}
		values = append(values, value)
	}
}

func startsJSON(content []byte) bool {
	text := bytes.TrimSpace(content)
	return len(text) > 0 && (text[0] == '{' || text[0] == '[')
}

// brokenJSON says where a text stops being JSON.
func brokenJSON(content []byte, err error) string {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Sprintf("it is JSON that ends in the middle, after %d bytes", len(content))
	}
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		return "it is no JSON: " + err.Error()
	}
	before := content[:min(int(syntax.Offset), len(content))]
	return fmt.Sprintf("it is no JSON: %v (line %d)", err, 1+bytes.Count(before, []byte("\n")))
}

// fields are the names of the fields of an object; nil for any other value.
func fields(value json.RawMessage) map[string]json.RawMessage {
	var object map[string]json.RawMessage
	if json.Unmarshal(value, &object) != nil {
		return nil
	}
	return object
}

// isBundle is true for a value with the parts of a Sigstore bundle.
func isBundle(value json.RawMessage) bool {
	object := fields(value)
	var mediaType string
	_ = json.Unmarshal(object["mediaType"], &mediaType)
	return object["verificationMaterial"] != nil || object["verification_material"] != nil && object["version"] == nil ||
		strings.HasPrefix(mediaType, bundleType)
}

// bundleType begins the media types of bundles.
const bundleType = "application/vnd.dev.sigstore.bundle"
