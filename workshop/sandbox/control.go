package sandbox

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/sigwalk/sigwalk/workshop/sandbox/internal/serve"
)

// The control socket speaks HTTP. GET /status answers with Status; POST /stop ends the sandbox, POST /stay makes it outlive
// its surfaces; GET /join answers with a stream of JSON messages that stays open for as long as the surface is there.
const (
	pathStatus = "/status"
	pathStop   = "/stop"
	pathStay   = "/stay"
	pathJoin   = "/join"
)

// Status is a running sandbox, seen from outside.
type Status struct {
	Dir     string    `json:"dir"`
	PID     int       `json:"pid"`
	Started time.Time `json:"started"`
	Created time.Time `json:"created"`
	Bare    bool      `json:"bare"`
	// Stay is true when the sandbox stays up without surfaces.
	Stay     bool `json:"stay"`
	Surfaces int  `json:"surfaces"`
	// Issuers are the identity providers beside the sandbox's own that Fulcio trusts.
	Issuers  []Issuer `json:"issuers,omitempty"`
	Settings Settings `json:"settings"`
}

// message is one line of the stream that a joined surface reads. The first carries Settings.
type message struct {
	Settings *Settings `json:"settings,omitempty"`
	Notice   string    `json:"notice,omitempty"`
}

// controlName names the control socket below a sandbox's home.
const controlName = "control"

// serveControl answers on the control socket until the sandbox closes.
func (s *Sandbox) serveControl(listener net.Listener, out io.Writer) *serve.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+pathStatus, func(w http.ResponseWriter, _ *http.Request) { answer(w, s.Status()) })
	mux.HandleFunc("POST "+pathStop, func(w http.ResponseWriter, _ *http.Request) {
		answer(w, s.Status())
		s.surfaces.stop()
	})
	mux.HandleFunc("POST "+pathStay, func(w http.ResponseWriter, _ *http.Request) {
		s.surfaces.keep()
		answer(w, s.Status())
	})
	mux.HandleFunc("GET "+pathJoin, s.serveJoin)
	return serve.HTTP(listener, mux, out)
}

func answer(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	// The surface may have gone: there is nobody left to tell.
	_ = json.NewEncoder(w).Encode(body)
}

// serveJoin holds a surface's lease. A surface that crashes closes its connection, so it has left too.
func (s *Sandbox) serveJoin(w http.ResponseWriter, r *http.Request) {
	notices, leave, err := s.surfaces.join()
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	defer leave()
	stream := json.NewEncoder(w)
	control := http.NewResponseController(w)
	settings := s.Settings()
	next := message{Settings: &settings}
	for {
		if stream.Encode(next) != nil || control.Flush() != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case text, open := <-notices:
			if !open {
				return
			}
			next = message{Notice: text}
		}
	}
}

var errStopping = errors.New("the sandbox is ending")
