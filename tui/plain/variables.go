package plain

import (
	"time"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/identity"
	"github.com/sigwalk/sigwalk/tui/widget"
	"github.com/sigwalk/sigwalk/workshop/environment"
)

// env lists the variables, or says all of one.
func (w *walker) env(name string) {
	for _, v := range w.session.Snapshot().Env {
		if name != "" && v.Name != name {
			continue
		}
		w.say("%s: %s (from %s)", widget.Clean(v.Name), w.valueOf(v), widget.Clean(string(v.Source)))
		if name == "" {
			continue
		}
		switch {
		case secret(v):
			w.say("It is a secret, and is not printed. s opens a shell that has it.")
		case !v.Exported:
			w.say("It is not exported: lines of the workshop shell see it, and programs do not.")
		}
		if !secret(v) {
			w.say("This line exports it:")
			w.plainly("export " + v.Name + "=" + environment.Quote(v.Value))
		}
		return
	}
	if name != "" {
		w.say("There is no variable %s. e alone lists them.", widget.Clean(name))
	}
}

func secret(v environment.Variable) bool { return v.Secret || environment.IsSecret(v.Name) }

// valueOf says what may be said of a value.
func (w *walker) valueOf(v environment.Variable) string {
	switch {
	case v.Value == "":
		return "has no value"
	case !secret(v):
		return widget.Clean(v.Value)
	}
	token, err := identity.Parse(actions.NewSecret(v.Value))
	if err != nil || token.Expires.IsZero() {
		return "secret, set"
	}
	left := token.Expires.Sub(w.opts.Clock.Now())
	if left <= 0 {
		return "secret, set, expired at " + token.Expires.UTC().Format(time.TimeOnly) + " UTC"
	}
	return "secret, set, expires in " + left.Round(time.Second).String()
}
