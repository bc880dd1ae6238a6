package signing

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"sort"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/sigstore/cosign/v2/pkg/oci/static"
	ctypes "github.com/sigstore/cosign/v2/pkg/types"
)

// signatureType is the media type of a signature's payload (cosign's pkg/types).
const signatureType types.MediaType = ctypes.SimpleSigningMediaType

// layer is one signature or attestation in a manifest, or one referrer in an index: a descriptor kept byte for byte,
// whoever wrote it.
type layer struct {
	raw  json.RawMessage
	desc v1.Descriptor
	// key tells layers apart: payload, media type and annotations, whatever the order of the JSON. Referrers are told apart
	// by their digest: all that they say is in the manifest that it names.
	key string
	// same is equal for layers that hold one and the same signature with a log entry, or without one. The log signs its
	// promise anew whenever it is asked, and a time stamp is not in the log, so that a signature that was rebuilt from there is
	// another layer than the one that was written first, and not another signature.
	same string
}

// referrerOf is an entry of an index.
func referrerOf(desc v1.Descriptor) (layer, error) {
	raw, err := json.Marshal(desc)
	if err != nil {
		return layer{}, err
	}
	return parseReferrer(raw)
}

// parseReferrer reads an entry of an index.
func parseReferrer(raw json.RawMessage) (layer, error) {
	l := layer{raw: raw}
	if err := json.Unmarshal(raw, &l.desc); err != nil {
		return layer{}, err
	}
	l.key, l.same = l.desc.Digest.Hex, l.desc.Digest.Hex
	return l, nil
}

func parseLayer(raw json.RawMessage) (layer, error) {
	l := layer{raw: raw}
	if err := json.Unmarshal(raw, &l.desc); err != nil {
		return layer{}, err
	}
	names := make([]string, 0, len(l.desc.Annotations))
	for name := range l.desc.Annotations {
		names = append(names, name)
	}
	sort.Strings(names)
	parts := []string{l.desc.Digest.String(), string(l.desc.MediaType)}
	for _, name := range names {
		parts = append(parts, name, l.desc.Annotations[name])
	}
	l.key = hashOfAll(parts)
	l.same = l.key
	if signature := l.desc.Annotations[static.SignatureAnnotationKey]; signature != "" {
		logged := "without a log entry"
		if l.desc.Annotations[static.BundleAnnotationKey] != "" {
			logged = "with a log entry"
		}
		l.same = hashOfAll([]string{
			l.desc.Digest.String(), string(l.desc.MediaType), signature, l.desc.Annotations[static.CertificateAnnotationKey], logged,
		})
	}
	return l, nil
}

// hashOfAll is a hash of texts that tells where one ends and the next begins.
func hashOfAll(parts []string) string {
	hash := sha256.New()
	for _, part := range parts {
		_, _ = fmt.Fprintf(hash, "%d:%s,", len(part), part) // a hash takes everything
	}
	return hex.EncodeToString(hash.Sum(nil))
}

// parser parses manifests that differ by little from one to the next: a tag with many signatures is read again and
// again, and most of them were there before.
type parser struct {
	index bool // an index of referrers is read
	last  *manifest
	known map[[sha256.Size]byte]layer
}

func (p *parser) layer(raw json.RawMessage) (layer, error) {
	sum := sha256.Sum256(raw)
	if l, ok := p.known[sum]; ok {
		return l, nil
	}
	parse := parseLayer
	if p.index {
		parse = parseReferrer
	}
	l, err := parse(bytes.Clone(raw))
	if err == nil {
		if p.known == nil {
			p.known = map[[sha256.Size]byte]layer{}
		}
		p.known[sum] = l
	}
	return l, err
}

// manifest is what a tag names: a list of signatures, attestations or referrers, and everything else in it as it was
// found.
type manifest struct {
	digest    string
	mediaType types.MediaType
	index     bool          // the list is that of an index, which has no configuration
	config    v1.Descriptor // of an image
	layers    []layer
	others    map[string]json.RawMessage // every top-level field but the configuration and the list
}

// list is the name of the field that holds the list.
func (m *manifest) list() string {
	if m.index {
		return "manifests"
	}
	return "layers"
}

var errNoSignatures = errors.New("the tag holds something else")

// manifest parses raw. What it returns is shared and never changed.
func (p *parser) manifest(raw []byte, mediaType types.MediaType) (*manifest, error) {
	digest := digestOf(raw)
	if p.last != nil && p.last.digest == digest {
		return p.last, nil
	}
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal(raw, &fields); err != nil {
		return nil, fmt.Errorf("%w: %w", errNoSignatures, err)
	}
	m := &manifest{digest: digest, mediaType: mediaType, index: p.index, others: fields}
	if fields[m.list()] == nil || !m.index && fields["config"] == nil {
		return nil, fmt.Errorf("%w: a manifest of type %s without %s", errNoSignatures, mediaType, m.list())
	}
	var raws []json.RawMessage
	if err := json.Unmarshal(fields[m.list()], &raws); err != nil {
		return nil, fmt.Errorf("%w: %w", errNoSignatures, err)
	}
	if !m.index {
		if err := json.Unmarshal(fields["config"], &m.config); err != nil {
			return nil, fmt.Errorf("%w: %w", errNoSignatures, err)
		}
		delete(fields, "config")
	}
	for _, r := range raws {
		l, err := p.layer(r)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errNoSignatures, err)
		}
		m.layers = append(m.layers, l)
	}
	delete(fields, m.list())
	p.last = m
	return m, nil
}

