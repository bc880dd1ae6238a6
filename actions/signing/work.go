package signing

import (
	"context"
	"fmt"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/sigstore/rekor/pkg/generated/models"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore/pkg/signature"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/identity"
)

// work is one signature in the making.
type work struct {
	request Request
	result  Result
	trusted *root.TrustedRoot // nil where a key pair signs and nobody ran cosign initialize
	content content
	tag     name.Tag

	signer signature.Signer
	// public is what the log and whoever verifies are told: the certificate, or else the public key, in PEM.
	public   []byte
	token    *identity.Token
	issued   *issued // nil for a key pair
	prepared *prepared

	stamp []byte               // RFC 3161 response, or nil
	entry *models.LogEntryAnon // or nil
}

// stage is a part of the work that a person sees.
type stage struct {
	id, title string
	run       func(context.Context, *work) (string, error)
	// skipped is why the stage is left out; empty when it is not.
	skipped string
}

// credential is what signs.
type credential interface {
	// stages make the work's signer, and prepare the registry when nothing but other services can fail.
	stages(*work) []stage
	// material returns the trust root.
	material(ctx context.Context) (*root.TrustedRoot, error)
}

// sign does the work from the notice to the push.
func (s *Signer) sign(ctx context.Context, req Request, with credential) (*Result, error) {
	what, err := s.content(req)
	if err != nil {
		return nil, err
	}
	w := &work{request: req, content: what}
	if req.Attestation != nil {
		if w.result.PredicateType, err = req.Attestation.predicateType(); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer func() {
		cancel()
		if w.prepared != nil {
			<-w.prepared.done // nothing goes on after the answer
		}
	}()
	if err := s.consent(ctx, req); err != nil {
		return nil, err
	}
	if w.trusted, err = with.material(ctx); err != nil {
		return nil, err
	}
	noStamp, noLog := "", ""
	if s.opts.Endpoints.Timestamp == "" {
		noStamp = "no timestamp authority is set"
	}
	if req.SkipLog {
		noLog = "it was asked to be left out"
	}
	noPush := ""
	if req.SkipAttach {
		noStamp, noLog, noPush = leftOut, leftOut, leftOut
	}
	stages := append([]stage{{"resolve", "Find the digest of the image", s.resolve, ""}}, with.stages(w)...)
	stages = append(stages,
		stage{"signature", "Sign", s.signContent, ""},
		stage{"timestamp", "Get a signed time stamp", s.getTimestamp, noStamp},
		stage{"log", "Write to the transparency log", s.writeLog, noLog},
		stage{"push", "Attach the signature to the image", s.attachContent, noPush},
	)
	for _, stage := range stages {
		if stage.id == "identity" && req.SignIn != nil {
			// It reports stages of its own.
			if w.request.Token, err = req.SignIn(ctx, w.result.Digest); err != nil {
				return nil, err
			}
		}
		if err := s.run(ctx, stage, w); err != nil {
			return nil, err
		}
	}
	if signed, ok := w.content.(*attested); ok && req.SkipAttach {
		w.result.Envelope, w.result.Signature = signed.envelope, nil
	}
	return &w.result, nil
}

// leftOut is why nothing is sent anywhere of what only who asked wants to have.
const leftOut = "it was asked to be attached nowhere"

func (s *Signer) run(ctx context.Context, stage stage, w *work) error {
	if stage.skipped != "" {
		s.opts.Observer.Event(ctx, actions.Stage{
			ID: stage.id, Title: stage.title, State: actions.StageSkipped, Detail: stage.skipped, At: s.opts.Clock.Now(),
		})
		return nil
	}
	return actions.RunStage(ctx, s.opts.Observer, s.opts.Clock, stage.id, stage.title, func(ctx context.Context) (string, error) {
		return stage.run(ctx, w)
	})
}

func (s *Signer) resolve(ctx context.Context, w *work) (string, error) {
	resolved, err := s.opts.Registry.Resolve(ctx, w.request.Image)
	if err != nil {
		return "", err
	}
	w.result.Image, w.result.Digest, w.result.ByTag = resolved.Reference, resolved.Digest, resolved.ByTag
	if err := w.content.compose(subject{resolved.Digest, resolved.MediaType, resolved.Size}); err != nil {
		return "", err
	}
	if w.tag, err = w.content.tag(resolved.Digest); err != nil {
		return "", err
	}
	if !listsReferrers(w.tag) {
		if w.tag, err = s.elsewhere(w.tag); err != nil {
			return "", err
		}
	}
	w.result.Signature = w.tag
	s.made(ctx, actions.Fact{Name: "image", Value: resolved.Reference.Name()}, actions.Fact{Name: "digest", Value: resolved.Digest.DigestStr()},
		actions.Fact{Name: "mediaType", Value: string(resolved.MediaType)})
	return resolved.Digest.DigestStr(), nil
}

// makeReady starts what can be done at the registry before the signature exists.
func (s *Signer) makeReady(ctx context.Context, w *work) error {
	if w.request.SkipAttach {
		return nil
	}
	var err error
	// It belongs to the push, whichever stage it runs beside.
	w.prepared, err = s.prepare(actions.WithStage(ctx, "push"), w.tag, w.content.known())
	return err
}

func (s *Signer) signContent(ctx context.Context, w *work) (string, error) {
	if err := w.content.sign(w.signer); err != nil {
		return "", err
	}
	payload, mediaType := w.content.signed()
	s.made(ctx, actions.Fact{Name: "payload", Value: digestOf(payload)}, actions.Fact{Name: "payloadType", Value: mediaType},
		actions.Fact{Name: "predicateType", Value: w.result.PredicateType})
	return "", nil
}

func (s *Signer) getTimestamp(ctx context.Context, w *work) (string, error) {
	var err error
	if w.stamp, w.result.Timestamp, err = s.stamp(ctx, w.content.stamped(), w.trusted); err != nil {
		return "", err
	}
	s.made(ctx, actions.Fact{Name: "time", Value: at(w.result.Timestamp)}, actions.Fact{Name: "response", Value: fmt.Sprintf("%d bytes", len(w.stamp))})
	return w.result.Timestamp.UTC().Format(time.RFC3339), nil
}

func (s *Signer) writeLog(ctx context.Context, w *work) (string, error) {
	// The registry must be ready to take the signature before the log is written.
	if err := w.prepared.wait(ctx); err != nil {
		return "", s.explain(ctx, err, w.tag)
	}
	var err error
	if w.entry, err = s.record(ctx, w.content, w.public, w.trusted); err != nil {
		return "", err
	}
	w.result.LogIndex, w.result.LogID = *w.entry.LogIndex, *w.entry.LogID
	w.result.Integrated = time.Unix(*w.entry.IntegratedTime, 0)
	s.made(ctx, entryFacts(w.entry)...)
	return fmt.Sprintf("log index %d", w.result.LogIndex), nil
}

func (s *Signer) attachContent(ctx context.Context, w *work) (string, error) {
	if err := w.prepared.wait(ctx); err != nil { // where no log was written
		return "", s.explain(ctx, err, w.tag)
	}
	p, err := w.content.parcel(w)
	if err != nil {
		return "", err
	}
	if p.manifest != nil {
		w.result.Signature = w.tag.Digest(p.layer.desc.Digest.String())
	}
	done, err := s.deliver(ctx, w, p)
	if err != nil {
		return "", s.explain(ctx, err, w.tag)
	}
	s.made(ctx, pushFacts(w, p, done)...)
	if done == nil {
		return w.result.Signature.Identifier() + ", listed by the registry", nil
	}
	w.result.Total, w.result.Restored = done.total, done.restored
	return fmt.Sprintf("%s, now %d", w.result.Signature.Identifier(), done.total), nil
}
