package signing

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/registry"
)

// Push is one manifest that a registry stored, or one that was removed from it.
type Push struct {
	Repository string // without host
	Reference  string // tag or digest
	Digest     string // what was stored; empty when it is not known
	UserAgent  string
	At         time.Time
	Removed    bool
}

// GuardOptions configure a Guard.
type GuardOptions struct {
	Registry *registry.Client
	// Host is the registry ("127.0.0.1:18000") whose pushes Pushed tells of; empty when nobody tells.
	Host string
	// Homes.Attached is where signing records what it attached; empty to rely on Pushed alone.
	Homes    actions.Homes
	Observer actions.Observer // told what was put back; nil for nobody
	Clock    actions.Clock
	// Remote replaces the options of Registry where the credentials come from elsewhere; nil for Registry's.
	Remote func(context.Context) []remote.Option
	// Protect is for how long after it was attached a signature is put back; zero for two minutes. Who overwrites a
	// signature by accident read the tag before it was there; after so long it is no accident.
	Protect time.Duration
}

// Guard puts signatures back that sigwalk attached and that another tool then overwrote, because it had read the tag
// before they were there. It learns of them from the pushes that a registry reports (Pushed) and from what the signers that
// share Homes.Attached recorded; the tags of those it also reads from time to time, so that it works where nobody tells of
// pushes. What foreign tools lose among themselves is not its business, and a tag that a person deleted stays deleted.
//
// It is safe for concurrent use, and any number of guards may watch the same tag.
type Guard struct {
	opts    GuardOptions
	journal journal
	wake    chan struct{}
	looked  func(protected int) // told after every look at a tag; nil for nobody

	// removals counts what was removed and has not yet been told to the watchers.
	removals atomic.Int64

	mu    sync.Mutex
	inbox []Push
}

const defaultProtect = 2 * time.Minute

// NewGuard returns a guard that remembers what it is told and acts while Run runs.
func NewGuard(opts GuardOptions) *Guard {
	if opts.Observer == nil {
		opts.Observer = actions.Discard
	}
	if opts.Remote == nil {
		opts.Remote = opts.Registry.Remote
	}
	if opts.Protect == 0 {
		opts.Protect = defaultProtect
	}
	return &Guard{opts: opts, journal: journal{opts.Homes.Attached}, wake: make(chan struct{}, 1)}
}

// Pushed tells the guard of a manifest that was stored or removed at Host. It never blocks.
func (g *Guard) Pushed(push Push) {
	if g.opts.Host == "" || !push.Removed && !attachedTagPattern.MatchString(push.Reference) {
		return
	}
	if push.Removed {
		g.removals.Add(1)
	}
	g.mu.Lock()
	g.inbox = append(g.inbox, push)
	g.mu.Unlock()
	select {
	case g.wake <- struct{}{}:
	default: // it is awake
	}
}

func (g *Guard) take() []Push {
	g.mu.Lock()
	defer g.mu.Unlock()
	pushes := g.inbox
	g.inbox = nil
	return pushes
}

// journalEvery is how often the journal is looked at for signatures that another process attached.
const journalEvery = time.Second

// Run guards until ctx ends, and returns when everything it started has ended.
func (g *Guard) Run(ctx context.Context) {
	var (
		group sync.WaitGroup
		tags  = map[string]*watcher{}
		scan  = time.NewTicker(journalEvery)
	)
	defer scan.Stop()
	defer group.Wait()
	watch := func(tag name.Tag) *watcher {
		w := tags[tag.Name()]
		if w == nil || w.ended() {
			w = newWatcher(g, tag)
			tags[tag.Name()] = w
			group.Go(func() { w.run(ctx) })
		}
		return w
	}
	adopt := func() {
		for _, tag := range g.journal.recent(g.opts.Clock.Now().Add(-g.opts.Protect)) {
			watch(tag)
		}
		for key, w := range tags {
			if w.ended() {
				delete(tags, key)
			}
		}
	}
	deliver := func(push Push) {
		if push.Removed && !attachedTagPattern.MatchString(push.Reference) {
			for _, w := range tags { // a manifest was removed by its digest, and perhaps a tag with it
				if w.tag.RegistryStr() == g.opts.Host && w.tag.RepositoryStr() == push.Repository {
					w.tell(Push{At: push.At})
				}
			}
			return
		}
		tag, err := name.NewTag(g.opts.Host + "/" + push.Repository + ":" + push.Reference)
		if err != nil {
			return
		}
		for told := false; !told; { // one that ends just now is replaced
			told = watch(tag).tell(push)
		}
	}
	adopt()
	for {
		select {
		case <-ctx.Done():
			return
		case <-scan.C:
			adopt()
		case <-g.wake:
			for _, push := range g.take() {
				deliver(push)
				if push.Removed {
					g.removals.Add(-1)
				}
			}
		}
	}
}

// fromSigwalk reports whether a user agent is ours, of whatever version.
func fromSigwalk(userAgent string) bool {
	product, _, _ := strings.Cut(userAgent, " ")
	product, _, _ = strings.Cut(product, "/")
	return product == "sigwalk"
}
