package sandbox_test

import (
	"testing"

	"github.com/sigwalk/sigwalk/workshop/sandbox"
	"github.com/sigwalk/sigwalk/workshop/sandbox/sandboxtest"
)

func TestEverythingAnswers(t *testing.T) {
	for _, user := range []string{sandbox.StudentUser, sandbox.AdminUser, sandbox.PipelineUser, "pipeline"} {
		if token := sandboxtest.Token(t, user); token == "" {
			t.Errorf("no token for %s", user)
		}
	}
	if _, digest := sandboxtest.CopyImage(t, ""); digest == "" {
		t.Error("the copied image has no digest")
	}
}
