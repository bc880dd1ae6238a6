package signing_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"go.uber.org/goleak"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/actions/signing"
	"github.com/sigwalk/sigwalk/workshop/sandbox/sandboxtest"
)

// cancelling ends the work as soon as a stage starts.
type cancelling struct {
	stage  string
	cancel func()
}

func (c *cancelling) Event(_ context.Context, e actions.Event) {
	if s, ok := e.(actions.Stage); ok && s.ID == c.stage && s.State == actions.StageStarted {
		c.cancel()
	}
}

func (*cancelling) Ask(context.Context, actions.Question) (actions.Answer, error) {
	return actions.Answer{}, actions.ErrNobodyToAsk
}

func TestCancelledAtEveryStage(t *testing.T) {
	b := newBench(t)
	image, digest := sandboxtest.CopyImage(t, "")
	token := actions.NewSecret(sandboxtest.Token(t, "user1@demo.redhat.com"))
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	for _, stage := range []string{"resolve", "certificate", "timestamp", "log", "push"} {
		t.Run(stage, func(t *testing.T) {
			before := goleak.IgnoreCurrent()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			line := &http.Transport{}
			seen := &cancelling{stage: stage, cancel: cancel}
			opts := b.opts
			opts.Observer, opts.Transport = seen, line
			opts.Registry = registry.New(registry.Options{Homes: opts.Homes, Transport: line})
			_, err := signing.New(opts).SignWithToken(ctx, signing.Request{Image: image, Token: token, Consented: true})
			if !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
			line.CloseIdleConnections()
			if err := goleak.Find(before); err != nil {
				t.Error(err)
			}
		})
	}
	assertNothingAttached(t, image, digest)
}
