package signing

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/sigwalk/sigwalk/actions"
)

// telling tells a guard of every push, as the sandbox's registry does.
type telling struct {
	guard atomic.Pointer[Guard]
	puts  atomic.Int64
	looks chan int // how many signatures were protected at each look of the guard
}

// waitForLook waits until the guard has looked and protects so many.
func (n *telling) waitForLook(t *testing.T, protected int) {
	t.Helper()
	timeout := time.After(patience)
	for {
		select {
		case got := <-n.looks:
			if got == protected {
				return
			}
		case <-timeout:
			t.Fatalf("the guard never came to protect %d", protected)
		}
	}
}

func (n *telling) front(inner http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inner.ServeHTTP(w, r)
		repository, reference, ok := strings.Cut(strings.TrimPrefix(r.URL.Path, "/v2/"), "/manifests/")
		if !ok || r.Method != http.MethodPut && r.Method != http.MethodDelete {
			return
		}
		n.puts.Add(1)
		if g := n.guard.Load(); g != nil {
			g.Pushed(Push{
				Repository: repository, Reference: reference, Digest: w.Header().Get("Docker-Content-Digest"),
				UserAgent: r.UserAgent(), At: time.Now(), Removed: r.Method == http.MethodDelete,
			})
		}
	})
}

type notes struct {
	mu   sync.Mutex
	text []string
}

func (n *notes) Event(_ context.Context, e actions.Event) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.text = append(n.text, e.(actions.Note).Text)
}

func (n *notes) Ask(context.Context, actions.Question) (actions.Answer, error) {
	return actions.Answer{}, actions.ErrNobodyToAsk
}

func (n *notes) all() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return strings.Join(n.text, "\n")
}

// guarded is a registry with a guard that runs.
func guarded(t *testing.T, told bool, attachedDir string, behind func(http.Handler) http.Handler) (name.Tag, *telling, *notes) {
	t.Helper()
	return guardedAt(t, signatureSuffix, told, attachedDir, behind)
}

// guardedAt is guarded for another tag of the image.
func guardedAt(t *testing.T, suffix string, told bool, attachedDir string, behind func(http.Handler) http.Handler) (name.Tag, *telling, *notes) {
	t.Helper()
	bell, heard := &telling{looks: make(chan int, 1000)}, &notes{}
	tag := memoryAt(t, suffix, func(h http.Handler) http.Handler {
		if behind != nil {
			h = behind(h)
		}
		return bell.front(h)
	})
	opts := GuardOptions{
		Homes: actions.Homes{Attached: attachedDir}, Observer: heard,
		Remote: func(ctx context.Context) []remote.Option {
			return []remote.Option{remote.WithContext(ctx), remote.WithUserAgent("sigwalk/test")}
		},
	}
	if told {
		opts.Host = tag.RegistryStr()
	}
	guard := NewGuard(opts)
	guard.looked = func(protected int) { bell.looks <- protected }
	if told {
		bell.guard.Store(guard)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); guard.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-ended })
	return tag, bell, heard
}

// foreign signs as cosign 2 does: it reads, takes its time, and replaces the tag without looking again.
type foreign struct {
	store  *store
	thinks time.Duration
}

func newForeign(t *testing.T, tag name.Tag, thinks time.Duration) foreign {
	t.Helper()
	s, err := newStore(tag, []remote.Option{remote.WithContext(t.Context()), remote.WithUserAgent("cosign/v2.6.5")})
	if err != nil {
		t.Fatal(err)
	}
	return foreign{s, thinks}
}

func (f foreign) sign(t *testing.T, ours layer) {
	t.Helper()
	m, err := f.store.read(t.Context())
	if err != nil {
		t.Error(err)
		return
	}
	if m == nil {
		m = emptyManifest()
	}
	time.Sleep(f.thinks) // between reading and pushing, as a tool that overwrites does
	f.replace(t, m, ours)
}

func (f foreign) replace(t *testing.T, m *manifest, ours ...layer) {
	t.Helper()
	config, err := f.store.nextConfig(t.Context(), m, ours)
	if err != nil {
		t.Error(err)
		return
	}
	raw, err := m.with(ours, config)
	if err != nil {
		t.Error(err)
		return
	}
	if err := f.store.push(t.Context(), raw, m.mediaType); err != nil {
		t.Error(err)
	}
}

// patience is how long a test waits for what must come: how fast it comes is no question of these tests.
const patience = time.Minute

// holds reads the tag until it holds all of want.
func holds(t *testing.T, s *store, want ...layer) bool {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) { // a registry tells nobody
		if m, err := s.read(t.Context()); err == nil && m != nil && len(m.missing(want)) == 0 {
			return true
		}
	}
	return false
}

func attachOne(t *testing.T, tag name.Tag, who string) layer {
	t.Helper()
	s := storeOf(t, tag)
	ours := entryAt(t, s, who)
	if _, err := (&attacher{store: s, lock: noLock, pace: normalPace}).attach(t.Context(), nil, []layer{ours}); err != nil {
		t.Fatal(err)
	}
	return ours
}

