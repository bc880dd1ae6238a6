package doctor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/go-containerregistry/pkg/crane"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/sigstore/sigstore-go/pkg/root"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/actions/signing"
	"github.com/sigwalk/sigwalk/actions/verification"
)

// Sign asks for a signature from end to end. It is written to the transparency log for ever: whoever sets it has agreed.
type Sign struct {
	// Image is what is signed; empty for a small image of its own in a scratch repository beside Options.Image, which is
	// removed again.
	Image string
}

// ScratchRepository is where the image is pushed that is signed where no other is named, beside the image's repository.
const ScratchRepository = "sigwalk-doctor"

// signChecks make a signature; none where it is not asked for.
func (e *examination) signChecks() []check {
	if e.opts.Sign == nil {
		return nil
	}
	const made = "sign/signature"
	return []check{
		{
			id: made, group: GroupSign, title: "an image can be signed",
			needs: []string{"connect/issuer", "fulcio/configuration", "fulcio/issuer", "fulcio/client", "tuf/root", "rekor/key", "registry/answers"},
			after: []string{
				"clock", "token/user", "token/fulcio", "fulcio/authority", "ctlog/key", "ctlog/sct", "rekor/checkpoint", "timestamp/chain", "timestamp/authority",
				"registry/login", "registry/push", "registry/manifest",
			},
			run: e.sign,
		},
		{id: "sign/verified", group: GroupSign, title: "the signature verifies", needs: []string{made}, run: e.verifySigned},
		{id: "sign/logged", group: GroupSign, title: "the log has grown by it", needs: []string{made}, run: e.logGrew},
	}
}

// sign signs the image that was named, or one that it makes.
func (e *examination) sign(ctx context.Context) verdict {
	token := e.opts.Token
	if token.IsZero() {
		token = e.facts.idToken
	}
	if token.IsZero() {
		return skipped("there is nobody who could sign", "set OIDC_USER and OIDC_PASSWORD, or SIGSTORE_ID_TOKEN")
	}
	image := e.opts.Sign.Image
	if image == "" {
		scratch, v, ok := e.pushScratch(ctx)
		if !ok {
			return v
		}
		image = scratch.String()
	}
	signer := signing.New(signing.Options{
		Registry: e.facts.reading(e), Trust: e.rootsIn(e.scratch), Endpoints: e.opts.Endpoints, Transport: e.outside, Clock: e.opts.Clock,
	})
	result, err := signer.SignWithToken(ctx, signing.Request{Image: image, Token: token, Consented: true})
	if err != nil {
		if ctx.Err() != nil && actions.CodeOf(err) == "" {
			err = unanswered(ctx, err, "a service that signing needs")
		}
		e.cleanUp(image, nil)
		return because(err)
	}
	e.facts.signed = result
	return passed(plain(result.Digest.String())+" is signed by "+plain(result.Subject)).
		saw("log entry %d, signature at %s", result.LogIndex, plain(result.Signature.String()))
}

// pushScratch pushes an image that nobody else has.
func (e *examination) pushScratch(ctx context.Context) (name.Digest, verdict, bool) {
	ref, err := registry.Parse(e.opts.Image)
	if e.opts.Image == "" || err != nil {
		return name.Digest{}, skipped("it is not known where to push an image that can be signed", "name one that may be signed: --sign=IMAGE; or set IMAGE, for a scratch repository beside it"), false
	}
	path := ref.Context().RepositoryStr()
	if at := strings.LastIndexByte(path, '/'); at >= 0 {
		path = path[:at+1] + ScratchRepository
	} else {
		path = ScratchRepository
	}
	repository := ref.Context().Repo(path)
	// With a layer: a Quay refuses an image that has none, "manifest invalid".
	image, err := crane.Image(map[string][]byte{"README": []byte("an image to try signing with; it may be removed\n")})
	if err != nil {
		return name.Digest{}, because(err), false
	}
	image, err = mutate.CreatedAt(image, v1.Time{Time: e.opts.Clock.Now()})
	if err != nil {
		return name.Digest{}, because(err), false
	}
	digest, err := image.Digest()
	if err != nil {
		return name.Digest{}, because(err), false
	}
	target := repository.Digest(digest.String())
	if err := remote.Write(target, image, e.facts.reading(e).Remote(ctx)...); err != nil {
		v := because(e.facts.reading(e).ExplainPush(ctx, err, target.String()))
		if v.code == actions.CodeForbidden || v.code == actions.CodeUnauthorized || v.code == actions.CodeNoOrganization {
			v.code = actions.CodePushDenied
		}
		return name.Digest{}, v, false
	}
	return target, verdict{}, true
}

// verifySigned verifies the signature as whoever was signed as, and cleans up behind a scratch image.
func (e *examination) verifySigned(ctx context.Context) verdict {
	made := e.facts.signed
	verifier := verification.New(verification.Options{
		Registry: e.facts.reading(e), Endpoints: e.opts.Endpoints, Transport: e.outside, Clock: e.opts.Clock,
		Material: func(context.Context) (root.TrustedMaterial, error) { return e.facts.trusted, nil },
	})
	report, err := verifier.Verify(ctx, made.Digest.String(), verification.Policy{Subject: made.Subject, Issuer: made.Issuer})
	if err == nil {
		err = report.Verdict()
	}
	left := e.cleanUp(made.Digest.String(), made.Signature)
	if err != nil {
		return because(err)
	}
	v := passed(fmt.Sprintf("by %s, for whom %s vouches", plain(made.Subject), plain(made.Issuer)))
	if left != "" {
		v = v.saw("%s", left)
	}
	return v
}

// cleanUp removes what a scratch image left, as far as the registry lets it be removed, and says what stays.
func (e *examination) cleanUp(image string, signature name.Reference) string {
	if e.opts.Sign.Image != "" {
		return "the signature stays at " + plain(image)
	}
	ctx, cancel := context.WithTimeout(context.Background(), e.opts.Patience)
	defer cancel()
	stays := 0
	for _, ref := range []string{nameOfReference(signature), image} {
		target, err := registry.Parse(ref)
		if ref == "" || err != nil {
			continue
		}
		if tag, ok := target.(name.Tag); ok {
			found, err := remote.Head(tag, e.facts.reading(e).Remote(ctx)...)
			if err != nil {
				stays++
				continue
			}
			target = tag.Digest(found.Digest.String())
		}
		var refusal *transport.Error
		if err := remote.Delete(target, e.facts.reading(e).Remote(ctx)...); err != nil && (!errors.As(err, &refusal) || refusal.StatusCode != http.StatusNotFound) {
			stays++
		}
	}
	if stays > 0 {
		return "the registry does not let it be removed: " + plain(image) + " stays"
	}
	return "the scratch image and its signature were removed again"
}

func nameOfReference(ref name.Reference) string {
	if ref == nil {
		return ""
	}
	return ref.String()
}

// logGrew asks for the log once more.
func (e *examination) logGrew(ctx context.Context) verdict {
	before := e.facts.log.entries()
	now := &logInfo{}
	if err := e.getJSON(ctx, "Rekor", join(e.opts.Endpoints.Rekor, "/api/v1/log"), now); err != nil {
		return because(err)
	}
	if now.entries() > before {
		return passed(fmt.Sprintf("from %d to %d entries", before, now.entries()))
	}
	return failed(actions.CodeLogStill, "what the log takes does not come into its tree, or what answers is a copy of it", "have whoever runs Rekor look at Trillian's log signer behind it").
		saw("it took entry %d, and has %d entries as before", e.facts.signed.LogIndex, now.entries())
}
