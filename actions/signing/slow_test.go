package signing

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// lagging lets some pushes of a manifest take effect long after they were sent, and after others that were sent later.
func lagging(lag time.Duration, oneIn int64) func(http.Handler) http.Handler {
	return func(inner http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/manifests/") && rand.Int64N(oneIn) == 0 {
				body, _ := io.ReadAll(r.Body)
				r.Body = io.NopCloser(bytes.NewReader(body))
				time.Sleep(lag)
			}
			inner.ServeHTTP(w, r)
		})
	}
}

func TestPushesThatTakeEffectLate(t *testing.T) {
	const signers = 16
	tag := memory(t, lagging(time.Second, 4))
	var (
		group sync.WaitGroup
		all   []layer
	)
	for i := range signers {
		ours := signatureOf(t, fmt.Sprintf("signer %d", i))
		all = append(all, ours)
		s := storeOf(t, tag)
		a := &attacher{store: s, lock: noLock, pace: normalPace}
		group.Go(func() {
			time.Sleep(time.Duration(rand.Int64N(int64(2 * time.Second))))
			began := time.Now()
			done, err := a.attach(t.Context(), nil, []layer{ours})
			if err != nil {
				t.Error(err)
			}
			t.Logf("signer %d: %d pushes, %d put back, %v", i, done.pushes, done.restored, time.Since(began).Round(time.Millisecond))
		})
	}
	group.Wait()
	assertHolds(t, storeOf(t, tag), all)
}

// TestWhoComesAndGoesDuringASlowPush: the push of one signer is under way for as long as another needs to sign, look, and
// leave satisfied. Only the first can know that it overwrote the second.
func TestWhoComesAndGoesDuringASlowPush(t *testing.T) {
	held, left := make(chan struct{}), make(chan struct{})
	var once sync.Once
	tag := memory(t, func(inner http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/manifests/") && strings.HasPrefix(r.UserAgent(), "slow") {
				once.Do(func() {
					body, _ := io.ReadAll(r.Body)
					r.Body = io.NopCloser(bytes.NewReader(body))
					close(held)
					<-left
				})
			}
			inner.ServeHTTP(w, r)
		})
	})
	slow, err := newStore(tag, []remote.Option{remote.WithContext(t.Context()), remote.WithUserAgent("slow")})
	if err != nil {
		t.Fatal(err)
	}
	first, second := signatureOf(t, "slow"), signatureOf(t, "quick")
	var group sync.WaitGroup
	group.Go(func() {
		done, err := (&attacher{store: slow, lock: noLock, pace: normalPace}).attach(t.Context(), nil, []layer{first})
		if err != nil || done.restored != 1 {
			t.Errorf("%+v, %v", done, err)
		}
	})
	<-held
	done, err := (&attacher{store: storeOf(t, tag), lock: noLock, pace: normalPace}).attach(t.Context(), nil, []layer{second})
	if err != nil || done.pushes != 1 {
		t.Errorf("%+v, %v", done, err)
	}
	close(left)
	group.Wait()
	assertHolds(t, slow, []layer{first, second})
}

// TestWhatWasReadLongAgoIsReadAgain: the configuration takes its time to upload, and another signs meanwhile. Their
// signature is not overwritten for a moment, as it would be if the list read before were pushed.
func TestWhatWasReadLongAgoIsReadAgain(t *testing.T) {
	uploading, signed := make(chan struct{}), make(chan struct{})
	var once sync.Once
	tag := memory(t, func(inner http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost && strings.HasPrefix(r.UserAgent(), "slow") {
				once.Do(func() { close(uploading); <-signed; time.Sleep(normalPace.budget) })
			}
			inner.ServeHTTP(w, r)
		})
	})
	slow, err := newStore(tag, []remote.Option{remote.WithContext(t.Context()), remote.WithUserAgent("slow")})
	if err != nil {
		t.Fatal(err)
	}
	theirs, ours := signatureOf(t, "theirs"), signatureOf(t, "ours")
	go func() {
		defer close(signed)
		<-uploading
		newForeign(t, tag, 0).sign(t, theirs)
	}()
	done, err := (&attacher{store: slow, lock: noLock, pace: normalPace}).attach(t.Context(), nil, []layer{ours})
	if err != nil || done.pushes != 1 || done.restored != 0 || done.total != 2 {
		t.Errorf("%+v, %v", done, err)
	}
	assertHolds(t, slow, []layer{theirs, ours})
}
