package stage

import (
	"encoding/base64"
	"slices"
	"strings"

	"github.com/sigwalk/sigwalk/workshop/environment"
	"github.com/sigwalk/sigwalk/workshop/shell"
)

// Curtain keeps secrets from an audience: those of an environment, identity tokens, and the forms in which a login travels or is
// stored. It is a value that is never changed.
type Curtain struct {
	env     *environment.Environment
	longest int
}

// NewCurtain hides the secrets among vars.
func NewCurtain(vars []environment.Variable) Curtain {
	c := Curtain{env: environment.New()}
	add := func(name, value string) {
		c.env.Set(environment.Variable{Name: name, Value: value, Secret: true})
		c.longest = max(c.longest, len(value))
	}
	for _, v := range vars {
		if !v.Secret && !environment.IsSecret(v.Name) || v.Value == "" {
			continue
		}
		add(v.Name, v.Value)
		add(v.Name+" base64", base64.StdEncoding.EncodeToString([]byte(v.Value)))
		// As in the config.json of a registry's login, and in HTTP's basic authentication (RFC 7617).
		for _, user := range vars {
			if strings.HasSuffix(user.Name, "_USER") && user.Value != "" {
				add(v.Name+" of "+user.Name, base64.StdEncoding.EncodeToString([]byte(user.Value+":"+v.Value)))
			}
		}
	}
	return c
}

// Hide returns text with dots in place of secrets.
func (c Curtain) Hide(text string) string {
	if c.env == nil {
		return text
	}
	return shell.Redact(text, c.env)
}

// mostHeld is how long a line may be before it is shown without its end.
const mostHeld = 1 << 16

// Whole returns how much of text can be hidden from: up to the end of its last line. What is printed comes in pieces, and a
// piece may end in the middle of a secret.
func (c Curtain) Whole(text string) int {
	if end := strings.LastIndexByte(text, '\n') + 1; end > 0 || len(text) < mostHeld {
		return end
	}
	return len(text)
}

// Variables returns vars without the values of secrets.
func (c Curtain) Variables(vars []environment.Variable) []environment.Variable {
	out := slices.Clone(vars)
	for i, v := range out {
		if (v.Secret || environment.IsSecret(v.Name)) && v.Value != "" {
			out[i].Secret, out[i].Value = true, dots
		} else {
			out[i].Value = c.Hide(v.Value)
		}
	}
	return out
}

const dots = "••••••"
