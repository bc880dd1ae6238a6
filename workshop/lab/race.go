package lab

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/signing"
	"github.com/sigwalk/sigwalk/workshop/sandbox/tamper"
)

// RaceRequest is a class that signs one image at the same moment, with a tool that reads the list of signatures, adds its own
// and writes it back without another look, as cosign does.
type RaceRequest struct {
	Tamper *tamper.Lab // whose registry it is
	Signer *signing.Signer
	// Transport carries the tool's own calls; nil for http.DefaultTransport.
	Transport http.RoundTripper
	Image     string // in the sandbox's registry
	Token     actions.Secret
	// Signers is how many sign.
	Signers int
}

// RaceOutcome is what was left. Fields are added, never renamed or removed: it is `sigwalk sandbox race -o json`.
type RaceOutcome struct {
	Image  string `json:"image"`
	Digest string `json:"digest"`
	Tag    string `json:"tag"`
	// Signers signed, and each was told that all went well. LogIndexes are their entries.
	Signers    int     `json:"signers"`
	LogIndexes []int64 `json:"logIndexes"`
	// Before and After are how many signatures the tag held; Lost is how many of the new ones are not there.
	Before int `json:"before"`
	After  int `json:"after"`
	Lost   int `json:"lost"`
}

// The bounds of a race: one signer cannot lose to anybody, and each costs a certificate and a log entry.
const (
	fewestSigners = 2
	mostSigners   = 20
)

// foreignAgent is what the tool calls itself to the registry. The sandbox puts back what sigwalk attached and others
// overwrote; what foreign tools lose among themselves is theirs, and that is to be seen here.
const foreignAgent = "a-tool-that-does-not-look"

// Race has them sign. The signatures are real, and stay in the transparency log. It fails with CodeUsage for an image that is
// not the sandbox's and for a number of signers out of bounds.
func Race(ctx context.Context, req RaceRequest) (*RaceOutcome, error) {
	if err := req.Tamper.Owns(req.Image); err != nil {
		return nil, explain(ctx, err, req.Image)
	}
	if req.Signers < fewestSigners || req.Signers > mostSigners {
		return nil, &actions.Error{
			Code: actions.CodeUsage, What: fmt.Sprintf("%d cannot sign at once here", req.Signers),
			Next: fmt.Sprintf("name a number from %d to %d", fewestSigners, mostSigners),
		}
	}
	r, err := newRace(ctx, req)
	if err != nil {
		return nil, explain(ctx, err, req.Image)
	}
	if err := r.sign(ctx); err != nil {
		return nil, err
	}
	if err := r.write(); err != nil {
		return nil, explain(ctx, err, req.Image)
	}
	return r.outcome, nil
}

// race is one under way.
type race struct {
	req     RaceRequest
	tag     name.Tag
	options []remote.Option
	// read is what everybody read, made what each added to it.
	read, made []layer
	outcome    *RaceOutcome
}

// layer is one signature as the tag holds it.
type layer struct {
	described v1.Descriptor
	content   []byte
}

func newRace(ctx context.Context, req RaceRequest) (*race, error) {
	ref, err := name.ParseReference(req.Image)
	if err != nil {
		return nil, err
	}
	r := &race{req: req, options: []remote.Option{
		remote.WithContext(ctx), remote.WithUserAgent(foreignAgent),
		remote.WithAuth(&authn.Basic{Username: req.Tamper.Settings.RegistryUser, Password: req.Tamper.Settings.RegistryPass}),
	}}
	if req.Transport != nil {
		r.options = append(r.options, remote.WithTransport(req.Transport))
	}
	head, err := remote.Head(ref, r.options...)
	if err != nil {
		return nil, err
	}
	r.tag = ref.Context().Tag(strings.Replace(head.Digest.String(), ":", "-", 1) + ".sig")
	r.outcome = &RaceOutcome{Image: req.Image, Digest: head.Digest.String(), Tag: r.tag.TagStr(), Signers: req.Signers}
	if _, err := remote.Head(r.tag, r.options...); err != nil {
		return r, nil //nolint:nilerr // nobody signed yet
	}
	r.read, err = r.list()
	r.outcome.Before = len(r.read)
	return r, err
}

// list reads the signatures at the tag.
func (r *race) list() ([]layer, error) {
	image, err := remote.Image(r.tag, r.options...)
	if err != nil {
		return nil, err
	}
	manifest, err := image.Manifest()
	if err != nil {
		return nil, err
	}
	layers := make([]layer, len(manifest.Layers))
	for i, described := range manifest.Layers {
		blob, err := remote.Layer(r.tag.Context().Digest(described.Digest.String()), r.options...)
		if err != nil {
			return nil, err
		}
		in, err := blob.Compressed() // as it is stored
		if err != nil {
			return nil, err
		}
		text, err := readAll(in)
		if err != nil {
			return nil, err
		}
		layers[i] = layer{described, text}
	}
	return layers, nil
}

// sign makes the signatures, one after another: what is played is the moment of writing, and not that of signing.
func (r *race) sign(ctx context.Context) error {
	for range r.req.Signers {
		signed, err := r.req.Signer.SignWithToken(ctx, signing.Request{Image: r.req.Image, Token: r.req.Token, Consented: true})
		if err != nil {
			return err
		}
		r.outcome.LogIndexes = append(r.outcome.LogIndexes, signed.LogIndex)
	}
	all, err := r.list()
	if err != nil {
		return explain(ctx, err, r.req.Image)
	}
	for _, l := range all {
		if !slices.ContainsFunc(r.read, func(old layer) bool { return sameSignature(old, l) }) {
			r.made = append(r.made, l)
		}
	}
	return nil
}

// signatureAnnotation is where cosign keeps the signature; the payload is the same for all.
const signatureAnnotation = "dev.cosignproject.cosign/signature"

func sameSignature(a, b layer) bool {
	return a.described.Annotations[signatureAnnotation] == b.described.Annotations[signatureAnnotation]
}

// write is the moment: everybody has read the same list, and writes it back with an own signature more. The tag is removed
// first, so that nothing of what follows is sigwalk's to protect.
func (r *race) write() error {
	if err := remote.Delete(r.tag, r.options...); err != nil {
		return err
	}
	for _, own := range r.made {
		image, err := imageOf(append(slices.Clone(r.read), own))
		if err != nil {
			return err
		}
		if err := remote.Write(r.tag, image, r.options...); err != nil {
			return err
		}
	}
	left, err := r.list()
	if err != nil {
		return err
	}
	r.outcome.After = len(left)
	r.outcome.Lost = len(r.read) + len(r.made) - len(left)
	return nil
}

// imageOf is what the tag names: an image whose layers are the signatures.
func imageOf(layers []layer) (v1.Image, error) {
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	for _, l := range layers {
		var err error
		image, err = mutate.Append(image, mutate.Addendum{
			Layer: static.NewLayer(l.content, l.described.MediaType), Annotations: l.described.Annotations, MediaType: l.described.MediaType,
		})
		if err != nil {
			return nil, err
		}
	}
	return image, nil
}

// Text is the outcome for people, in lines that end with a line end.
func (o *RaceOutcome) Text() string {
	indexes := make([]string, len(o.LogIndexes))
	for i, index := range o.LogIndexes {
		indexes[i] = fmt.Sprint(index)
	}
	return fmt.Sprintf("%d signed %s at once, and each was told that all went well\n  entries in the log   %s\n"+
		"  signatures before    %d\n  signatures now       %d\n  lost                 %d\n",
		o.Signers, o.Image, strings.Join(indexes, " "), o.Before, o.After, o.Lost)
}
