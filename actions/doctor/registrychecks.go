package doctor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/actions/web"
)

// registryChecks are about where images and signatures lie.
func (e *examination) registryChecks() []check {
	const (
		answers = "registry/answers"
		login   = "registry/login"
		pull    = "registry/pull"
	)
	return []check{
		{id: answers, group: GroupRegistry, title: "the registry speaks the protocol of registries", needs: []string{"connect/registry"}, after: []string{"machine/credentials"}, run: e.isRegistry},
		{id: login, group: GroupRegistry, title: "the registry takes the login", needs: []string{answers}, run: e.login},
		{id: pull, group: GroupRegistry, title: "the image can be read", needs: []string{answers}, after: []string{login}, run: e.pull},
		{id: "registry/push", group: GroupRegistry, title: "signatures can be pushed beside the image", needs: []string{login}, run: e.push},
		{id: "registry/referrers", group: GroupRegistry, title: "the registry tells what refers to an image, or leaves it to a tag", needs: []string{pull}, run: e.referrers},
		{id: "registry/manifest", group: GroupRegistry, title: "there is room for more signatures in the image's signature tag", needs: []string{pull}, run: e.manifestRoom},
	}
}

// isRegistry asks for the base of the protocol (OCI distribution specification, end-1).
func (e *examination) isRegistry(ctx context.Context) verdict {
	s := e.service("registry")
	if s.url == nil {
		return s.unset()
	}
	base, err := e.registry.BaseURL(ctx, e.opts.Registry)
	if err != nil {
		v := because(err)
		var refusal *transport.Error
		if errors.As(err, &refusal) && refusal.StatusCode == http.StatusForbidden {
			v.code = actions.CodeAccessRefused
			v.next = "look for what stands in front of it (a proxy, a gateway), and have it let you through"
		}
		return v
	}
	address := base + "/v2/"
	got, err := e.request(ctx, s.who, http.MethodGet, address, "", nil)
	switch {
	case err != nil:
		return because(err)
	case got.status == http.StatusUnauthorized && got.header.Get("WWW-Authenticate") == "":
		// A registry says how to log in.
		return because(web.Refused(got.status, s.named(), "GET "+address))
	case got.status == http.StatusOK && strings.HasPrefix(got.header.Get("Content-Type"), "text/html"):
		return because(garbage(s.who, address, got))
	}
	return passed(address + " answers")
}

// login finds out who the registry takes us for: with the login that is stored, or else the one at hand.
func (e *examination) login(ctx context.Context) verdict {
	host, err := name.NewRegistry(e.opts.Registry)
	if err != nil {
		return because(err)
	}
	stored, err := authn.Resolve(ctx, e.registry.Keychain(), host)
	if err != nil {
		return because(err)
	}
	whose := "the login in " + e.opts.Homes.Docker
	client := e.registry
	if stored == authn.Anonymous {
		if e.opts.Login == nil {
			return skipped("no login is stored for "+host.RegistryStr(), "cosign login "+host.RegistryStr()+" -u USER")
		}
		whose = "the login of " + plain(e.opts.Login.Username) + " at hand; none is stored yet (cosign login)"
		client = registry.New(registry.Options{Homes: e.opts.Homes, Login: e.opts.Login, Transport: e.outside, Clock: e.opts.Clock})
	}
	repository := e.opts.Registry + "/sigwalk/doctor"
	if ref, err := registry.Parse(e.opts.Image); err == nil && e.opts.Image != "" {
		repository = e.signatures(ref).Name()
	}
	access, err := client.Access(ctx, repository)
	if err != nil {
		return because(err)
	}
	if !access.LoggedIn {
		return failed(actions.CodeWrongPassword, "nothing can be pushed: the registry refuses the login", "log in again; a robot's or token's name counts in full").
			saw("%s is refused by %s", whose, host.RegistryStr()).try("cosign login %s -u USER", host.RegistryStr())
	}
	e.facts.access, e.facts.reader = access, client
	return passed(whose + " is taken")
}

