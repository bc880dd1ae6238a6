package recovery

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/sigstore/sigstore-go/pkg/root"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/registry/quay"
	"github.com/sigwalk/sigwalk/actions/verification"
)

// search is one look for what a tag lost.
type search struct {
	*Recoverer
	request  Request
	report   *Report
	trusted  *root.TrustedRoot
	repo     *repository
	payloads payloads
	held     []stored        // what the tag holds
	present  map[string]bool // their signatures
	known    map[string]*Signature

	quay   *quay.Client
	former []quay.Tag
	mu     sync.Mutex // of payloads, while the history is read
}

// Look finds what the sources know and the registry lacks, and changes nothing. It reports the stages "resolve",
// "present", "log", "history" and "verify". A source that cannot be asked makes it fail when it was asked for by name or
// when it is the only one; otherwise the report says why it was passed over.
func (r *Recoverer) Look(ctx context.Context, req Request) (*Report, error) {
	if err := checkPatterns(req.Policy); err != nil {
		return nil, err
	}
	s := &search{
		Recoverer: r, request: req, report: &Report{Image: req.Image}, present: map[string]bool{}, known: map[string]*Signature{},
	}
	var err error
	if s.trusted, err = r.opts.Trust.Material(ctx); err != nil {
		return nil, err
	}
	for _, stage := range []struct {
		id, title string
		run       func(context.Context) (string, error)
	}{
		{"resolve", "Find the digest of the image", s.resolve},
		{"present", "Read the signatures that are there", s.readTag},
	} {
		if err := r.stage(ctx, stage.id, stage.title, stage.run); err != nil {
			return nil, err
		}
	}
	if err := s.askSources(ctx); err != nil {
		return nil, err
	}
	err = r.stage(ctx, "verify", "Verify what can be brought back", s.verify)
	if err != nil {
		return nil, err
	}
	s.report.order()
	return s.report, nil
}

func (r *Recoverer) stage(ctx context.Context, id, title string, work func(context.Context) (string, error)) error {
	return actions.RunStage(ctx, r.opts.Observer, r.opts.Clock, id, title, work)
}

// checkPatterns refuses a regular expression that is none before anything is asked.
func checkPatterns(policy verification.Policy) error {
	for flag, pattern := range map[string]string{
		"--certificate-identity-regexp": policy.SubjectRegexp, "--certificate-oidc-issuer-regexp": policy.IssuerRegexp,
	} {
		if _, err := regexp.Compile(pattern); err != nil {
			return &actions.Error{
				Code: actions.CodeUsage, What: flag + " is no regular expression", Why: err.Error(), Err: err,
				Next: "correct it; the syntax is at https://golang.org/s/re2syntax",
			}
		}
	}
	return nil
}

func (s *search) resolve(ctx context.Context) (string, error) {
	resolved, err := s.opts.Registry.Resolve(ctx, s.request.Image)
	if err != nil {
		return "", err
	}
	s.report.Digest, s.report.Tag = resolved.Digest, tagOf(resolved.Digest)
	s.payloads, err = payloadsOf(resolved.Digest, s.request.Identities, s.request.Annotations)
	return resolved.Digest.DigestStr(), err
}

func (s *search) readTag(ctx context.Context) (string, error) {
	var err error
	if s.repo, err = s.repository(ctx, s.request.Image); err != nil {
		return "", err
	}
	if s.held, _, err = s.repo.layers(ctx, s.report.Tag); err != nil {
		return "", err
	}
	for _, l := range s.held {
		s.present[l.signature] = true
		if _, known := s.payloads[l.payload]; !known {
			s.payloads[l.payload] = nil
		}
	}
	s.report.Before = len(s.held)
	s.report.After = s.report.Before
	return counted(len(s.held)), nil
}

// sources are those that there are, in the order in which they are asked: the history knows payloads for which the log can be searched.
func (s *search) sources() []remembering {
	return []remembering{
		{FromHistory, "Ask the registry what the tag named before", "former version", "former versions", s.canAskHistory, s.askHistory},
		{FromLog, "Ask the transparency log", "entry", "entries", s.canAskLog, s.askLog},
	}
}

