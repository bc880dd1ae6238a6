package signing

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/sigstore/cosign/v2/pkg/cosign/bundle"
	"github.com/sigstore/cosign/v2/pkg/oci"
	"github.com/sigstore/cosign/v2/pkg/oci/static"
	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/sigstore/sigstore/pkg/signature/payload"
)

// content is what is signed, and the form in which it is kept. Its methods are called in this order, each once.
type content interface {
	// compose makes what is signed about an image.
	compose(subject subject) error
	// tag is where it is kept.
	tag(digest name.Digest) (name.Tag, error)
	// known is the blob that will be stored, where it does not depend on the signature; else nil.
	known() []byte
	sign(signer signature.Signer) error
	// signed is what was signed, and its media type.
	signed() (payload []byte, mediaType string)
	// stamped is what the timestamp authority puts a time to.
	stamped() []byte
	// proposal is the entry for the log; public is the certificate or public key, in PEM.
	proposal(public []byte) any
	// confirms checks that the body of a log entry is about this very signature.
	confirms(body, public []byte) error
	// parcel is what is attached.
	parcel(w *work) (*parcel, error)
}

// subject is the image that something is said of.
type subject struct {
	digest    name.Digest
	mediaType types.MediaType
	size      int64
}

// parcel is what is attached: an entry of the list at the tag, and the blob behind it.
type parcel struct {
	layer    layer
	blob     []byte
	blobType types.MediaType // that of the layer when it is empty
	// manifest is what the entry names where it is a referrer, and subject what that refers to.
	manifest []byte
	subject  v1.Hash
}

// image is the signature of an image: cosign's payload (simple signing), with annotations.
type image struct {
	annotations map[string]string
	payload     []byte
	signature   []byte
}

func (i *image) compose(subject subject) error {
	claims := payload.Cosign{Image: subject.digest}
	if len(i.annotations) > 0 {
		claims.Annotations = make(map[string]any, len(i.annotations))
		for k, v := range i.annotations {
			claims.Annotations[k] = v
		}
	}
	var err error
	i.payload, err = json.Marshal(claims)
	return err
}

func (i *image) tag(digest name.Digest) (name.Tag, error) { return tagOf(digest, signatureSuffix) }

func (i *image) known() []byte { return i.payload }

func (i *image) sign(signer signature.Signer) error {
	var err error
	i.signature, err = signer.SignMessage(bytes.NewReader(i.payload))
	return err
}

func (i *image) signed() (payload []byte, mediaType string) { return i.payload, string(signatureType) }

func (i *image) stamped() []byte { return i.signature }

func (i *image) proposal(public []byte) any {
	digest := sha256.Sum256(i.payload)
	type object = map[string]any
	return object{
		"apiVersion": "0.0.1",
		"kind":       "hashedrekord",
		"spec": object{
			"data":      object{"hash": object{"algorithm": "sha256", "value": hex.EncodeToString(digest[:])}},
			"signature": object{"content": i.signature, "publicKey": object{"content": public}},
		},
	}
}

func (i *image) confirms(body, public []byte) error {
	var said struct {
		Spec struct {
			Data struct {
				Hash struct {
					Value string `json:"value"`
				} `json:"hash"`
			} `json:"data"`
			Signature struct {
				Content   []byte `json:"content"`
				PublicKey struct {
					Content []byte `json:"content"`
				} `json:"publicKey"`
			} `json:"signature"`
		} `json:"spec"`
	}
	if err := json.Unmarshal(body, &said); err != nil {
		return err
	}
	digest := sha256.Sum256(i.payload)
	if said.Spec.Data.Hash.Value != hex.EncodeToString(digest[:]) || !bytes.Equal(said.Spec.Signature.Content, i.signature) ||
		!samePEM(said.Spec.Signature.PublicKey.Content, public) {
		return errors.New("the entry is about another signature")
	}
	return nil
}

func samePEM(a, b []byte) bool { return bytes.Equal(bytes.TrimSpace(a), bytes.TrimSpace(b)) }

func (i *image) parcel(w *work) (*parcel, error) {
	signed, err := static.NewSignature(i.payload, base64.StdEncoding.EncodeToString(i.signature), w.evidence()...)
	if err != nil {
		return nil, err
	}
	ours, err := layerOf(signed)
	if err != nil {
		return nil, err
	}
	if verifier, ok := w.signer.(signature.Verifier); ok && w.issued == nil {
		ours = duplicate(w.prepared.before, ours, i.payload, verifier)
	}
	return &parcel{layer: ours, blob: i.payload}, nil
}

// evidence is what vouches for the signature, as cosign stores it in annotations.
func (w *work) evidence() []static.Option {
	var options []static.Option
	if w.issued != nil {
		options = append(options, static.WithCertChain(w.issued.leafPEM, w.issued.chainPEM))
	}
	if w.stamp != nil {
		options = append(options, static.WithRFC3161Timestamp(bundle.TimestampToRFC3161Timestamp(w.stamp)))
	}
	if w.entry != nil {
		options = append(options, static.WithBundle(bundle.EntryToBundle(w.entry)))
	}
	return options
}

// layerOf describes what cosign's package made, as it stands in a manifest.
func layerOf(signed oci.Signature) (layer, error) {
	annotations, err := signed.Annotations()
	if err != nil {
		return layer{}, err
	}
	mediaType, err := signed.MediaType()
	if err != nil {
		return layer{}, err
	}
	hash, err := signed.Digest()
	if err != nil {
		return layer{}, err
	}
	size, err := signed.Size()
	if err != nil {
		return layer{}, err
	}
	raw, err := json.Marshal(v1.Descriptor{MediaType: mediaType, Digest: hash, Size: size, Annotations: annotations})
	if err != nil {
		return layer{}, err
	}
	return parseLayer(raw)
}
