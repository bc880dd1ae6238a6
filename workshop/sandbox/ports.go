package sandbox

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"

	"github.com/sigwalk/sigwalk/workshop/sandbox/internal/state"
)

// The servers that listen, by the names under which their ports are recorded.
const (
	nameRegistry  = "registry"
	nameSource    = "source"
	nameIdentity  = "identity"
	nameFulcio    = "fulcio"
	nameCTLog     = "ctlog"
	nameRekor     = "rekor"
	nameTimestamp = "timestamp"
	nameTUF       = "tuf"
)

var names = []string{
	nameRegistry, nameSource, nameIdentity, nameFulcio, nameCTLog, nameRekor, nameTimestamp, nameTUF,
}

// Ports are taken from below the ranges from which systems give ports to outgoing connections (Linux from 32768, others
// from 49152), so that a port is still free when the sandbox comes back to it.
const firstPort, lastPort = 18000, 31990

// listeners are the bound sockets by name.
type listeners map[string]net.Listener

// close releases the sockets that no server has taken over. Closing one twice is harmless.
func (l listeners) close() {
	for _, listener := range l {
		_ = listener.Close()
	}
}

// chooseListeners binds a run of free ports on loopback.
func chooseListeners(ctx context.Context) (listeners, map[string]int, error) {
	var failed error
	for range 100 {
		base := firstPort + 10*rand.IntN((lastPort-firstPort)/10)
		ports := map[string]int{}
		for i, name := range names {
			ports[name] = base + i
		}
		bound, err := bind(ctx, ports)
		if err == nil {
			return bound, ports, nil
		}
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		failed = err
	}
	return nil, nil, fmt.Errorf("find free ports on 127.0.0.1: %w", failed)
}

// bindAgain binds the ports that the sandbox had before. One that is taken is never replaced by another: certificates
// already issued name the identity provider's, and the image's signatures the registry's.
func bindAgain(ctx context.Context, ports map[string]int) (listeners, error) {
	bound, err := bind(ctx, ports)
	var taken *takenError
	if errors.As(err, &taken) {
		return nil, &Error{
			Code: CodePortTaken,
			What: fmt.Sprintf("port %d on 127.0.0.1, where this sandbox's %s listens, cannot be used", taken.port, taken.name),
			Why: "another program has it (" + taken.err.Error() + "); what was signed so far names this port, so the sandbox " +
				"does not move to another",
			Next: fmt.Sprintf("end the program that listens on port %d, or give up what was signed and start afresh with `sigwalk sandbox reset`", taken.port),
			Err:  taken.err,
		}
	}
	return bound, err
}

type takenError struct {
	name string
	port int
	err  error
}

func (e *takenError) Error() string { return e.err.Error() }

func bind(ctx context.Context, ports map[string]int) (listeners, error) {
	bound := listeners{}
	for _, name := range slices.Sorted(slices.Values(names)) {
		port := ports[name]
		if port < 1 || port > 65535 {
			bound.close()
			return nil, fmt.Errorf("%w: no port is recorded for the %s server", state.ErrUnreadable, name)
		}
		var config net.ListenConfig
		listener, err := config.Listen(ctx, "tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			bound.close()
			return nil, &takenError{name: name, port: port, err: err}
		}
		bound[name] = listener
	}
	return bound, nil
}
