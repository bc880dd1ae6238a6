package signing

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	ggcr "github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

const imageHex = "5c50daa8cf06e7c36854343ccc31a99aecc10167d391f2a1d3cc048b63bd29ee"

// memory is a registry in memory with something in front of it, and the signature tag of an image in it.
func memory(t *testing.T, front func(http.Handler) http.Handler) name.Tag {
	t.Helper()
	return memoryAt(t, signatureSuffix, front)
}

// memoryAt is memory with another tag of the image.
func memoryAt(t *testing.T, suffix string, front func(http.Handler) http.Handler) name.Tag {
	t.Helper()
	handler := ggcr.New(ggcr.Logger(log.New(io.Discard, "", 0)))
	if front != nil {
		handler = front(handler)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	tag, err := name.NewTag(strings.TrimPrefix(server.URL, "http://") + "/students/demo:sha256-" + imageHex + suffix)
	if err != nil {
		t.Fatal(err)
	}
	return tag
}

func storeOf(t *testing.T, tag name.Tag) *store {
	t.Helper()
	s, err := newStore(tag, []remote.Option{remote.WithContext(t.Context()), remote.WithUserAgent("sigwalk")})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var payloadOfAll = []byte(`{"critical":{"image":{"docker-manifest-digest":"sha256:` + imageHex + `"}},"optional":null}`)

// signatureOf makes a layer that differs from others by who.
func signatureOf(t *testing.T, who string) layer {
	t.Helper()
	raw, err := json.Marshal(v1.Descriptor{
		MediaType: signatureType, Size: int64(len(payloadOfAll)), Digest: hashOf(t, payloadOfAll),
		Annotations: map[string]string{
			"dev.cosignproject.cosign/signature": base64.StdEncoding.EncodeToString([]byte(who)),
			"dev.sigstore.cosign/certificate":    "-----BEGIN CERTIFICATE-----\n" + who + "\n-----END CERTIFICATE-----\n",
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	l, err := parseLayer(raw)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func hashOf(t *testing.T, content []byte) v1.Hash {
	t.Helper()
	h, err := v1.NewHash(digestOf(content))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func noLock(context.Context) (func(), error) { return func() {}, nil }

// slowly delays every answer of the kind that a signer waits for between reading and pushing, each by a time of its own,
// so that pushes arrive in another order than they were sent.
func slowly(most time.Duration) func(http.Handler) http.Handler {
	return func(inner http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.Path, "/manifests/") {
				time.Sleep(time.Duration(rand.Int64N(int64(most)))) // the line's own time
			}
			inner.ServeHTTP(w, r)
			if strings.Contains(r.URL.Path, "/manifests/") {
				time.Sleep(time.Duration(rand.Int64N(int64(most)))) // the line's own time
			}
		})
	}
}

func assertHolds(t *testing.T, s *store, want []layer) *manifest {
	t.Helper()
	m, err := s.read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if m == nil {
		t.Fatal("there is no tag")
	}
	if lost := m.missing(want); len(lost) > 0 {
		t.Errorf("%d of %d signatures are lost", len(lost), len(want))
	}
	count := map[string]int{}
	for _, l := range m.layers {
		count[l.key]++
		if count[l.key] == 2 {
			t.Errorf("a signature is there twice: %s", l.raw)
		}
	}
	return m
}

func TestManySignersOnDifferentMachines(t *testing.T) {
	const signers = 30
	tag := memory(t, slowly(20*time.Millisecond))
	var (
		group sync.WaitGroup
		all   []layer
		start = make(chan struct{})
	)
	for i := range signers {
		ours := signatureOf(t, fmt.Sprintf("signer %d", i))
		all = append(all, ours)
		s := storeOf(t, tag)
		a := &attacher{store: s, lock: noLock, pace: normalPace}
		group.Go(func() {
			if _, err := s.blob(t.Context(), payloadOfAll, signatureType); err != nil {
				t.Error(err)
				return
			}
			<-start
			began := time.Now()
			done, err := a.attach(t.Context(), nil, []layer{ours})
			if err != nil {
				t.Error(err)
			}
			t.Logf("signer %d: %d pushes, %d put back, %v", i, done.pushes, done.restored, time.Since(began).Round(time.Millisecond))
		})
	}
	close(start)
	group.Wait()
	assertHolds(t, storeOf(t, tag), all)
}

// TestADeletedTagStaysWithoutWhatWasInIt: nobody loses a tag by pushing, so one that is gone was deleted by a person.
func TestADeletedTagStaysWithoutWhatWasInIt(t *testing.T) {
	tag := memory(t, nil)
	s := storeOf(t, tag)
	old, ours := signatureOf(t, "old"), signatureOf(t, "ours")
	if _, err := (&attacher{store: s, lock: noLock, pace: normalPace}).attach(t.Context(), nil, []layer{old}); err != nil {
		t.Fatal(err)
	}
	before, err := s.read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Delete(tag); err != nil {
		t.Fatal(err)
	}
	done, err := (&attacher{store: s, lock: noLock, pace: normalPace}).attach(t.Context(), before, []layer{ours})
	if err != nil || done.total != 1 || done.restored != 0 {
		t.Errorf("%+v, %v", done, err)
	}
	if m := assertHolds(t, s, []layer{ours}); len(m.layers) != 1 {
		t.Errorf("%d signatures", len(m.layers))
	}
}

func TestOneSignerAlone(t *testing.T) {
	tag := memory(t, nil)
	s := storeOf(t, tag)
	ours := signatureOf(t, "alone")
	began := time.Now()
	done, err := (&attacher{store: s, lock: noLock, pace: normalPace}).attach(t.Context(), nil, []layer{ours})
	if err != nil {
		t.Fatal(err)
	}
	t.Log(time.Since(began))
	if done.pushes != 1 || done.total != 1 || done.restored != 0 {
		t.Errorf("got %+v", done)
	}
	assertHolds(t, s, []layer{ours})
}