func TestGuardPutsBackWhatAForeignToolOverwrote(t *testing.T) {
	tag, bell, heard := guarded(t, true, "", nil)
	first, second := attachOne(t, tag, "first"), attachOne(t, tag, "second")
	theirs := signatureOf(t, "foreign")
	newForeign(t, tag, 0).replace(t, emptyManifest(), theirs)
	s := storeOf(t, tag)
	if !holds(t, s, first, second, theirs) {
		t.Fatal("the signatures were not put back in time")
	}
	if !strings.Contains(heard.all(), "put back 2 signatures at "+tag.Name()) {
		t.Errorf("it said: %q", heard.all())
	}
	// It does not take its own push for a reason to push.
	count := bell.puts.Load()
	for len(bell.looks) > 0 {
		<-bell.looks
	}
	bell.waitForLook(t, 3)
	bell.waitForLook(t, 3)
	if now := bell.puts.Load(); now != count {
		t.Errorf("%d more pushes with nothing to put back", now-count)
	}
}

// TestGuardOfOtherLists: attestations and the list of referrers are guarded as signatures are, by what the registry tells and
// by the journal.
func TestGuardOfOtherLists(t *testing.T) {
	for suffix, noun := range map[string]string{attestationSuffix: "attestation", referrerSuffix: "bundle"} {
		for _, told := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s told %t", noun, told), func(t *testing.T) {
				dir := t.TempDir()
				tag, _, heard := guardedAt(t, suffix, told, dir, nil)
				ours := attachOne(t, tag, "ours")
				s := storeOf(t, tag)
				payload := payloadOfAll
				if listsReferrers(tag) {
					payload = nil
				}
				if err := (journal{dir}).add(tag, ours, payload, time.Now()); err != nil {
					t.Fatal(err)
				}
				theirs := entryAt(t, s, "foreign")
				newForeign(t, tag, 0).replace(t, s.empty(), theirs)
				if !holds(t, s, ours, theirs) {
					t.Fatal("it was not put back")
				}
				assertHolds(t, s, []layer{ours, theirs})
				for heard.all() == "" { // it says so when it has done so
					time.Sleep(10 * time.Millisecond) // the observer is only written to
				}
				if want := "put back 1 " + noun + " at " + tag.Name(); !strings.Contains(heard.all(), want) {
					t.Errorf("it said: %q", heard.all())
				}
			})
		}
	}
}

func TestGuardLeavesForeignLossesAlone(t *testing.T) {
	tag, bell, heard := guarded(t, true, "", nil)
	lost, left := signatureOf(t, "lost"), signatureOf(t, "left")
	newForeign(t, tag, 0).replace(t, emptyManifest(), lost)
	newForeign(t, tag, 0).replace(t, emptyManifest(), left)
	bell.waitForLook(t, 0)
	m := assertHolds(t, storeOf(t, tag), []layer{left})
	if len(m.layers) != 1 || heard.all() != "" {
		t.Errorf("%d signatures, and it said %q", len(m.layers), heard.all())
	}
}

func TestGuardLeavesADeletedTagDeleted(t *testing.T) {
	tag, bell, heard := guarded(t, true, t.TempDir(), nil)
	attachOne(t, tag, "first")
	bell.waitForLook(t, 1)
	if err := remote.Delete(tag); err != nil {
		t.Fatal(err)
	}
	theirs := signatureOf(t, "after")
	newForeign(t, tag, 0).replace(t, emptyManifest(), theirs)
	bell.waitForLook(t, 0)
	if m := assertHolds(t, storeOf(t, tag), []layer{theirs}); len(m.layers) != 1 {
		t.Errorf("%d signatures: deleted ones came back; it said %q", len(m.layers), heard.all())
	}
}

func TestGuardReadsTheJournalWhereNobodyTells(t *testing.T) {
	dir := t.TempDir()
	tag, _, _ := guarded(t, false, dir, nil)
	ours := attachOne(t, tag, "recorded")
	if err := (journal{dir}).add(tag, ours, payloadOfAll, time.Now()); err != nil {
		t.Fatal(err)
	}
	theirs := signatureOf(t, "foreign")
	newForeign(t, tag, 0).replace(t, emptyManifest(), theirs)
	if !holds(t, storeOf(t, tag), ours, theirs) {
		t.Error("the signature was not put back")
	}
}

func TestHalfForeignSignersAtOnce(t *testing.T) {
	tag, _, heard := guarded(t, true, "", slowly(15*time.Millisecond))
	var (
		group sync.WaitGroup
		mine  []layer
	)
	for i := range 30 {
		ours := signatureOf(t, fmt.Sprintf("signer %d", i))
		wait := time.Duration(rand.Int64N(int64(500 * time.Millisecond)))
		if i%2 == 0 {
			mine = append(mine, ours)
			a := &attacher{store: storeOf(t, tag), lock: noLock, pace: normalPace}
			group.Go(func() {
				time.Sleep(wait) // signers come when they come
				if _, err := a.attach(t.Context(), nil, []layer{ours}); err != nil {
					t.Error(err)
				}
			})
			continue
		}
		f := newForeign(t, tag, time.Duration(rand.Int64N(int64(400*time.Millisecond))))
		group.Go(func() {
			time.Sleep(3 * wait) // some of them come when the others have looked their last
			f.sign(t, ours)
		})
	}
	group.Wait()
	if !holds(t, storeOf(t, tag), mine...) {
		assertHolds(t, storeOf(t, tag), mine)
	}
	t.Log(heard.all())
}
