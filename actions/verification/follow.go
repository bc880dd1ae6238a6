package verification

import (
	"context"
	"io"
	"reflect"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/sigstore/cosign/v2/pkg/cosign"

	"github.com/sigwalk/sigwalk/actions/registry"
)

// Progress is what is known of an image while its signatures are still being fetched and judged.
type Progress struct {
	// Report holds the signatures that were judged so far, in order. Nothing of it is final: the manifest that they are
	// from has not been held against its digest, which is why theirs is not there yet (Signature.Manifest), and more are to
	// come, before and between them.
	Report *Report
	// Listed is how many signatures there are; zero while that is not known.
	Listed int
}

// pause is how long nothing is told after something was: whoever is told draws it.
const pause = 100 * time.Millisecond

// Follow is Everything that tells beside what it has judged so far. tell is called by several goroutines, never by two at
// once, and not after Follow has returned; what it keeps nobody else changes. The first signature goes ahead of all others: until
// tell has returned for the first time no other is judged, so that whoever waits sees it before every processor is busy. The report is the same as that of Everything.
func (v *Verifier) Follow(ctx context.Context, image string, policy Policy, tell func(Progress)) (*Report, error) {
	return v.everything(ctx, image, policy, newFollower(tell))
}

// follower judges signatures as they come and tells of them. Nil follows nothing.
type follower struct {
	tell    func(Progress)
	judging chan struct{} // bounds how many verdicts are worked out at the same time: one until the first was told of
	trusted chan struct{} // closed when co and policy are there
	co      *cosign.CheckOpts
	policy  Policy

	mu     sync.Mutex
	report *Report // as it was asked for; its signatures are those that were judged
	j      *judgement
	listed int
	told   time.Time
}

func newFollower(tell func(Progress)) *follower {
	f := &follower{tell: tell, judging: make(chan struct{}, runtime.GOMAXPROCS(0)), trusted: make(chan struct{})}
	// Behind hundreds of verdicts the first would wait to be told of, and whoever is told of it, to draw it.
	for range cap(f.judging) - 1 {
		f.judging <- struct{}{}
	}
	return f
}

// trust brings what signatures are held against.
func (f *follower) trust(co *cosign.CheckOpts, policy Policy) {
	if f == nil {
		return
	}
	f.co, f.policy = co, policy
	close(f.trusted)
}

// begin says which image it is about.
func (f *follower) begin(report *Report) {
	if f == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	started := *report
	f.report = &started
}

// list says how many signatures there are.
func (f *follower) list(n int) {
	if f == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.listed = n
}

// examination is what the signatures that nobody judged yet are held against: the same as those that somebody did.
func (f *follower) examination(image name.Digest, policy Policy, co *cosign.CheckOpts) (*examination, error) {
	if f != nil && f.j != nil {
		return f.j.examination, nil
	}
	return examinationOf(image, policy, co)
}

