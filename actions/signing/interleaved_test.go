package signing

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	ggcr "github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"pgregory.net/rapid"
)

// line is a signer's way to a registry in the same process, without a network, so that it works under a fake clock. Every
// call arrives after a time and is answered after another; some are cut off, on the way there or on the way back.
type line struct {
	registry http.Handler
	min, max time.Duration // of either way
	cut      float64       // how many of the calls are cut off, from 0 to 1

	mu     sync.Mutex
	random *rand.Rand
}

func (l *line) draw() (there, back time.Duration, fate float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	way := func() time.Duration { return l.min + time.Duration(l.random.Int64N(int64(l.max-l.min)+1)) }
	return way(), way(), l.random.Float64()
}

// RoundTrip implements http.RoundTripper.
func (l *line) RoundTrip(r *http.Request) (*http.Response, error) {
	there, back, fate := l.draw()
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		_ = r.Body.Close()
	}
	// What arrives takes effect, whether somebody waits for the answer or not.
	arrived := r.Clone(context.WithoutCancel(r.Context()))
	arrived.Body = io.NopCloser(bytes.NewReader(body))
	answer := httptest.NewRecorder()
	if fate < l.cut/3 { // it is cut off here and goes on there
		go func() {
			time.Sleep(there) // the line's own time, which synctest makes pass at once
			l.registry.ServeHTTP(answer, arrived)
		}()
		return nil, syscall.ECONNRESET
	}
	if err := sleep(r.Context(), there); err != nil {
		return nil, err
	}
	if fate < l.cut*2/3 {
		return nil, io.EOF
	}
	l.registry.ServeHTTP(answer, arrived)
	if err := sleep(r.Context(), back); err != nil {
		return nil, err
	}
	if fate < l.cut {
		return nil, syscall.ECONNRESET
	}
	result := answer.Result()
	result.Request = r
	return result, nil
}

// party is some signers who come to one tag.
type party struct {
	suffix   string // of the tag
	signers  int
	within   time.Duration // in which they come
	min, max time.Duration // of a way between a signer and the registry
	cut      float64
	seed     uint64
}

// entryAt makes an entry for the list at a store's tag that differs from others by who.
func entryAt(t *testing.T, s *store, who string) layer {
	t.Helper()
	if !listsReferrers(s.tag) {
		return signatureOf(t, who)
	}
	// A registry takes an index only when it has what the index names.
	raw := []byte(`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.empty.v1+json",` +
		`"digest":"` + digestOf(emptyConfig) + `","size":2},"layers":[],"annotations":{"who":"` + who + `"}}`)
	digest := digestOf(raw)
	if err := s.pusher.Put(t.Context(), s.tag.Digest(digest), taggable{raw, types.OCIManifestSchema1}); err != nil {
		t.Fatal(err)
	}
	entry, err := parseReferrer(fmt.Appendf(nil, `{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":%q,"size":%d,"artifactType":"test/who"}`, digest, len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	return entry
}

// outcome is what the tag held when the last had gone.
type outcome struct{ lost, twice, failed int }

// play lets the party sign under a fake clock.
func (p party) play(t *testing.T) (end outcome) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		handler := ggcr.New(ggcr.Logger(log.New(io.Discard, "", 0)))
		tag, err := name.NewTag("127.0.0.1:5000/students/demo:sha256-" + imageHex + p.suffix)
		if err != nil {
			t.Fatal(err)
		}
		through := func(l *line) *store {
			s, err := newStore(tag, []remote.Option{remote.WithContext(t.Context()), remote.WithTransport(l)})
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		direct := through(&line{registry: handler, random: rand.New(rand.NewPCG(0, 0))})
		if _, err := direct.blob(t.Context(), payloadOfAll, signatureType); err != nil {
			t.Fatal(err)
		}
		var (
			group sync.WaitGroup
			mu    sync.Mutex
			all   []layer
		)
		for i := range p.signers {
			random := rand.New(rand.NewPCG(p.seed, uint64(i)))
			s := through(&line{registry: handler, min: p.min, max: p.max, cut: p.cut, random: random})
			ours, comes := entryAt(t, direct, fmt.Sprint(i)), time.Duration(random.Int64N(int64(p.within)+1))
			group.Go(func() {
				time.Sleep(comes) // signers come when they come; synctest's time
				before, err := s.first(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				_, err = (&attacher{store: s, lock: noLock, pace: normalPace}).attach(t.Context(), before, []layer{ours})
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					end.failed++
					return
				}
				all = append(all, ours)
			})
		}
		group.Wait()
		time.Sleep(p.max) // until everything has arrived
		m, err := direct.read(t.Context())
		if err != nil || m == nil {
			t.Fatal(m, err)
		}
		end.lost = len(m.missing(all))
		keys := map[string]bool{}
		for _, l := range m.layers {
			if keys[l.key] {
				end.twice++
			}
			keys[l.key] = true
		}
	})
	return end
}

