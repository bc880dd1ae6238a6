package shell

import (
	"bytes"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/workshop/environment"
)

// token is what an identity or access token looks like: the three parts of a JSON Web Token (RFC 7519), of which the first
// two are JSON objects and so begin with eyJ in Base64.
var token = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}`)

// beginning is a token, or the beginning of one, at the end of a write.
var beginning = regexp.MustCompile(`eyJ[A-Za-z0-9_.-]*$`)

const (
	// shortest is how long a secret must be to be hidden wherever it stands. Shorter ones, such as a password of
	// "student", are words that may stand anywhere.
	shortest = 16
	// mostHeld is how much of a token's beginning waits for the rest of it.
	mostHeld = 1 << 16
	// bulk is the size from which on a write may have been cut anywhere, as a copy's.
	bulk = 4096
)

// guard is the end of a line's output: commands of a pipeline write to it at the same time, and identity tokens come out
// as dots, because what a lesson prints ends up in transcripts and on projectors.
type guard struct {
	mu      *sync.Mutex // shared by the guards of a line, whose writers may be one and the same
	w       io.Writer
	secrets []string
	reveal  bool
	held    []byte
}

func newGuard(w io.Writer, mu *sync.Mutex, env *environment.Environment, reveal bool) *guard {
	if w == nil {
		w = io.Discard
	}
	g := &guard{mu: mu, w: w, reveal: reveal}
	for _, v := range env.List() {
		if v.Secret && len(v.Value) >= shortest {
			g.secrets = append(g.secrets, v.Value)
		}
	}
	return g
}

// Write implements io.Writer.
func (g *guard) Write(p []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.reveal {
		return g.w.Write(p)
	}
	text := slices.Concat(g.held, p)
	g.held = nil
	if at := g.unfinished(text, len(p) >= bulk); at < len(text) && len(text)-at <= mostHeld {
		g.held = bytes.Clone(text[at:])
		text = text[:at]
	}
	if _, err := g.w.Write(g.hide(text)); err != nil {
		return 0, err
	}
	return len(p), nil
}

// flush writes what was held back.
func (g *guard) flush() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.held) > 0 {
		_, _ = g.w.Write(g.hide(g.held))
		g.held = nil
	}
}

func (g *guard) hide(text []byte) []byte {
	dots := []byte(actions.NewSecret("x").String())
	for _, secret := range g.secrets {
		text = bytes.ReplaceAll(text, []byte(secret), dots)
	}
	if bytes.Contains(text, []byte("eyJ")) {
		text = token.ReplaceAll(text, dots)
	}
	return text
}

// unfinished returns where the beginning of a secret stands at the end of text, or the end of text.
func (g *guard) unfinished(text []byte, cut bool) int {
	end := len(text)
	if at := beginning.FindIndex(text); at != nil {
		end = at[0]
	} else if cut {
		for _, start := range []string{"ey", "e"} {
			if bytes.HasSuffix(text, []byte(start)) {
				end = len(text) - len(start)
				break
			}
		}
	}
	const enough = 4 // characters that a secret and the text must share to be taken for more than chance
	for _, secret := range g.secrets {
		for n := min(len(secret)-1, len(text)); n >= enough; n-- {
			if strings.HasPrefix(secret, string(text[len(text)-n:])) {
				end = min(end, len(text)-n)
				break
			}
		}
	}
	return end
}

// plainWriter returns the file below a guard, for a program of the host that wants the terminal itself.
func plainWriter(w io.Writer) io.Writer {
	if out, ok := w.(*output); ok {
		w = out.w
	}
	g, ok := w.(*guard)
	if !ok {
		return w
	}
	if file, ok := g.w.(*os.File); ok {
		g.flush()
		return file
	}
	return w
}
