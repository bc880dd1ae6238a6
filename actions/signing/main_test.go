package signing_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/actions/signing"
	"github.com/sigwalk/sigwalk/actions/trust"
	"github.com/sigwalk/sigwalk/workshop/sandbox/sandboxtest"
)

// signerJob is the variable that makes this test binary a signer and nothing else: a process of its own, as on a laptop
// of its own.
const signerJob = "SIGWALK_TEST_SIGNER"

type job struct {
	Endpoints actions.Endpoints
	Homes     actions.Homes
	Image     string
	Token     string
}

func TestMain(m *testing.M) {
	if text := os.Getenv(signerJob); text != "" {
		if err := runJob(text); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(sandboxtest.Main(m))
}

func runJob(text string) error {
	var j job
	if err := json.Unmarshal([]byte(text), &j); err != nil {
		return err
	}
	result, err := signing.New(signing.Options{
		Registry: registry.New(registry.Options{Homes: j.Homes}),
		Trust:    trust.New(trust.Options{Homes: j.Homes, Endpoints: j.Endpoints}), Endpoints: j.Endpoints, Homes: j.Homes,
	}).SignWithToken(context.Background(), signing.Request{Image: j.Image, Token: actions.NewSecret(j.Token), Consented: true})
	if err != nil {
		return err
	}
	fmt.Println(result.LogIndex)
	return nil
}