// TestInterleavings: however the signers come, however long each of their calls takes on its way, and whichever are cut off,
// nobody's is lost and nobody's is there twice. The time is that of a fake clock, so that there are minutes in a moment.
func TestInterleavings(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		longest := rapid.IntRange(1, 200).Draw(r, "longest way (ms)")
		p := party{
			suffix:  rapid.SampledFrom([]string{signatureSuffix, attestationSuffix, referrerSuffix}).Draw(r, "tag"),
			signers: rapid.IntRange(2, 5).Draw(r, "signers"),
			within:  time.Duration(rapid.IntRange(0, 2000).Draw(r, "come within (ms)")) * time.Millisecond,
			min:     time.Duration(rapid.IntRange(0, longest).Draw(r, "shortest way (ms)")) * time.Millisecond,
			max:     time.Duration(longest) * time.Millisecond,
			cut:     rapid.SampledFrom([]float64{0, 0.01, 0.05}).Draw(r, "cut off"),
			seed:    rapid.Uint64().Draw(r, "seed"),
		}
		if got := p.play(t); got != (outcome{}) {
			r.Fatalf("%+v: %+v", p, got)
		}
	})
}

// lateOnce is a line on which the first push of a manifest is cut off and takes effect late all the same.
type lateOnce struct {
	*line
	late time.Duration
	once sync.Once
}

// RoundTrip implements http.RoundTripper.
func (l *lateOnce) RoundTrip(r *http.Request) (answer *http.Response, err error) {
	if r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/manifests/") {
		l.once.Do(func() {
			arrived := r.Clone(context.WithoutCancel(r.Context()))
			body, _ := io.ReadAll(r.Body)
			arrived.Body, err = io.NopCloser(bytes.NewReader(body)), syscall.ECONNRESET
			go func() {
				time.Sleep(l.late) // the line's own time
				l.registry.ServeHTTP(httptest.NewRecorder(), arrived)
			}()
		})
		if err != nil {
			return nil, err
		}
	}
	return l.line.RoundTrip(r)
}

// TestACutPushThatTakesEffectLate: it overwrites who came and went in between, and only the one who sent it is still there to
// see that.
func TestACutPushThatTakesEffectLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		handler := ggcr.New(ggcr.Logger(log.New(io.Discard, "", 0)))
		tag, err := name.NewTag("127.0.0.1:5000/students/demo:sha256-" + imageHex + signatureSuffix)
		if err != nil {
			t.Fatal(err)
		}
		through := func(way http.RoundTripper) *store {
			s, err := newStore(tag, []remote.Option{remote.WithContext(t.Context()), remote.WithTransport(way)})
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		direct := &line{registry: handler, max: time.Millisecond, random: rand.New(rand.NewPCG(0, 0))}
		first, second := signatureOf(t, "first"), signatureOf(t, "second")
		var group sync.WaitGroup
		group.Go(func() {
			_, err := (&attacher{store: through(&lateOnce{line: direct, late: 700 * time.Millisecond}), lock: noLock, pace: normalPace}).
				attach(t.Context(), nil, []layer{first})
			if err != nil {
				t.Error(err)
			}
		})
		time.Sleep(400 * time.Millisecond)
		s := through(direct)
		before, err := s.first(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		done, err := (&attacher{store: s, lock: noLock, pace: normalPace}).attach(t.Context(), before, []layer{second})
		if err != nil || done.pushes != 1 {
			t.Errorf("%+v, %v", done, err)
		}
		group.Wait()
		time.Sleep(time.Second) // until everything has arrived
		assertHolds(t, s, []layer{first, second})
	})
}
