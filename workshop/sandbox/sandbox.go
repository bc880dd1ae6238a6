// Package sandbox is a whole local Sigstore: a registry, a second one that plays quay.io, an OpenID Connect provider,
// Fulcio, a certificate transparency log, Rekor, a timestamp authority and a TUF repository, all real, in one process,
// on loopback, with state that survives a restart and a crash.
package sandbox

import (
	"context"
	"io"
	"time"
)

// Options configure a sandbox.
type Options struct {
	// Dir is the state directory; the sandbox keeps its state in Dir/sandbox and owns it while it runs.
	Dir string
	// Bare leaves out the organisation and the technical user, for a course that makes them.
	Bare bool
	// OnPush is told of every manifest that the destination registry stored, after it answered; nil for nobody.
	OnPush func(Push)
	// Stay keeps the sandbox up when the last surface that joined it has gone.
	Stay bool
	// Progress is told what is being started, in words; nil for nobody.
	Progress func(string)
}

// Push is one manifest that the destination registry stored.
type Push struct {
	Repository string // without host
	Reference  string // tag or digest
	Digest     string
	UserAgent  string
	At         time.Time
}

// Settings say how to use a running sandbox.
type Settings struct {
	Fulcio          string `json:"fulcio"`
	Rekor           string `json:"rekor"`
	TUFMirror       string `json:"tufMirror"`
	TUFRoot         string `json:"tufRoot"` // URL of root.json
	TUFRootChecksum string `json:"tufRootChecksum"`
	Timestamp       string `json:"timestamp"`
	OIDCIssuer      string `json:"oidcIssuer"`
	OIDCClientID    string `json:"oidcClientID"`
	Registry        string `json:"registry"` // host:port, the destination
	RegistryUser    string `json:"registryUser"`
	RegistryPass    string `json:"registryPassword"`
	SourceImage     string `json:"sourceImage"`
	Image           string `json:"image"` // where the lesson copies it to
	OIDCUser        string `json:"oidcUser"`
	OIDCPassword    string `json:"oidcPassword"`
	LogFile         string `json:"logFile"`
}

// Sandbox is a sandbox that this process owns.
type Sandbox struct{}

// Start takes the directory and starts every server. It returns when all of them answer. It fails with CodeOwned when
// another process owns the directory, CodePortTaken when a port it used before is taken, CodeStateUnreadable or
// CodeStateUnwritable when its state cannot be used. (Those are actions' codes by name: this package imports nothing of
// ours and returns *Error.)
func Start(ctx context.Context, opts Options) (*Sandbox, error) { panic("being built") }

// Settings say how to use it.
func (s *Sandbox) Settings() Settings { panic("being built") }

// Done is closed when the sandbox has nobody left to stay for, or was told to stop through its control socket.
func (s *Sandbox) Done() <-chan struct{} { panic("being built") }

// Close stops every server and gives the directory back.
func (s *Sandbox) Close() error { panic("being built") }

// Error is a failure to start or use a sandbox.
type Error struct {
	Code, What, Why, Next string
	Err                   error
}

func (e *Error) Error() string { panic("being built") }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Handle is a sandbox that runs in another process and was joined.
type Handle struct{}

// Join joins the sandbox that runs for dir, or fails with ErrNotRunning. The sandbox stays up at least until Leave.
func Join(ctx context.Context, dir string) (*Handle, error) { panic("being built") }

// Launch configures JoinOrLaunch.
type Launch struct {
	Dir        string
	Executable string // our own binary; it is run as `Executable sandbox up --dir Dir --until-unused`
	Args       []string
	Progress   func(string)
	Stderr     io.Writer
}

// JoinOrLaunch joins the sandbox of Launch.Dir, or starts one in a process of its own and joins that.
func JoinOrLaunch(ctx context.Context, launch Launch) (*Handle, error) { panic("being built") }

// Settings say how to use it.
func (h *Handle) Settings() Settings { panic("being built") }

// Notices delivers what the owner has to say while it runs, such as "put back 3 signatures that were overwritten". It is
// closed when the owner ends.
func (h *Handle) Notices() <-chan string { panic("being built") }

// Leave lets go; a sandbox that a surface started ends with the last that leaves.
func (h *Handle) Leave() error { panic("being built") }