// judgement is what signatures are held against, once that is known; nil when ctx ends before.
func (f *follower) judgement(ctx context.Context) *judgement {
	select {
	case <-f.trusted:
	case <-ctx.Done():
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.j == nil && f.report != nil {
		if x, err := examinationOf(f.report.Digest, f.policy, f.co); err == nil {
			f.j = newJudgement(x, f.co)
		}
	}
	return f.j
}

// judge judges a signature that has come, and tells of it. One for which the log must be asked is left for later, when all of
// those are asked for at the same time.
func (f *follower) judge(ctx context.Context, s *Signature) {
	if f == nil {
		return
	}
	j := f.judgement(ctx)
	if j == nil || j.legacy.RekorClient != nil && !s.isBundle() && s.LogIndex == nil {
		return
	}
	f.judging <- struct{}{}
	defer func() { <-f.judging }()
	j.judge(ctx, s)
	if ctx.Err() != nil {
		s.examination = nil // it may have been given up for that
		return
	}
	f.judged(s)
}

// judged tells of a signature that was judged, unless it has just told of others.
func (f *follower) judged(s *Signature) {
	if f == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	row := *s
	row.Image = row.examination.digest
	f.report.Signatures = append(f.report.Signatures, row)
	if now := time.Now(); now.Sub(f.told) >= pause {
		first := f.told.IsZero()
		f.say()
		f.told = time.Now()
		if first {
			f.allJudge()
		}
	}
}

// allJudge lets the others be judged: the first signature was told of.
func (f *follower) allJudge() {
	for range cap(f.judging) - 1 {
		<-f.judging
	}
}

// say tells what is known. The caller holds mu.
func (f *follower) say() {
	report := *f.report
	report.Signatures = slices.Clone(report.Signatures)
	order(report.Signatures)
	f.tell(Progress{&report, f.listed})
}

// done tells the whole list, before what else is attached is looked for.
func (f *follower) done(report *Report) {
	if f == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	whole := *report
	f.report, f.listed = &whole, len(report.Signatures)
	f.say()
}

// early is what was read of a tag while its manifest was still arriving: signatures with their verdict, by their place.
type early struct {
	signatures map[int]*arrived
	payloads   map[v1.Hash]func() []byte // nil content where it cannot be fetched
}

// arrived is a signature and the layer that it was read from.
type arrived struct {
	layer     v1.Descriptor
	payload   func() []byte
	signature Signature
}

// take returns the signature that was read early from this layer at this place. Were it another layer, because the manifest
// is not what it seemed to be while it arrived, nothing is taken.
func (e *early) take(i int, layer *v1.Descriptor) (Signature, bool) {
	if e == nil {
		return Signature{}, false
	}
	a, ok := e.signatures[i]
	if !ok || a.signature.examination == nil || !reflect.DeepEqual(a.layer, *layer) {
		return Signature{}, false
	}
	return a.signature, true
}

// payload returns a payload that was fetched early, nil for none.
func (e *early) payload(digest v1.Hash) []byte {
	if e == nil || e.payloads[digest] == nil {
		return nil
	}
	return e.payloads[digest]()
}

// arriving reads the manifest of a tag as image does, and where somebody follows, its signatures while it arrives.
func (s *source) arriving(ctx context.Context, tag name.Reference, like Signature) (*v1.Manifest, v1.Hash, *early, error) {
	if s.follower == nil {
		m, digest, err := s.image(ctx, tag)
		return m, digest, nil, err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	e := &early{signatures: map[int]*arrived{}, payloads: map[v1.Hash]func() []byte{}}
	reading, written := io.Pipe()
	work := make(chan *arrived, maxSignatures)
	ahead := make(chan struct{})
	var readers sync.WaitGroup
	readers.Go(func() {
		defer close(work)
		s.layers(ctx, reading, tag.Context(), like, e, func(a *arrived) {
			work <- a
			if a.signature.Position == 0 {
				letAhead(ctx, ahead)
			}
		})
		_, _ = io.Copy(io.Discard, reading) // whoever writes must not wait
	})
	for range fetchers {
		readers.Go(func() {
			for a := range work {
				if content := a.payload(); content != nil && ctx.Err() == nil {
					a.signature.readLayer(a.layer, fetched{content: content})
					s.follower.judge(ctx, &a.signature)
				}
				if a.signature.Position == 0 {
					close(ahead)
				}
			}
		})
	}
	m, digest, err := s.image(registry.Overhear(ctx, written), tag)
	_ = written.Close()
	if m == nil || err != nil {
		stop()
	} else {
		s.follower.list(len(m.Layers))
	}
	readers.Wait()
	return m, digest, e, err
}

// letAhead waits until the first signature was dealt with, for a moment: what would be read meanwhile keeps it waiting.
func letAhead(ctx context.Context, dealt <-chan struct{}) {
	select {
	case <-dealt:
	case <-time.After(pause):
	case <-ctx.Done():
	}
}

// layers sends what the manifest in r lists, as far as it can be read: what cannot is read again when all of it is there.
func (s *source) layers(ctx context.Context, r io.Reader, repo name.Repository, like Signature, e *early, send func(*arrived)) {
	var sizes int64
	most := like.Kind.most()
	eachLayer(r, func(i int, layer v1.Descriptor) bool {
		payload := e.payloads[layer.Digest]
		if payload == nil {
			sizes += layer.Size
			payload = sync.OnceValue(func() []byte {
				content, err := s.blob(ctx, repo.Digest(layer.Digest.String()), most)
				if err != nil {
					return nil // it is asked for again, and that explained, when the whole manifest is there
				}
				return content
			})
		}
		// The bounds of payloads: what is beyond them is refused there.
		if layer.Size > most || sizes > maxPayloadsBytes || i >= maxSignatures {
			return false
		}
		a := &arrived{layer: layer, payload: payload, signature: like}
		a.signature.Position = i
		e.payloads[layer.Digest], e.signatures[i] = payload, a
		send(a)
		return true
	})
}
