package registry_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/registry"
)

// cutter is a TCP proxy that cuts connections after a number of bytes in one direction, as bad networks do.
type cutter struct {
	addr   string
	target string
	// up and down are how many bytes pass towards the target and back before the next cut; negative for never.
	up, down atomic.Int64
	cuts     atomic.Int64 // how many connections may yet be cut
	wg       sync.WaitGroup
	open     sync.Map // connections
}

func newCutter(t testing.TB, target string) *cutter {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{addr: l.Addr().String(), target: target}
	c.up.Store(-1)
	c.down.Store(-1)
	c.wg.Add(1)
	go func() {
		defer c.wg.Done()
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			c.wg.Add(1)
			go c.serve(conn)
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		c.open.Range(func(conn, _ any) bool { _ = conn.(net.Conn).Close(); return true })
		c.wg.Wait()
	})
	return c
}

func (c *cutter) serve(conn net.Conn) {
	defer c.wg.Done()
	c.open.Store(conn, true)
	defer c.open.Delete(conn)
	to, err := net.Dial("tcp", c.target)
	if err != nil {
		_ = conn.Close()
		return
	}
	end := func() { _ = conn.Close(); _ = to.Close() }
	defer end()
	c.wg.Add(1)
	go func() {
		defer c.wg.Done()
		defer end()
		c.pipe(to, conn, c.up.Load())
	}()
	c.pipe(conn, to, c.down.Load())
}

func (c *cutter) pipe(to, from net.Conn, limit int64) {
	if limit < 0 {
		_, _ = io.Copy(to, from)
		return
	}
	n, _ := io.CopyN(to, from, limit)
	if n < limit {
		return
	}
	if c.cuts.Add(-1) < 0 {
		_, _ = io.Copy(to, from)
	}
}

func checkCopy(t *testing.T, b *bench, source, destination string) *registry.CopyResult {
	t.Helper()
	result, err := b.Copy(context.Background(), registry.CopyRequest{Source: source, Destination: destination})
	if err != nil {
		t.Fatal(err)
	}
	there, err := remote.Image(mustRef(t, destination), b.Remote(context.Background())...)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Image(there); err != nil {
		t.Errorf("the copy is not whole: %v", err)
	}
	return result
}

func TestCopyTakesUpAnUploadThatWasCut(t *testing.T) {
	b := newBench(t)
	from := plainRegistry(t)
	cut := newCutter(t, distributionRegistry(t))
	b.login(t, cut.addr)
	source, destination := from+"/demo/app:latest", cut.addr+"/l3-students/app:1.0"
	const size = 16 << 20
	put(t, b, source, randomImage(t, size, 1))
	b.base.CloseIdleConnections()
	cut.up.Store(12 << 20)
	cut.cuts.Store(1)

	result := checkCopy(t, b, source, destination)
	if cut.cuts.Load() > 0 {
		t.Fatal("nothing was cut")
	}
	if result.Bytes >= 2*size-(8<<20) {
		t.Errorf("%d bytes travelled for a layer of %d: it was sent anew, not taken up", result.Bytes, size)
	}
	if len(b.seen.calls(http.MethodPatch, "/blobs/uploads/")) == 0 {
		t.Error("no rest was sent with PATCH")
	}
}

func TestCopyAsksForTheRestOfALayerThatWasCut(t *testing.T) {
	b := newBench(t)
	cut := newCutter(t, serve(t, distribution(t, t.TempDir(), false)))
	to := distributionRegistry(t)
	b.login(t, to)
	source, destination := cut.addr+"/demo/app:latest", to+"/l3-students/app:1.0"
	const size = 4 << 20
	put(t, b, source, randomImage(t, size, 2))
	b.base.CloseIdleConnections()
	cut.down.Store(1 << 20)
	cut.cuts.Store(5)

	result := checkCopy(t, b, source, destination)
	if cut.cuts.Load() > 0 {
		t.Fatalf("%d cuts are left", cut.cuts.Load())
	}
	if result.Bytes > 2*size+(64<<10) {
		t.Errorf("%d bytes were uploaded for two layers of %d", result.Bytes, size)
	}
}

func TestCopyGoesOnAfterAFailure(t *testing.T) {
	b := newBench(t)
	from := plainRegistry(t)
	store := distribution(t, t.TempDir(), false)
	const room = 3
	var taken atomic.Int64
	var stored sync.WaitGroup
	stored.Add(room)
	to := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPut || !strings.Contains(r.URL.Path, "/blobs/uploads/") {
			store.ServeHTTP(w, r)
			return
		}
		switch n := taken.Add(1); {
		case n <= room:
			store.ServeHTTP(w, r)
			stored.Done()
		case n == room+1: // the disk fills up, once, when three blobs are on it
			stored.Wait()
			w.WriteHeader(http.StatusInsufficientStorage)
		default:
			_, _ = io.Copy(io.Discard, r.Body) // a server notices that the client has gone only then
			<-r.Context().Done()
		}
	}))
	source, destination := from+"/demo/app:latest", to+"/l3-students/app:1.0"
	put(t, b, source, randomImage(t, 1<<20, 4))

	_, err := b.Copy(context.Background(), registry.CopyRequest{Source: source, Destination: destination})
	wantCode(t, err, actions.CodeServer)
	if _, err := b.Resolve(context.Background(), destination); actions.CodeOf(err) != actions.CodeTagNotFound &&
		actions.CodeOf(err) != actions.CodeImageNotFound {
		t.Errorf("after a failed copy the destination is: %v", err)
	}
	taken.Store(-1 << 30)
	stored.Add(5)
	if result := checkCopy(t, b, source, destination); result.Skipped != 3 {
		t.Errorf("the next try skipped %d blobs, want the 3 that were there", result.Skipped)
	}
}

func wantCode(t *testing.T, err error, code actions.Code) *actions.Error {
	t.Helper()
	var e *actions.Error
	if !errors.As(err, &e) || e.Code != code {
		t.Fatalf("%v (code %q), want code %s", err, actions.CodeOf(err), code)
	}
	if e.What == "" || e.Why == "" || e.Next == "" {
		t.Errorf("what, why or next is empty: %+v", e)
	}
	for _, part := range []string{e.What, e.Why, e.Next} {
		if strings.Contains(part, testPassword) {
			t.Errorf("the password is in %q", part)
		}
	}
	return e
}
