// Package quiet sends what the servers' libraries log to one writer. They keep their loggers in package variables that
// write to the standard streams of the process, and zap's Fatal ends it: neither may happen below a full-screen program.
package quiet

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"

	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"google.golang.org/grpc/grpclog"
	"k8s.io/klog/v2"
)

// sink is the one writer behind every library's logger. The libraries' loggers are globals that may be set only before
// they are used, so they are set once, to this, and only where it writes to changes.
type sink struct {
	mu    sync.Mutex
	to    io.Writer
	taken map[*zap.SugaredLogger]bool
	once  sync.Once
}

var shared = &sink{to: io.Discard, taken: map[*zap.SugaredLogger]bool{}}

// Write implements io.Writer. A log that cannot be written is no reason for a server to fail.
func (s *sink) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _ = s.to.Write(p)
	return len(p), nil
}

// To sends everything that libraries log to w from now on; nil changes nothing, and nothing is kept before the first
// call. It must be called before the first use of gRPC in the process, whose logger cannot be changed later.
func To(w io.Writer) {
	if w != nil {
		shared.mu.Lock()
		shared.to = w
		shared.mu.Unlock()
	}

	shared.once.Do(func() {
		klog.SetSlogLogger(slog.New(slog.NewTextHandler(shared, nil)))
		grpclog.SetLoggerV2(grpclog.NewLoggerV2(io.Discard, io.Discard, shared))
		redis.SetLogger(redisLogger{})
	})
}

// Zap takes over a library's zap logger in place, so that whoever holds a copy of the pointer is silenced too. A call of
// Fatal panics instead of ending the process.
func Zap(logger *zap.SugaredLogger) {
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if shared.taken[logger] {
		return
	}
	shared.taken[logger] = true

	encoder := zap.NewProductionEncoderConfig()
	encoder.EncodeTime = zapcore.ISO8601TimeEncoder
	core := zapcore.NewCore(zapcore.NewConsoleEncoder(encoder), zapcore.AddSync(shared), zap.InfoLevel)
	*logger = *zap.New(core, zap.WithFatalHook(zapcore.WriteThenPanic)).Sugar()
}

// Writer is where everything goes, for loggers that are ours.
func Writer() io.Writer { return shared }

type redisLogger struct{}

// Printf implements the logger of go-redis.
func (redisLogger) Printf(_ context.Context, format string, v ...any) {
	slog.New(slog.NewTextHandler(shared, nil)).Info("redis", "message", fmt.Sprintf(format, v...))
}
