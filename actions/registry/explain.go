package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/web"
)

// Explain turns an error of the remote package about reference into an *actions.Error that says which refusal it was.
// Where the answer leaves that open it asks the registry again: what the credentials may do, whether the organisation
// exists, which tags there are. The context's own end comes back as it is.
func (c *Client) Explain(ctx context.Context, err error, reference string) error {
	return c.explain(ctx, err, reference, intent{})
}

// ExplainPush is Explain for an error that came about on the way to write to reference, where a refusal of a mere
// question (is this layer there?) is about the right to push.
func (c *Client) ExplainPush(ctx context.Context, err error, reference string) error {
	return c.explain(ctx, err, reference, intent{push: true})
}

// intent is what was tried when an error came about.
type intent struct {
	push bool
	auth authn.Authenticator // nil for the stored credentials
}

func (c *Client) explain(ctx context.Context, err error, reference string, tried intent) error {
	var done *actions.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &done):
		return done
	case errors.Is(ctx.Err(), context.Canceled):
		return ctx.Err()
	}
	ref, parseErr := Parse(reference)
	if parseErr != nil {
		return parseErr
	}
	var refusal *transport.Error
	if errors.As(err, &refusal) {
		s := &subject{client: c, ref: ref, text: reference, intent: tried}
		return s.explain(ctx, refusal)
	}
	return explainUnanswered(err, ref, reference)
}

// explainUnanswered explains errors that are no refusal: no connection, or an answer that cannot be used.
func explainUnanswered(err error, ref name.Reference, reference string) error {
	if explained := web.Explain(err, ref.Context().RegistryStr()); actions.CodeOf(explained) != "" {
		return explained
	}
	var plain *plainError
	if errors.As(err, &plain) {
		return plainRefused(plain.host)
	}
	var (
		syntax *json.SyntaxError
		shape  *json.UnmarshalTypeError
	)
	text := err.Error()
	e := &actions.Error{What: reference + " cannot be used", Why: shorten(text), Err: err}
	switch {
	case strings.Contains(text, "does not match requested digest"), strings.Contains(text, "error verifying"):
		e.Code = actions.CodeDigestMismatch
		e.What = fmt.Sprintf("what %s sent is not what %s names", ref.Context().RegistryStr(), reference)
		e.Next = "try again; if it stays so, the registry's content is damaged or was tampered with"
	case errors.Is(err, remote.ErrSchema1), strings.Contains(text, "unsupported MediaType"), strings.Contains(text, "unknown mime type"):
		e.Code = actions.CodeNotAnImage
		e.What = reference + " is not an image"
		e.Next = "name an image or an index of images"
	case errors.As(err, &syntax), errors.As(err, &shape), strings.Contains(text, "response did not include"),
		strings.Contains(text, "www-authenticate"), strings.Contains(text, "no token in bearer response"):
		e.Code = actions.CodeNotAsked
		e.What = fmt.Sprintf("the answer of %s about %s cannot be used", ref.Context().RegistryStr(), reference)
		e.Next = "check that the host is a container registry and no proxy or login page answers in its place"
		if before, _, found := strings.Cut(e.Why, "no token in bearer response"); found {
			e.Why = before + "its token service sent no token" // what it sent instead is not for showing
		}
	default:
		return err
	}
	return e
}

// subject is what a refusal is about.
type subject struct {
	client *Client
	ref    name.Reference
	text   string // the reference as the person wrote it
	intent
}

func (s *subject) host() string { return s.ref.Context().RegistryStr() }

