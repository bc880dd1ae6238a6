package registry_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/registry"
)

// store writes credentials as another program would, unchecked.
func store(t *testing.T, b *bench, host, user, password string) {
	t.Helper()
	text, err := json.Marshal(map[string]any{"auths": map[string]any{
		host: map[string]string{"auth": base64.StdEncoding.EncodeToString([]byte(user + ":" + password))},
	}})
	if err != nil {
		t.Fatal(err)
	}
	writeConfig(t, b, string(text))
}

func writeConfig(t *testing.T, b *bench, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(b.home, "config.json"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func readConfig(t *testing.T, b *bench) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(b.home, "config.json"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func login(b *bench, server, password string) (*registry.LoginResult, error) {
	return b.Login(context.Background(), registry.LoginRequest{
		Server: server, Username: testUser, Password: actions.NewSecret(password),
	})
}

// stored returns what the client's keychain has for a host.
func stored(t *testing.T, b *bench, host string) authn.AuthConfig {
	t.Helper()
	auth, err := b.Keychain().Resolve(mustRef(t, host+"/some/thing").Context())
	if err != nil {
		t.Fatal(err)
	}
	config, err := auth.Authorization()
	if err != nil {
		t.Fatal(err)
	}
	return *config
}

func TestLoginIsCheckedBeforeItIsStored(t *testing.T) {
	for name, host := range map[string]string{"basic": distributionRegistry(t), "bearer": newQuay(t).host} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			_, err := login(b, host, "wrong-password")
			e := wantCode(t, err, actions.CodeWrongPassword)
			if !strings.Contains(e.What, host) || !strings.Contains(e.What, testUser) {
				t.Errorf("%q does not name host and user", e.What)
			}
			if _, err := os.Stat(filepath.Join(b.home, "config.json")); !os.IsNotExist(err) {
				t.Errorf("a refused login left a config.json: %v", err)
			}
			result, err := login(b, host, testPassword)
			if err != nil {
				t.Fatal(err)
			}
			want := registry.LoginResult{Server: host, Path: filepath.Join(b.home, "config.json")}
			if *result != want {
				t.Errorf("%+v, want %+v", *result, want)
			}
			if got := stored(t, b, host); got.Username != testUser || got.Password != testPassword {
				t.Errorf("stored %s with %d characters", got.Username, len(got.Password))
			}
			info, err := os.Stat(result.Path)
			if err != nil {
				t.Fatal(err)
			}
			if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
				t.Errorf("config.json has the mode %v", info.Mode())
			}
			left, err := os.ReadDir(b.home)
			if err != nil || len(left) != 1 {
				t.Errorf("beside config.json lie %v, %v", left, err)
			}
		})
	}
}

func TestLoginToARegistryThatAsksNobody(t *testing.T) {
	b := newBench(t)
	result, err := login(b, plainRegistry(t), "anything")
	if err != nil {
		t.Fatal(err)
	}
	if !result.Unchecked {
		t.Error("it is not said that nothing was checked")
	}
}

func TestLoginTakesHostPortAndURL(t *testing.T) {
	host := distributionRegistry(t)
	for _, server := range []string{host, "http://" + host, "http://" + host + "/", host + "/v2/", " " + host + "\n", host + "/l3-students/app"} {
		b := newBench(t)
		result, err := login(b, server, testPassword)
		if err != nil {
			t.Errorf("%q: %v", server, err)
			continue
		}
		if result.Server != host {
			t.Errorf("%q is stored for %q, want %q", server, result.Server, host)
		}
	}
	for _, server := range []string{"", " ", "https://", "https://me:" + testPassword + "@quay.io", "me:" + testPassword + "@quay.io", "quay io", "http://[::1"} {
		_, err := login(newBench(t), server, testPassword)
		wantCode(t, err, actions.CodeUsage)
	}
	for _, req := range []registry.LoginRequest{
		{Server: host, Username: testUser},
		{Server: host, Password: actions.NewSecret(testPassword)},
	} {
		_, err := newBench(t).Login(context.Background(), req)
		wantUsage(t, err)
	}
}

