package filetype

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// known are objects, by fields that all of them have. The first that fits counts.
var known = []struct {
	fields []string
	Type
}{
	{[]string{"base64Signature"}, Type{
		"it is a bundle in cosign's older form (base64Signature, cert, rekorBundle), which is no Sigstore bundle",
		"verify it with `cosign verify-blob --bundle`, or sign again with --new-bundle-format",
	}},
	{[]string{"rekorBundle"}, Type{
		"it is a bundle in cosign's older form (base64Signature, cert, rekorBundle), which is no Sigstore bundle",
		"verify it with `cosign verify-blob --bundle`, or sign again with --new-bundle-format",
	}},
	{[]string{"SignedEntryTimestamp", "Payload"}, Type{
		"it is the log's promise for an entry (SET), as cosign keeps it beside a signature in a registry: the signature is not in it",
		"verify the image that it came from: sigwalk verify IMAGE",
	}},
	{[]string{"SignedRFC3161Timestamp"}, Type{"it is a time stamp alone, as cosign keeps it beside a signature", "ask for the bundle that it belongs to"}},
	{[]string{"payload", "protected", "signature"}, Type{"it is a signature of Notary (JWS), and none of Sigstore", "verify it with `notation`"}},
	{[]string{"_type", "subject"}, Type{
		"it is an in-toto statement that nobody signed: what a bundle holds inside its envelope", "ask for the bundle or sign it: `cosign attest-blob --statement FILE`",
	}},
	{[]string{"tlogs", "certificateAuthorities"}, TrustRoot},
	{[]string{"trustedRoot", "signingConfig"}, trustConfig},
	{[]string{"trustedRoot", "signing_config"}, trustConfig},
	{[]string{"trustedRoot"}, trustConfig},
	{[]string{"caUrls"}, Type{"it is a signing configuration: it says which services to sign with", "give it to `cosign sign --signing-config FILE`"}},
	{[]string{"signed", "signatures"}, Type{
		"it is metadata of a TUF repository, by which a trust root is fetched", "give a root.json to `sigwalk exec cosign initialize --root FILE`, with --mirror",
	}},
	{[]string{"version", "attestation_bundles"}, Type{
		"it is a provenance of PyPI (PEP 740), whose attestations are no Sigstore bundles", "turn it into bundles with `pypi-attestations`, or verify it with that",
	}},
	{[]string{"version", "verification_material", "envelope"}, Type{
		"it is an attestation of PyPI (PEP 740), which is no Sigstore bundle", "turn it into a bundle with `pypi-attestations`, or verify it with that",
	}},
	{[]string{"body", "integratedTime", "logID"}, logEntry},
	{[]string{"critical"}, Type{
		"it is what cosign signs of an image, without the signature", "verify the image that it came from: sigwalk verify IMAGE",
	}},
	{[]string{"bomFormat"}, Type{"it is an SBOM (CycloneDX) that nobody signed", "ask for the attestation with it, or verify the image: sigwalk verify IMAGE"}},
	{[]string{"spdxVersion"}, Type{"it is an SBOM (SPDX) that nobody signed", "ask for the attestation with it, or verify the image: sigwalk verify IMAGE"}},
	{[]string{"image_summary", "provenance_summary"}, Type{"it is what `gcloud artifacts docker images describe` prints", "verify it with `slsa-verifier`"}},
	{[]string{"message", "documentation_url"}, Type{"it is GitHub's answer that there is nothing", "check owner, repository and digest, and that you are logged in (`gh auth status`)"}},
}

var (
	trustConfig = Type{
		"it is a client's configuration with a trust root in it", "take the trust root out: `jq .trustedRoot FILE > trusted_root.json`, and give it with --trusted-root",
	}
	logEntry = Type{
		"it is an entry of a transparency log alone: the log has it, and the signed file is not in it", "ask for the bundle of the file that was signed",
	}
)