// explain tells refusals apart by status first and by the registry's error code second.
func (s *subject) explain(ctx context.Context, refusal *transport.Error) error {
	e := &actions.Error{Err: refusal, Why: says(refusal)}
	status := refusal.StatusCode
	switch {
	case isImmutable(refusal):
		e.Code = actions.CodeImmutableTag
		e.What = fmt.Sprintf("%s does not let the tag of %s be moved", s.host(), s.text)
		e.Next = "use a new tag, or ask the repository's administrator to make this one mutable"
		if _, signed, ok := strings.Cut(s.text, ":sha256-"); ok && strings.HasSuffix(signed, ".sig") {
			e.Next = "signatures go to this tag, so ask the repository's administrator to make it mutable; then `sigwalk recover` attaches what the log already records"
		}
	case isTooLarge(refusal):
		e.Code = actions.CodeManifestTooLarge
		e.What = fmt.Sprintf("the manifest of %s is larger than %s accepts", s.text, s.host())
		e.Next = "an image with very many signatures hits this: remove some, or use a registry with a higher limit"
	case status == http.StatusTooManyRequests || hasCode(refusal, transport.TooManyRequestsErrorCode):
		e.Code = actions.CodeThrottled
		e.What = fmt.Sprintf("%s asks to slow down, so %s was not served", s.host(), s.text)
		e.Next = "wait a minute and try again; who is logged in is usually allowed more: cosign login " + s.host()
	case status >= 500:
		e.Code = actions.CodeServer
		e.What = fmt.Sprintf("%s failed while it worked on %s", s.host(), s.text)
		e.Next = "try again later; if it stays so, its administrator finds the reason in its log"
	case denied(refusal):
		return s.explainDenial(ctx, refusal)
	case hasCode(refusal, transport.DigestInvalidErrorCode, transport.SizeInvalidErrorCode):
		e.Code = actions.CodeDigestMismatch
		e.What = fmt.Sprintf("what arrived at %s is not what the digest says", s.text)
		e.Next = "try again; if it stays so, the source is damaged or something between changes the bytes"
	case status == http.StatusNotFound:
		return s.explainMissing(ctx, refusal)
	case status == http.StatusMethodNotAllowed || hasCode(refusal, transport.UnsupportedErrorCode):
		e.Code = actions.CodeForbidden
		e.What = fmt.Sprintf("%s does not take changes to %s", s.host(), s.text)
		e.Next = "the registry is read-only: push to another one"
	case hasCode(refusal, transport.ManifestInvalidErrorCode, transport.ManifestUnverifiedErrorCode):
		e.Code = actions.CodeNotAnImage
		e.What = fmt.Sprintf("%s does not accept the manifest of %s", s.host(), s.text)
		e.Next = "check that it is an image or index of a type that this registry supports"
	case hasCode(refusal, transport.NameInvalidErrorCode, transport.TagInvalidErrorCode):
		e.Code = actions.CodeReference
		e.What = fmt.Sprintf("%s does not accept the name %s", s.host(), s.text)
		e.Next = "write it as REGISTRY/REPOSITORY:TAG; some registries allow no more than two parts in REPOSITORY"
	default:
		e.Code = actions.CodeNotAsked
		e.What = fmt.Sprintf("%s gave an unexpected answer about %s", s.host(), s.text)
		e.Next = "check that the host is a container registry and no proxy or login page answers in its place"
	}
	return e
}

func hasCode(refusal *transport.Error, codes ...transport.ErrorCode) bool {
	for _, d := range refusal.Errors {
		for _, code := range codes {
			if d.Code == code {
				return true
			}
		}
	}
	return false
}

// isImmutable knows the refusals to move a tag of Quay (its own code), Harbor and ECR (words only).
func isImmutable(refusal *transport.Error) bool {
	for _, d := range refusal.Errors {
		if d.Code == "TAG_IMMUTABLE" || strings.Contains(strings.ToLower(d.Message), "immutable") {
			return true
		}
	}
	return false
}

// isTooLarge knows the plain status, distribution's limit on manifests (a detail of MANIFEST_INVALID) and its likes.
func isTooLarge(refusal *transport.Error) bool {
	if refusal.StatusCode == http.StatusRequestEntityTooLarge {
		return true
	}
	for _, d := range refusal.Errors {
		if strings.Contains(fmt.Sprint(d.Detail), "request body too large") {
			return true
		}
	}
	return false
}
