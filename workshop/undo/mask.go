package undo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/workshop/environment"
)

// mask takes out of files what must not be in a picture. The sandbox's own passwords, which a stored login holds, give way to
// marks, for they are known again whenever the sandbox is. A file with any other secret in it stays out of what is written to
// disk as a whole.
type mask struct {
	known []actions.Secret
	env   *environment.Environment
}

const (
	markBegin = "\x00sigwalk:known:"
	markEnd   = "\x00"
	// shortest is the length in bytes from which the value of a secret variable is looked for in files.
	shortest = 6
)

func mark(i int) []byte { return fmt.Appendf(nil, "%s%d%s", markBegin, i, markEnd) }

// put returns content with marks, and whether it may be written to disk.
func (m mask) put(content []byte) (masked []byte, plain bool) {
	if bytes.Contains(content, []byte(markBegin)) {
		return content, false
	}
	masked = content
	for i, secret := range m.known {
		if text := secret.Reveal(); text != "" {
			masked = bytes.ReplaceAll(masked, []byte(text), mark(i))
		}
	}
	return masked, !m.secret(masked)
}

// take returns what put was given.
func (m mask) take(masked []byte) []byte {
	for i, secret := range m.known {
		masked = bytes.ReplaceAll(masked, mark(i), []byte(secret.Reveal()))
	}
	return masked
}

var (
	// token is a JSON Web Token (RFC 7519) in its compact form, as identity providers give it.
	token = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}`)
	// openKey is a private key that no password guards (RFC 7468). cosign's own are encrypted, and called so.
	openKey = regexp.MustCompile(`-{5}BEGIN (?:[A-Z0-9]+ )?PRIVATE KEY-{5}`)
)

// secret reports whether there is a secret in what is masked.
func (m mask) secret(masked []byte) bool {
	if token.Match(masked) || openKey.Match(masked) || holdsLogin(masked) {
		return true
	}
	for _, v := range m.env.List() {
		if v.Secret && len(v.Value) >= shortest && bytes.Contains(masked, []byte(v.Value)) {
			return true
		}
	}
	return false
}

// holdsLogin reports whether it is a file of logins, as Docker has them (config.json), with one that is not the sandbox's.
func holdsLogin(masked []byte) bool {
	var file struct {
		Auths map[string]map[string]any `json:"auths"`
	}
	// A mark is not allowed in JSON as it stands; it is in the middle of a string.
	if json.Unmarshal(bytes.ReplaceAll(masked, []byte{0}, []byte("|")), &file) != nil {
		return false
	}
	sandboxes := string(bytes.ReplaceAll([]byte(markBegin), []byte{0}, []byte("|")))
	for _, login := range file.Auths {
		for _, field := range []string{"auth", "password", "identitytoken", "registrytoken"} {
			if text, _ := login[field].(string); text != "" && !bytes.HasPrefix([]byte(text), []byte(sandboxes)) {
				return true
			}
		}
	}
	return false
}