// remembering is a source and how it is asked.
type remembering struct {
	source      Source
	title       string
	unit, units string
	can         func(context.Context, *Asked) error // why it cannot be asked here
	ask         func(context.Context, *Asked) error
}

// askSources asks what was asked for by name, or else what there is.
func (s *search) askSources(ctx context.Context) error {
	var failed error
	answered := 0
	for _, from := range s.sources() {
		named := slices.Contains(s.request.From, from.source)
		if len(s.request.From) > 0 && !named {
			continue
		}
		asked := Asked{Source: from.source}
		err := s.askSource(ctx, from, &asked, named)
		switch {
		case err == nil:
			answered++
		case ctx.Err() != nil:
			return ctx.Err()
		case named:
			return err
		default:
			asked.Skipped = err.Error()
			failed = err // the log's counts, which is last
		}
		s.report.Asked = append(s.report.Asked, asked)
	}
	if answered == 0 {
		return failed
	}
	return nil
}

func (s *search) askSource(ctx context.Context, from remembering, asked *Asked, named bool) error {
	if err := from.can(ctx, asked); err != nil {
		if !named && ctx.Err() == nil {
			s.opts.Observer.Event(ctx, actions.Stage{
				ID: string(from.source), Title: from.title, State: actions.StageSkipped, Detail: err.Error(), At: s.opts.Clock.Now(),
			})
		}
		return err
	}
	return s.stage(ctx, string(from.source), from.title, func(ctx context.Context) (string, error) {
		err := from.ask(ctx, asked)
		if asked.Entries == 1 {
			return "1 " + from.unit, err
		}
		return fmt.Sprintf("%d %s", asked.Entries, from.units), err
	})
}

// add takes in what a source knows. One that several know is one; what the history has is kept, because it is the
// signature as it was written, with its time stamp.
func (s *search) add(found *Signature) *Signature {
	key := found.signature
	if key == "" {
		key = found.UUID
	}
	if before := s.known[key]; before != nil {
		before.Sources = append(before.Sources, found.Sources...)
		if before.UUID == "" {
			before.Kind, before.UUID = found.Kind, found.UUID
		}
		if found.LogIndex != nil {
			before.LogIndex, before.LogID, before.Integrated = found.LogIndex, found.LogID, found.Integrated
		}
		if before.public == nil {
			before.public, before.Key = found.public, found.Key
		}
		return before
	}
	found.Present = found.signature != "" && s.present[found.signature]
	s.known[key] = found
	s.report.Signatures = append(s.report.Signatures, found)
	return found
}

// verify holds what was rebuilt against the trust root and the policy.
func (s *search) verify(ctx context.Context) (string, error) {
	var (
		rebuilt    []*Signature
		candidates []verification.Candidate
	)
	for _, found := range s.report.Signatures {
		if !found.Rebuilt || found.Present {
			continue
		}
		var layer v1.Descriptor
		if err := json.Unmarshal(found.layer, &layer); err != nil {
			found.Rebuilt = false
			found.Reason = &actions.Error{Code: actions.CodeSignature, What: "the layer cannot be read", Why: err.Error(), Err: err}
			continue
		}
		rebuilt = append(rebuilt, found)
		candidates = append(candidates, verification.Candidate{Layer: layer, Payload: found.payload, Key: found.public})
	}
	verdicts, err := s.verifier.Candidates(ctx, s.report.Digest, s.request.Policy, candidates)
	if err != nil {
		return "", err
	}
	good := 0
	for i, found := range rebuilt {
		verdict := verdicts[i]
		found.Verified, found.Reason = verdict.Verified, verdict.Reason
		if verdict.Subject != "" {
			found.Subject, found.Issuer = verdict.Subject, verdict.Issuer
		}
		if found.LogIndex == nil {
			found.LogIndex, found.LogID, found.Integrated = verdict.LogIndex, verdict.LogID, verdict.Integrated
		}
		if found.Verified {
			good++
		}
	}
	return fmt.Sprintf("%d of %d", good, len(rebuilt)), nil
}
