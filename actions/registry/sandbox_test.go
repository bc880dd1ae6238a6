package registry_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/actions/web"
	"github.com/sigwalk/sigwalk/workshop/sandbox"
	"github.com/sigwalk/sigwalk/workshop/sandbox/sandboxtest"
)

// The first steps of the lesson against the sandbox's own registries: each refusal, then the login, then the copy.
func TestFirstStepsInTheSandbox(t *testing.T) {
	s := sandboxtest.Start(t)
	seen := &recorder{}
	through, err := web.Transport(web.Options{Observer: seen})
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	client := registry.New(registry.Options{Homes: actions.Homes{Docker: home}, Transport: through, Observer: seen})
	repository := s.Registry + "/" + sandbox.Organization + "/first-steps"
	request := registry.CopyRequest{Source: s.SourceImage, Destination: repository + ":latest"}

	_, err = client.Copy(t.Context(), request)
	wantCode(t, err, actions.CodeUnauthorized)
	_, err = client.Login(t.Context(), registry.LoginRequest{
		Server: s.Registry, Username: s.RegistryUser, Password: actions.NewSecret("wrong-password"),
	})
	wantCode(t, err, actions.CodeWrongPassword)
	if _, err := os.Stat(filepath.Join(home, "config.json")); !os.IsNotExist(err) {
		t.Errorf("a refused login was stored: %v", err)
	}
	wrong := request
	wrong.DestinationLogin = &registry.Credentials{Username: s.RegistryUser, Password: actions.NewSecret("wrong-password")}
	_, err = client.Copy(t.Context(), wrong)
	wantCode(t, err, actions.CodeWrongPassword)

	given := request
	given.DestinationLogin = &registry.Credentials{Username: s.RegistryUser, Password: actions.NewSecret(s.RegistryPass)}
	if _, err := client.Copy(t.Context(), given); err != nil {
		t.Errorf("with a login given for this copy: %v", err)
	}
	if _, err := client.Login(t.Context(), registry.LoginRequest{
		Server: s.Registry, Username: s.RegistryUser, Password: actions.NewSecret(s.RegistryPass),
	}); err != nil {
		t.Fatal(err)
	}
	other := request
	other.Destination = s.Registry + "/nobody-made-this/app:latest"
	_, err = client.Copy(t.Context(), other)
	if e := wantCode(t, err, actions.CodeNoOrganization); !strings.Contains(e.What, "nobody-made-this") {
		t.Errorf("%q does not name the organisation", e.What)
	}
	other = request
	other.Source += "-that-is-not-there"
	_, err = client.Copy(t.Context(), other)
	wantCode(t, err, actions.CodeTagNotFound)

	result, err := client.Copy(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	if result.Blobs != 5 || len(result.Platforms) != 1 {
		t.Errorf("%d blobs for %v, want four layers and a configuration for one platform", result.Blobs, result.Platforms)
	}
	there, err := client.Resolve(t.Context(), repository+":latest")
	if err != nil || there.Digest.DigestStr() != result.Digest.String() {
		t.Errorf("%v, %v, want %s", there, err, result.Digest)
	}
	access, err := client.Access(t.Context(), repository)
	if err != nil || *access != (registry.Access{Pull: true, Push: true, LoggedIn: true}) {
		t.Errorf("%+v, %v", access, err)
	}

	index := registry.CopyRequest{
		Source:      strings.TrimSuffix(s.SourceImage, ":latest") + ":multiarch",
		Destination: repository + ":multiarch",
	}
	result, err = client.Copy(context.Background(), index)
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Platforms) != 2 || !result.MediaType.IsIndex() {
		t.Errorf("%s for %v, want an index for two platforms", result.MediaType, result.Platforms)
	}
}