// ofValue says what a JSON value is.
func ofValue(value json.RawMessage) Type {
	var list []json.RawMessage
	if json.Unmarshal(value, &list) == nil && list != nil {
		return ofList(list)
	}
	object := fields(value)
	switch {
	case object == nil:
		return Type{Is: "it is JSON, and no object"}
	case isBundle(value):
		return Bundle
	case object["schemaVersion"] != nil:
		return manifest(value)
	case object["payload"] != nil && object["payloadType"] != nil:
		return envelope(value)
	}
	if t := holder(object); t.Known() {
		return t
	}
	for _, k := range known {
		if !slices.ContainsFunc(k.fields, func(field string) bool { return object[field] == nil }) {
			return k.Type
		}
	}
	if len(object) == 1 { // Rekor answers with the entry under its identifier
		for _, inner := range object {
			if entry := fields(inner); entry["body"] != nil && entry["logIndex"] != nil {
				return logEntry
			}
		}
	}
	return Type{Is: "it has none of the parts of a bundle" + named(object)}
}

// named lists the first fields of an object.
func named(object map[string]json.RawMessage) string {
	if len(object) == 0 {
		return ": it is an empty object"
	}
	names := slices.Sorted(maps.Keys(object))
	more := ""
	if len(names) > 4 {
		names, more = names[:4], " ..."
	}
	return ", but the fields " + strings.Join(names, ", ") + more
}

// holder says what holds bundles and is none itself: the answers of package registries and of GitHub.
func holder(object map[string]json.RawMessage) Type {
	if isBundle(object["bundle"]) {
		return Type{"it holds a bundle in its field bundle", "take it out: `jq .bundle FILE`, and give it to --bundle"}
	}
	var attestations []json.RawMessage
	if json.Unmarshal(object["attestations"], &attestations) != nil || len(attestations) == 0 || !isBundle(fields(attestations[0])["bundle"]) {
		return Type{}
	}
	return Type{
		fmt.Sprintf("it is the answer of a registry with %d attestations, each with a bundle in it", len(attestations)),
		"take one out: `jq '.attestations[0].bundle' FILE`, and give it to --bundle",
	}
}

// envelope tells one that carries a certificate, as no specification says, from others.
func envelope(value json.RawMessage) Type {
	var e struct {
		Signatures []struct {
			Certificate string `json:"cert"`
		} `json:"signatures"`
	}
	if json.Unmarshal(value, &e) == nil && len(e.Signatures) > 0 && e.Signatures[0].Certificate != "" {
		return Type{
			"it is a DSSE envelope with a certificate, as slsa-github-generator writes provenance: nothing in it says when it was signed, and no log entry is there",
			"verify it with `slsa-verifier verify-artifact --provenance-path FILE`, which asks the log; or ask for a bundle",
		}
	}
	return Type{
		"it is a DSSE envelope alone: nothing in it says who signed and when",
		"ask for the bundle that it came in; of an image's attestation verify the image: sigwalk verify IMAGE",
	}
}

func ofList(list []json.RawMessage) Type {
	if len(list) == 0 {
		return Type{Is: "it is an empty list"}
	}
	first := fields(list[0])
	switch attestation := fields(first["attestation"]); {
	case isBundle(list[0]):
		return Type{fmt.Sprintf("it is a list of %d bundles", len(list)), "take one out: `jq '.[0]' FILE`, and give it to --bundle"}
	case isBundle(attestation["bundle"]):
		return Type{"it is what `gh attestation verify --format json` prints", "take the bundle out: `jq '.[0].attestation.bundle' FILE`, and give it to --bundle"}
	case first["critical"] != nil:
		return Type{"it is what `cosign verify` prints of an image: the signatures are not in it", "verify the image: sigwalk verify IMAGE"}
	}
	return Type{Is: "it is a list, and no bundle is in it"}
}

// manifest says what an image's manifest or index is good for.
func manifest(value json.RawMessage) Type {
	var m struct {
		Manifests []struct{} `json:"manifests"`
		Layers    []struct {
			MediaType string `json:"mediaType"`
			Digest    string `json:"digest"`
		} `json:"layers"`
	}
	_ = json.Unmarshal(value, &m)
	switch {
	case m.Manifests != nil:
		return Type{"it is the index of an image or of an OCI layout", "verify the image: sigwalk verify IMAGE, or sigwalk verify oci:DIR"}
	case len(m.Layers) == 1 && strings.HasPrefix(m.Layers[0].MediaType, bundleType):
		return Type{
			"it is the manifest under which a registry keeps a bundle, which is its layer",
			"fetch the layer: `crane blob REPOSITORY@" + m.Layers[0].Digest + "`, and give it to --bundle; or verify the image: sigwalk verify IMAGE",
		}
	}
	return Type{"it is the manifest of an image", "verify the image: sigwalk verify IMAGE"}
}
