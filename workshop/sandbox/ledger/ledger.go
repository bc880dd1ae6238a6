// Package ledger is Trillian in memory, made to last: one verifiable log each for the certificate transparency log and
// for Rekor, whose leaves are in a journal before anybody is told that they are logged.
//
// Trillian's memory storage loses everything with the process and hands out tree identifiers of its own. The journal
// brings the leaves back at the place and with the time they had, and the ledger answers under the tree identifier that
// was given out first, so that log indexes, integrated times, proofs and checkpoints stay what they were.
//
// An answered leaf survives a crash of the process, because the operating system has it. It is forced to the disk right
// after the answer, not before it: a power cut may take the leaves of the last moments, and with them the registry's
// signatures, which are not forced at all. A record that was half written then is cut off at the next start.
package ledger

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"

	"github.com/google/trillian"
	"github.com/google/trillian/extension"
	"github.com/google/trillian/log"
	"github.com/google/trillian/monitoring"
	"github.com/google/trillian/quota"
	"github.com/google/trillian/server"
	"github.com/google/trillian/storage"
	"github.com/google/trillian/storage/memory"
	"github.com/google/trillian/util/clock"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"github.com/sigwalk/sigwalk/workshop/sandbox/internal/quiet"
	"github.com/sigwalk/sigwalk/workshop/sandbox/internal/state"
)

// maxMessage bounds a gRPC message in bytes. A thousand certificates, the most that the CT log hands out at a time, are
// over gRPC's own limit of 4 MiB.
const maxMessage = 64 << 20

// Config configures Start.
type Config struct {
	// Dir keeps the journals.
	Dir string
	// Log receives what Trillian has to say; nil for nobody.
	Log io.Writer
}

// Ledger is a running Trillian log server.
type Ledger struct {
	dir    string
	memory *memory.TreeStorage
	logs   storage.LogStorage

	mu    sync.RWMutex
	trees map[int64]*Tree
	names map[string]*opening

	grpc   *grpc.Server
	addr   *net.TCPAddr
	conn   *grpc.ClientConn
	served sync.WaitGroup

	closing sync.Once
}

// Start serves the Trillian log API for the logs in cfg.Dir until Close.
func Start(ctx context.Context, cfg Config) (*Ledger, error) {
	quiet.To(cfg.Log)
	if err := state.MakeDir(cfg.Dir); err != nil {
		return nil, err
	}
	log.InitMetrics(monitoring.InertMetricFactory{})
	trees := memory.NewTreeStorage()
	l := &Ledger{
		dir:    cfg.Dir,
		memory: trees,
		logs:   memory.NewLogStorage(trees, nil),
		trees:  map[int64]*Tree{},
		names:  map[string]*opening{},
	}
	if err := l.listen(ctx); err != nil {
		return nil, err
	}
	return l, nil
}

// listen serves gRPC twice: on a loopback port, because Rekor wants an address, and in memory for everybody else.
func (l *Ledger) listen(ctx context.Context) error {
	tcp, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen for the transparency log: %w", err)
	}
	pipe := bufconn.Listen(1 << 20)
	l.addr = tcp.Addr().(*net.TCPAddr)
	l.conn, err = grpc.NewClient("passthrough:ledger",
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return pipe.DialContext(ctx) }),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage), grpc.MaxCallSendMsgSize(maxMessage)))
	if err != nil {
		return errors.Join(err, tcp.Close())
	}

	l.grpc = grpc.NewServer(grpc.MaxRecvMsgSize(maxMessage), grpc.MaxSendMsgSize(maxMessage))
	registry := extension.Registry{
		AdminStorage: admins{l},
		LogStorage:   logs{l},
		QuotaManager: quota.Noop(),
	}
	trillian.RegisterTrillianLogServer(l.grpc, server.NewTrillianLogRPCServer(registry, clock.System))
	for _, listener := range []net.Listener{tcp, pipe} {
		l.served.Go(func() { _ = l.grpc.Serve(listener) })
	}
	return nil
}

// Client talks to the log server inside this process.
func (l *Ledger) Client() trillian.TrillianLogClient { return trillian.NewTrillianLogClient(l.conn) }

// Addr is where the log server can be reached by gRPC over TCP, on loopback.
func (l *Ledger) Addr() *net.TCPAddr { return l.addr }

// Close stops the server and closes the journals, whose content is on the disk when it returns without an error. A
// second call does nothing.
func (l *Ledger) Close() (err error) {
	l.closing.Do(func() { err = l.close() })
	return err
}

func (l *Ledger) close() error {
	errs := []error{l.conn.Close()}
	l.grpc.Stop()
	l.served.Wait()

	l.mu.Lock()
	defer l.mu.Unlock()
	for _, tree := range l.trees {
		errs = append(errs, tree.close())
	}
	clear(l.trees)
	return errors.Join(errs...)
}

// tree returns the tree with the public identifier id, or nil.
func (l *Ledger) tree(id int64) *Tree {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.trees[id]
}