func TestLoginKeepsWhatElseIsInTheFile(t *testing.T) {
	b := newBench(t)
	host := distributionRegistry(t)
	writeConfig(t, b, `{
  "zebra": {"of": "another tool", "n": 12345678901234567890},
  "auths": {"quay.io": {"auth": "YTpi", "podman": true}, "`+host+`": {"auth": "b2xkOm9sZA=="}},
  "HttpHeaders": {"X-Mine": "<kept>"},
  "psFormat": "table"
}`)
	if _, err := login(b, host, testPassword); err != nil {
		t.Fatal(err)
	}
	text := readConfig(t, b)
	for _, want := range []string{"12345678901234567890", `"podman": true`, `"<kept>"`, `"YTpi"`, `"psFormat": "table"`} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is gone from\n%s", want, text)
		}
	}
	if strings.Index(text, "zebra") > strings.Index(text, "auths") {
		t.Error("the order of the file changed")
	}
	if got := stored(t, b, host); got.Password != testPassword {
		t.Error("the new password is not the one that counts")
	}
}

func TestLoginLeavesABrokenFileAlone(t *testing.T) {
	host := distributionRegistry(t)
	for name, text := range map[string]string{
		"cut off":       `{"auths": {"quay.io": {"auth": "YTpi"`,
		"no JSON":       `auths: quay.io`,
		"an array":      `[]`,
		"auths a list":  `{"auths": []}`,
		"broken base64": `{"auths": {"quay.io": {"auth": "!!!"}}}`,
		"two documents": `{"auths": {}} {"auths": {}}`,
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			writeConfig(t, b, text)
			_, err := login(b, host, testPassword)
			e := wantCode(t, err, actions.CodeCredentialStore)
			if !strings.Contains(e.What, filepath.Join(b.home, "config.json")) {
				t.Errorf("%q does not name the file", e.What)
			}
			if got := readConfig(t, b); got != text {
				t.Errorf("the file was changed to %q", got)
			}
		})
	}
	b := newBench(t)
	writeConfig(t, b, "")
	if _, err := login(b, host, testPassword); err != nil {
		t.Errorf("an empty file is no broken one: %v", err)
	}
}

func TestLoginWhereNothingCanBeWritten(t *testing.T) {
	host := distributionRegistry(t)
	b := newBench(t)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	blocked := registry.New(registry.Options{Homes: actions.Homes{Docker: filepath.Join(file, "docker")}})
	_, err := blocked.Login(context.Background(), registry.LoginRequest{
		Server: host, Username: testUser, Password: actions.NewSecret(testPassword),
	})
	if code := actions.CodeOf(err); code != actions.CodeStateUnwritable && code != actions.CodeCredentialStore {
		t.Errorf("%v (code %q)", err, code)
	}
	nowhere := registry.New(registry.Options{})
	_, err = nowhere.Login(context.Background(), registry.LoginRequest{
		Server: host, Username: testUser, Password: actions.NewSecret(testPassword),
	})
	if actions.CodeOf(err) != actions.CodeStateUnwritable {
		t.Errorf("a login without a home: %v", err)
	}
	// A symbolic link stays one.
	elsewhere := filepath.Join(t.TempDir(), "real.json")
	if err := os.WriteFile(elsewhere, []byte("{}"), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(elsewhere, filepath.Join(b.home, "config.json")); err != nil {
		t.Fatal(err)
	}
	b.login(t, host)
	if info, err := os.Lstat(filepath.Join(b.home, "config.json")); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the symbolic link was replaced: %v %v", info, err)
	}
	if info, err := os.Stat(elsewhere); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("the file's mode is %v, %v", info, err)
	}
}

// helperScript is a credential helper that keeps one server's credentials in a file beside it.
const helperScript = `#!/bin/sh
at=$(dirname "$0")
case $1 in
store) cat >"$at/kept" ;;
get) if [ -f "$at/kept" ]; then cat "$at/kept"; else echo "credentials not found in native keychain"; exit 1; fi ;;
*) exit 2 ;;
esac
`

func withHelper(t *testing.T, script string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "docker-credential-test"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	return dir
}

