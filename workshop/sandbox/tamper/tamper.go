package tamper

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/sigwalk/sigwalk/workshop/sandbox"
)

// The annotations of cosign's signature layers.
const (
	signatureKey   = "dev.cosignproject.cosign/signature"
	certificateKey = "dev.sigstore.cosign/certificate"
	chainKey       = "dev.sigstore.cosign/chain"
	bundleKey      = "dev.sigstore.cosign/bundle"
	stampKey       = "dev.sigstore.cosign/rfc3161timestamp"
	payloadType    = "application/vnd.dev.cosign.simplesigning.v1+json"
)

// ErrUnsigned is what Apply fails with for an image without a signature by an identity, from which every case starts.
var ErrUnsigned = errors.New("the image has no signature by an identity in its signature tag")

// ErrElsewhere is what Apply fails with for an image that is not in the sandbox's registry.
var ErrElsewhere = errors.New("only images of the sandbox's registry are tampered with")

// Lab is the sandbox that is worked in.
type Lab struct {
	// Dir is the directory that the sandbox was started with (--dir); the keys of its authority lie below it.
	Dir       string
	Settings  sandbox.Settings
	Transport http.RoundTripper // nil for http.DefaultTransport
}

// Result is what a case made.
type Result struct {
	// Image is the copy that was tampered with, by tag, and Digest what that names.
	Image  string
	Digest string
	// From is the image that it was copied from.
	From string
}

// Apply copies an image with its first signature to a repository of its own and does there what the case says.
func (l *Lab) Apply(ctx context.Context, c Case, image string) (*Result, error) {
	w, err := l.begin(ctx, c, image)
	if err != nil {
		return nil, err
	}
	if err := c.apply(ctx, w); err != nil {
		return nil, fmt.Errorf("%s: %w", c.Name, err)
	}
	desc, err := remote.Head(w.tag, w.options...)
	if err != nil {
		return nil, err
	}
	return &Result{Image: w.tag.String(), Digest: desc.Digest.String(), From: image}, nil
}

// work is one case under way.
type work struct {
	lab     *Lab
	tag     name.Tag // of the copy
	image   v1.Image
	digest  v1.Hash
	options []remote.Option
	first   signature // the one that the case starts from
}

// signature is one layer of a signature tag.
type signature struct {
	payload     []byte
	annotations map[string]string
}

func (s signature) with(key, value string) signature {
	changed := map[string]string{}
	for k, v := range s.annotations {
		changed[k] = v
	}
	changed[key] = value
	if value == "" {
		delete(changed, key)
	}
	return signature{s.payload, changed}
}

// Owns fails with ErrElsewhere for an image that is not the sandbox's.
func (l *Lab) Owns(image string) error {
	ref, err := name.ParseReference(image)
	if err == nil && ref.Context().RegistryStr() != l.Settings.Registry {
		err = ErrElsewhere
	}
	return err
}

func (l *Lab) begin(ctx context.Context, c Case, image string) (*work, error) {
	if err := l.Owns(image); err != nil {
		return nil, err
	}
	ref, err := name.ParseReference(image)
	if err != nil {
		return nil, err
	}
	w := &work{lab: l, options: []remote.Option{
		remote.WithContext(ctx), remote.WithAuth(&authn.Basic{Username: l.Settings.RegistryUser, Password: l.Settings.RegistryPass}),
	}}
	if l.Transport != nil {
		w.options = append(w.options, remote.WithTransport(l.Transport))
	}
	if w.image, err = remote.Image(ref, w.options...); err != nil {
		return nil, err
	}
	if w.digest, err = w.image.Digest(); err != nil {
		return nil, err
	}
	if w.first, err = w.firstSignature(ref.Context()); err != nil {
		return nil, err
	}
	w.tag = ref.Context().Registry.Repo(sandbox.Organization, "tamper-"+c.Name).Tag("latest")
	if err := w.forgetBefore(); err != nil {
		return nil, err
	}
	if err := w.push(w.tag, w.image); err != nil {
		return nil, err
	}
	return w, w.attach(w.digest, w.first)
}

// forgetBefore removes what an earlier run left beside the image.
func (w *work) forgetBefore() error {
	desc, err := remote.Head(w.signatureTag(w.digest), w.options...)
	if err != nil {
		return nil //nolint:nilerr // there was none
	}
	return remote.Delete(w.tag.Digest(desc.Digest.String()), w.options...)
}

func (w *work) firstSignature(repo name.Repository) (signature, error) {
	list, err := remote.Image(repo.Tag(tagOf(w.digest)), w.options...)
	if err != nil {
		return signature{}, ErrUnsigned
	}
	m, err := list.Manifest()
	if err != nil {
		return signature{}, err
	}
	for _, desc := range m.Layers {
		if desc.Annotations[certificateKey] == "" || desc.Annotations[bundleKey] == "" {
			continue
		}
		layer, err := list.LayerByDigest(desc.Digest)
		if err != nil {
			return signature{}, err
		}
		payload, err := content(layer)
		return signature{payload, desc.Annotations}, err
	}
	return signature{}, ErrUnsigned
}

func tagOf(digest v1.Hash) string { return strings.Replace(digest.String(), ":", "-", 1) + ".sig" }

func (w *work) signatureTag(digest v1.Hash) name.Tag { return w.tag.Context().Tag(tagOf(digest)) }

func (w *work) push(ref name.Reference, image v1.Image) error {
	return remote.Write(ref, image, w.options...)
}

// attach stores signatures as those of a digest, in place of what is there.
func (w *work) attach(digest v1.Hash, signatures ...signature) error {
	list := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	for _, s := range signatures {
		var err error
		list, err = mutate.Append(list, mutate.Addendum{
			Layer: static.NewLayer(s.payload, payloadType), Annotations: s.annotations, MediaType: payloadType,
		})
		if err != nil {
			return err
		}
	}
	return w.push(w.signatureTag(digest), list)
}

// chainPEM are the authority's certificates that came with the signature.
func (w *work) chainPEM() string { return w.first.annotations[chainKey] }

// payloadFor is a payload as cosign signs it.
func (w *work) payloadFor(digest string, change func(map[string]any)) ([]byte, error) {
	var p map[string]any
	if err := json.Unmarshal(w.first.payload, &p); err != nil {
		return nil, err
	}
	if critical, ok := p["critical"].(map[string]any); ok && digest != "" {
		critical["image"] = map[string]any{"docker-manifest-digest": digest}
	}
	if change != nil {
		change(p)
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(p)
	return bytes.TrimSpace(b.Bytes()), err
}