// pull resolves the image.
func (e *examination) pull(ctx context.Context) verdict {
	if e.opts.Image == "" {
		return notApplicable("no image is set (IMAGE)")
	}
	client := e.facts.reader
	if client == nil {
		client = e.registry
	}
	found, err := client.Resolve(ctx, e.opts.Image)
	switch actions.CodeOf(err) {
	case "":
	case actions.CodeImageNotFound, actions.CodeTagNotFound, actions.CodeNoOrganization:
		return notApplicable("there is no " + plain(e.opts.Image) + " yet")
	case actions.CodeForbidden, actions.CodeUnauthorized, actions.CodeWrongPassword:
		v := because(err)
		v.code = actions.CodePullDenied
		return v
	default:
		return because(err)
	}
	e.facts.image = found
	return passed(found.Digest.DigestStr())
}

// push reads what the registry said of the right to write.
func (e *examination) push(context.Context) verdict {
	ref, err := registry.Parse(e.opts.Image)
	switch {
	case e.opts.Image == "":
		return notApplicable("no image is set (IMAGE)")
	case err != nil:
		return because(err)
	case e.facts.access.PushUnknown:
		return notApplicable("the repository is not there yet, and this registry would make it upon the question")
	case e.facts.access.Push:
		return passed("the registry lets " + e.signatures(ref).Name() + " be written")
	}
	return failed(actions.CodePushDenied, "signing fails at its end: the signature cannot be pushed beside the image", "have the right to write given to you, or keep signatures elsewhere with COSIGN_REPOSITORY").
		saw("the registry does not let %s be written with this login", e.signatures(ref).Name())
}

// signatures is the repository that the signatures of an image are kept in.
func (e *examination) signatures(image name.Reference) name.Repository {
	if repository, err := name.NewRepository(e.opts.Repository); err == nil && e.opts.Repository != "" && repository.RegistryStr() == image.Context().RegistryStr() {
		return repository
	}
	return image.Context()
}

// referrers asks for what refers to the image (OCI distribution specification 1.1, end-12a).
func (e *examination) referrers(ctx context.Context) verdict {
	if e.facts.image == nil {
		return notApplicable("there is no image to ask about")
	}
	listed, err := e.facts.reading(e).ListsReferrers(ctx, e.facts.image.Digest)
	if err != nil {
		v := because(err)
		v.code = actions.CodeReferrers
		v.means = "Sigstore bundles (cosign 3) cannot be found or attached: the registry fails when it is asked what refers to the image"
		v.next = "ask whoever runs the registry; until then keep to signature tags (cosign 2, or --new-bundle-format=false)"
		return v
	}
	if listed {
		return passed("it has the referrers interface")
	}
	return passed("it has no referrers interface: bundles are listed at the tag sha256-" + short(e.facts.image.Digest.DigestStr()[len("sha256:"):]) + "...")
}

// commonLimit is the size of a manifest that every registry takes, in bytes (OCI distribution specification: at least 4 MiB).
const commonLimit = 4 << 20

// manifestRoom looks at the size of the manifest that holds the image's signatures.
func (e *examination) manifestRoom(ctx context.Context) verdict {
	if e.facts.image == nil {
		return notApplicable("there is no image to ask about")
	}
	hex := e.facts.image.Digest.DigestStr()[len("sha256:"):]
	tag := e.signatures(e.facts.image.Digest).Tag("sha256-" + hex + ".sig")
	found, err := remote.Head(tag, e.facts.reading(e).Remote(ctx)...)
	if err != nil {
		var refusal *transport.Error
		if errors.As(err, &refusal) && refusal.StatusCode == http.StatusNotFound {
			return notApplicable("nothing is signed in a signature tag")
		}
		return because(e.facts.reading(e).Explain(ctx, err, tag.String()))
	}
	seen := fmt.Sprintf("the manifest of %s has %d KiB; every registry takes %d KiB", tag.TagStr()[:20]+"...", found.Size>>10, commonLimit>>10)
	if found.Size < commonLimit*9/10 {
		return passed(seen)
	}
	return failed(actions.CodeManifestLimit, "another signature may be refused: the manifest that holds the image's signatures is nearly as large as registries take",
		"remove old signatures (cosign clean), or keep new ones as bundles, which have a manifest each").saw("%s", seen)
}

// reading is the client with the login that works.
func (f *facts) reading(e *examination) *registry.Client {
	if f.reader != nil {
		return f.reader
	}
	return e.registry
}