func TestLoginHonoursCredentialHelpers(t *testing.T) {
	host := distributionRegistry(t)
	for name, config := range map[string]string{
		"for all":  `{"credsStore": "test", "auths": {"` + host + `": {"auth": "b2xkOm9sZA=="}}}`,
		"for host": `{"credHelpers": {"` + host + `": "test"}, "credsStore": "missing"}`,
	} {
		t.Run(name, func(t *testing.T) {
			dir := withHelper(t, helperScript)
			b := newBench(t)
			writeConfig(t, b, config)
			result, err := login(b, host, testPassword)
			if err != nil {
				t.Fatal(err)
			}
			if result.Helper != "test" {
				t.Errorf("helper %q", result.Helper)
			}
			text := readConfig(t, b)
			if strings.Contains(text, base64.StdEncoding.EncodeToString([]byte(testUser+":"+testPassword))) ||
				strings.Contains(text, "b2xkOm9sZA==") {
				t.Errorf("the credentials lie in plain text in\n%s", text)
			}
			kept, err := os.ReadFile(filepath.Join(dir, "kept"))
			if err != nil || !strings.Contains(string(kept), `"Username":"`+testUser+`"`) {
				t.Errorf("the helper was given %d bytes, %v", len(kept), err)
			}
			if got := stored(t, b, host); got.Username != testUser || got.Password != testPassword {
				t.Errorf("the keychain has %q with %d characters", got.Username, len(got.Password))
			}
			access, err := b.Access(context.Background(), host+"/l3-students/app")
			if err != nil || !access.LoggedIn || !access.Push {
				t.Errorf("%+v, %v", access, err)
			}
		})
	}
}

func TestHelpersThatDoNotWork(t *testing.T) {
	host := distributionRegistry(t)
	b := newBench(t)
	writeConfig(t, b, `{"credsStore": "sigwalk-has-no-such-helper"}`)
	_, err := login(b, host, testPassword)
	e := wantCode(t, err, actions.CodeCredentialStore)
	if !strings.Contains(e.Why, "not installed") {
		t.Errorf("%q does not say that it is not installed", e.Why)
	}
	_, err = b.Resolve(context.Background(), host+"/l3-students/app:1")
	wantCode(t, err, actions.CodeCredentialStore)

	withHelper(t, "#!/bin/sh\necho 'the keyring is locked' >&2\nexit 1\n")
	writeConfig(t, b, `{"credsStore": "test"}`)
	_, err = login(b, host, testPassword)
	e = wantCode(t, err, actions.CodeCredentialStore)
	if !strings.Contains(e.Why, "the keyring is locked") {
		t.Errorf("%q does not say what the helper said", e.Why)
	}

	// A helper that waits for something ends with the context.
	withHelper(t, "#!/bin/sh\nread line\nexec tail -f /dev/null\n")
	ctx, cancel := context.WithCancel(context.Background())
	b.seen.on = func(e actions.Event) {
		if c, ok := e.(actions.Call); ok && c.Status == 200 {
			cancel() // the login was checked: the helper is next
		}
	}
	_, err = b.Login(ctx, registry.LoginRequest{Server: host, Username: testUser, Password: actions.NewSecret(testPassword)})
	if err == nil || ctx.Err() == nil || actions.ExitCode(err) != 130 {
		t.Errorf("%v, want the context's end", err)
	}
}

func TestEntryOfANamespaceGoesFirst(t *testing.T) {
	b := newBench(t)
	writeConfig(t, b, `{"auths": {
		"quay.io": {"auth": "YWxsOjE="}, "quay.io/l3-students": {"auth": "b3JnOjE="}, "https://index.docker.io/v1/": {"auth": "aHViOjE="},
		"https://legacy.example/v1/": {"auth": "b2xkOjE="}, "token.example": {"identitytoken": "t"}}}`)
	for reference, want := range map[string]string{
		"quay.io/l3-students/app": "org", "quay.io/other/app": "all", "library/alpine": "hub", "docker.io/a/b": "hub",
		"legacy.example/a/b": "old", "nobody.example/a/b": "",
	} {
		auth, err := b.Keychain().Resolve(mustRef(t, reference).Context())
		if err != nil {
			t.Fatal(err)
		}
		config, err := auth.Authorization()
		if err != nil {
			t.Fatal(err)
		}
		if config.Username != want {
			t.Errorf("%s is asked for as %q, want %q", reference, config.Username, want)
		}
	}
	if got := stored(t, b, "token.example"); got.IdentityToken != "t" {
		t.Error("the identity token is not used")
	}
}
