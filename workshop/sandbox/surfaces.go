package sandbox

import (
	"sync"
	"time"
)

const (
	// noticesHeld is how many notices wait for a surface that does not read. The oldest make room: the newest counts.
	noticesHeld = 64
	// patience is how long a sandbox that was started for a surface waits for the first to join.
	patience = 30 * time.Second
)

// surfaces are those who joined, and whether the sandbox stays up for them.
type surfaces struct {
	mu      sync.Mutex
	joined  map[chan string]struct{}
	stay    bool
	stopped bool
	first   *time.Timer // ends a sandbox that nobody joins
	done    chan struct{}
}

func newSurfaces(stay bool) *surfaces {
	s := &surfaces{joined: map[chan string]struct{}{}, stay: stay, done: make(chan struct{})}
	if !stay {
		s.first = time.AfterFunc(patience, s.endUnused)
	}
	return s
}

// join adds a surface. Its notices are closed when the sandbox ends.
func (s *surfaces) join() (notices <-chan string, leave func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return nil, nil, errStopping
	}
	mine := make(chan string, noticesHeld)
	s.joined[mine] = struct{}{}
	return mine, func() {
		s.mu.Lock()
		delete(s.joined, mine)
		s.mu.Unlock()
		s.endUnused()
	}, nil
}

// endUnused ends the sandbox when nobody is left to stay for.
func (s *surfaces) endUnused() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.stay && len(s.joined) == 0 {
		s.end()
	}
}

// keep makes the sandbox stay up without surfaces.
func (s *surfaces) keep() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stay = true
}

// stop ends the sandbox, whoever is there.
func (s *surfaces) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.end()
}

// end is called with the lock held.
func (s *surfaces) end() {
	if s.stopped {
		return
	}
	s.stopped = true
	if s.first != nil {
		s.first.Stop()
	}
	for notices := range s.joined {
		close(notices)
	}
	close(s.done)
}

// notify tells every surface.
func (s *surfaces) notify(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return
	}
	for notices := range s.joined {
		select {
		case notices <- text:
		default:
			select {
			case <-notices:
			default:
			}
			notices <- text
		}
	}
}

func (s *surfaces) count() (n int, stay bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.joined), s.stay
}
