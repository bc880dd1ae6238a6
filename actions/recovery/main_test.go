package recovery_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/recovery"
	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/actions/signing"
	"github.com/sigwalk/sigwalk/actions/trust"
	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/workshop/sandbox"
	"github.com/sigwalk/sigwalk/workshop/sandbox/sandboxtest"
)

func TestMain(m *testing.M) { os.Exit(sandboxtest.Main(m)) }

// person is somebody at the sandbox with the trust root initialised and logged in, and an image of their own.
type person struct {
	opts     recovery.Options
	settings sandbox.Settings
	seen     *seen
	image    string
	digest   name.Digest
	tag      name.Tag
}

// seen keeps what was reported and answers questions.
type seen struct {
	mu     sync.Mutex
	notes  []string
	asked  []string
	stages []string
	answer func() (actions.Answer, error) // nil for nobody there
	when   func(actions.Event)            // told of every event; nil for nobody
}

func (s *seen) Event(_ context.Context, event actions.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch e := event.(type) {
	case actions.Note:
		s.notes = append(s.notes, e.Text)
	case actions.Stage:
		if e.State != actions.StageStarted {
			s.stages = append(s.stages, map[actions.StageState]string{
				actions.StageDone: "", actions.StageFailed: "!", actions.StageSkipped: "-",
			}[e.State]+e.ID)
		}
	}
	if s.when != nil {
		s.when(event)
	}
}

func (s *seen) Ask(_ context.Context, q actions.Question) (actions.Answer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, q.ID)
	if s.answer == nil {
		return actions.Answer{}, actions.ErrNobodyToAsk
	}
	return s.answer()
}

// newPerson has an image that nobody signed before.
func newPerson(t *testing.T) *person {
	t.Helper()
	s := sandboxtest.Start(t)
	homes := sandboxtest.NewHomes(t)
	homes.LogIn(t)
	p := &person{settings: s, seen: &seen{}}
	p.opts = recovery.Options{
		Homes: actions.Homes{TUF: homes.TUF, Docker: homes.Docker, Attached: filepath.Join(t.TempDir(), "attached")},
		Endpoints: actions.Endpoints{
			Fulcio: s.Fulcio, Rekor: s.Rekor, TUFMirror: s.TUFMirror, TUFRoot: s.TUFRoot, TUFRootChecksum: s.TUFRootChecksum,
			Timestamp: s.Timestamp, OIDCIssuer: s.OIDCIssuer, OIDCClientID: s.OIDCClientID,
		},
		Observer: p.seen, QuayToken: actions.NewSecret(s.RegistryPass), QuayHost: s.Registry,
	}
	p.opts.Registry = registry.New(registry.Options{Homes: p.opts.Homes})
	p.opts.Trust = trust.New(trust.Options{Homes: p.opts.Homes, Endpoints: p.opts.Endpoints})
	if _, err := p.opts.Trust.Initialize(t.Context(), trust.InitializeRequest{}); err != nil {
		t.Fatal(err)
	}
	p.pushImage(t)
	return p
}

// pushImage makes an image that nobody signed before.
func (p *person) pushImage(t *testing.T) {
	t.Helper()
	image, err := random.Image(256, 1)
	if err != nil {
		t.Fatal(err)
	}
	digest, err := image.Digest()
	if err != nil {
		t.Fatal(err)
	}
	ref, err := name.NewTag(p.settings.Registry + "/" + sandbox.Organization + "/recover-" + digest.Hex[:12] + ":latest")
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(ref, image, remote.WithAuth(sandboxtest.Login(t))); err != nil {
		t.Fatal(err)
	}
	p.image, p.digest = ref.Name(), ref.Context().Digest(digest.String())
	p.tag = ref.Context().Tag("sha256-" + digest.Hex + ".sig")
}

// sign signs the image as a user of the sandbox.
func (p *person) sign(t *testing.T, user string, annotations map[string]string) *signing.Result {
	t.Helper()
	result, err := signing.New(signing.Options{
		Registry: p.opts.Registry, Trust: p.opts.Trust, Endpoints: p.opts.Endpoints,
	}).SignWithToken(t.Context(), signing.Request{
		Image: p.image, Token: actions.NewSecret(sandboxtest.Token(t, user)), Consented: true, Annotations: annotations,
	})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// layers are what the signature tag holds.
func (p *person) layers(t *testing.T) []v1.Descriptor {
	t.Helper()
	m, err := v1.ParseManifest(strings.NewReader(string(p.manifest(t))))
	if err != nil {
		t.Fatal(err)
	}
	return m.Layers
}

func (p *person) manifest(t *testing.T) []byte {
	t.Helper()
	got, err := remote.Get(p.tag, remote.WithAuth(sandboxtest.Login(t)))
	if err != nil {
		t.Fatal(err)
	}
	return got.Manifest
}

// overwrite makes the signature tag hold these layers and nothing else, as a tool does that read it too early.
func (p *person) overwrite(t *testing.T, layers ...v1.Descriptor) {
	t.Helper()
	config := v1.ConfigFile{RootFS: v1.RootFS{Type: "layers"}, History: make([]v1.History, len(layers))}
	for _, l := range layers {
		config.RootFS.DiffIDs = append(config.RootFS.DiffIDs, l.Digest)
	}
	text, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	described := p.upload(t, text, types.OCIConfigJSON)
	raw, err := json.Marshal(v1.Manifest{SchemaVersion: 2, MediaType: types.OCIManifestSchema1, Config: described, Layers: layers})
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Put(p.tag, pushed(raw), remote.WithAuth(sandboxtest.Login(t))); err != nil {
		t.Fatal(err)
	}
}

func (p *person) upload(t *testing.T, content []byte, mediaType types.MediaType) v1.Descriptor {
	t.Helper()
	layer := static.NewLayer(content, mediaType)
	if err := remote.WriteLayer(p.tag.Context(), layer, remote.WithAuth(sandboxtest.Login(t))); err != nil {
		t.Fatal(err)
	}
	digest, err := layer.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return v1.Descriptor{MediaType: mediaType, Digest: digest, Size: int64(len(content))}
}

// pushed is a manifest as it is.
type pushed []byte

func (p pushed) RawManifest() ([]byte, error)        { return p, nil }
func (p pushed) MediaType() (types.MediaType, error) { return types.OCIManifestSchema1, nil }

// verified is how many signatures cosign's own verification accepts, of those that are there.
func (p *person) verified(t *testing.T, policy verification.Policy) (good, all int) {
	t.Helper()
	verifier := verification.New(verification.Options{Registry: p.opts.Registry, Trust: p.opts.Trust, Endpoints: p.opts.Endpoints})
	report, err := verifier.Verify(t.Context(), p.image, policy)
	if err != nil {
		t.Fatal(err)
	}
	return len(report.Verified()), len(report.Signatures)
}

var anybody = verification.Policy{SubjectRegexp: ".*", IssuerRegexp: ".*"}

func (p *person) recover(t *testing.T, req recovery.Request) *recovery.Report {
	t.Helper()
	req.Image, req.Consented = p.image, true
	report, err := recovery.New(p.opts).Recover(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func from(sources ...recovery.Source) recovery.Request { return recovery.Request{From: sources} }