func digestOf(raw []byte) string {
	sum := sha256.Sum256(raw)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// emptyManifest is where the first signature goes.
func emptyManifest() *manifest {
	return &manifest{
		mediaType: types.OCIManifestSchema1,
		config:    v1.Descriptor{MediaType: types.OCIConfigJSON},
		others: map[string]json.RawMessage{
			"schemaVersion": json.RawMessage("2"),
			"mediaType":     json.RawMessage(`"` + string(types.OCIManifestSchema1) + `"`),
		},
	}
}

// emptyIndex is where the first referrer is listed (the referrers tag schema of the OCI distribution specification).
func emptyIndex() *manifest {
	return &manifest{
		mediaType: types.OCIImageIndex, index: true,
		others: map[string]json.RawMessage{
			"schemaVersion": json.RawMessage("2"),
			"mediaType":     json.RawMessage(`"` + string(types.OCIImageIndex) + `"`),
		},
	}
}

// missing returns those of want whose signature m does not hold, in the order of want.
func (m *manifest) missing(want []layer) []layer {
	held := m.signatures()
	var out []layer
	for _, l := range want {
		if !held[l.same] {
			held[l.same] = true
			out = append(out, l)
		}
	}
	return out
}

func (m *manifest) signatures() map[string]bool {
	held := map[string]bool{}
	if m != nil {
		for _, l := range m.layers {
			held[l.same] = true
		}
	}
	return held
}

// with returns m with more signatures at the end and another configuration, as the bytes to push. What was in m stays
// byte for byte and in its order.
func (m *manifest) with(more []layer, config v1.Descriptor) ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for _, name := range []string{"schemaVersion", "mediaType"} {
		if m.others[name] != nil {
			fmt.Fprintf(&b, "%q:%s,", name, m.others[name])
		}
	}
	if !m.index {
		encoded, err := json.Marshal(config)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, `"config":%s,`, encoded)
	}
	fmt.Fprintf(&b, `%q:[`, m.list())
	for i, l := range append(append([]layer{}, m.layers...), more...) {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(l.raw)
	}
	b.WriteByte(']')
	var rest []string
	for name := range m.others {
		if name != "schemaVersion" && name != "mediaType" {
			rest = append(rest, name)
		}
	}
	sort.Strings(rest)
	for _, name := range rest {
		key, err := json.Marshal(name)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, ",%s:%s", key, m.others[name])
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// configOf is the configuration that cosign writes for these signatures when nothing else is in it: one uncompressed
// layer and one empty line of history each. Registries that look inside (Quay) want as many lines as layers.
func configOf(layers []layer) ([]byte, error) {
	config := v1.ConfigFile{
		RootFS:  v1.RootFS{Type: "layers", DiffIDs: make([]v1.Hash, 0, len(layers))},
		History: make([]v1.History, len(layers)),
	}
	for _, l := range layers {
		config.RootFS.DiffIDs = append(config.RootFS.DiffIDs, l.desc.Digest)
	}
	return json.Marshal(config)
}

// extendConfig adds more layers to a configuration that says more than configOf does, such as when it was made. One that
// does not fit its layers is replaced.
func extendConfig(base []byte, layers, more []layer) ([]byte, error) {
	all := append(append([]layer{}, layers...), more...)
	fields := map[string]json.RawMessage{}
	var rootfs struct {
		Type    string    `json:"type"`
		DiffIDs []v1.Hash `json:"diff_ids"`
	}
	var history []json.RawMessage
	if json.Unmarshal(base, &fields) != nil || json.Unmarshal(fields["rootfs"], &rootfs) != nil || len(rootfs.DiffIDs) != len(layers) {
		return configOf(all)
	}
	if fields["history"] != nil && json.Unmarshal(fields["history"], &history) != nil {
		return configOf(all)
	}
	for len(history) < len(layers) {
		history = append(history, json.RawMessage("{}"))
	}
	for _, l := range more {
		rootfs.DiffIDs = append(rootfs.DiffIDs, l.desc.Digest)
		history = append(history, json.RawMessage("{}"))
	}
	var err error
	if fields["rootfs"], err = json.Marshal(rootfs); err != nil {
		return nil, err
	}
	if fields["history"], err = json.Marshal(history); err != nil {
		return nil, err
	}
	return json.Marshal(fields)
}
