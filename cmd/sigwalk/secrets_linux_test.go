package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// Secrets are planted in every input that takes one, and looked for in everything that comes out: what is printed, what is
// written below --dir and by the sandbox, and the command lines of all processes, which every user of a machine can read.
func TestSecretsStayWhereTheyBelong(t *testing.T) {
	w := newSecretWorld(t)
	processes := watchProcesses(t)

	// What is really secret: the deployment's passwords, by the environment, and the token that the lesson fetches.
	w.run("", "run", "--yes")
	w.run("", "run", "--yes", "-o", "json")
	w.run("\n\n\n\n\ny\n\n\n\n\n", "--plain")
	for _, args := range [][]string{
		{"env"},
		{"env", "-o", "json"},
		{"exec", "--", "help; env; printenv; set; export -p; declare -p"},
		{"verify", "--certificate-identity-regexp", ".", w.vars["IMAGE"]},
		{"tree", w.vars["IMAGE"]},
	} {
		w.run("", args...)
	}
	// What somebody typed, right or wrong. The lines come by standard input, because whoever puts a secret on a command
	// line has shown it to the machine already.
	w.run(`source ./copy-image-to-quay.sh
source ./get-access-token.sh
echo "$SIGSTORE_ID_TOKEN"; echo $SIGSTORE_ID_TOKEN > token.txt; cat token.txt; rm token.txt
cosign login $QUAY -u $QUAY_USER -p MARK_login
cosign login $QUAY -u $QUAY_USER --password MARK_long
echo MARK_stdin | cosign login $QUAY -u $QUAY_USER --password-stdin
cosign sign --yes --identity-token MARK_token $IMAGE
SIGSTORE_ID_TOKEN=MARK_variable cosign sign --yes $IMAGE
cosign sign --yes --registry-password MARK_registry --registry-username x $IMAGE
cosign sign --key cosign.key --identity-token=MARK_beside $IMAGE
cosign attest --identity-token MARK_unbuilt $IMAGE
skopeo copy --dest-creds x:MARK_creds docker://$SOURCE_IMAGE docker://$IMAGE
curl -s -S -u x:MARK_user $COSIGN_REKOR_URL/api/v1/log >/dev/null
curl -s -S -H "Authorization: Bearer MARK_header" http://127.0.0.1:1/
curl -s -S http://x:MARK_address@127.0.0.1:1/
curl -s -S -d password=MARK_form $COSIGN_OIDC_ISSUER/protocol/openid-connect/token
QUAY_PASSWORD=MARK_quay; source ./copy-image-to-quay.sh
OIDC_PASSWORD=MARK_oidc; source ./get-access-token.sh
export MY_PASSWORD=MARK_mine MY_TOKEN=MARK_my SECRET_THING=MARK_thing; env; printenv MY_TOKEN; help
`, "exec", "--", "sh")
	w.env["SIGSTORE_ID_TOKEN"], w.env["COSIGN_PASSWORD"] = "MARK_ambient", "MARK_cosign"
	w.run("", "exec", "--", "cosign sign --yes $IMAGE; env; help")
	w.run("", "env")
	w.run("", "env", "-o", "json")
	config := filepath.Join(t.TempDir(), "config.yaml")
	for _, text := range []string{"QUAY_PASSWORD: MARK_config", "MARK_line", "SIGSTORE_ID_TOKEN: [MARK_list"} {
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		w.run("", "run", "--config", config)
	}
	delete(w.env, "SIGSTORE_ID_TOKEN")
	w.env["QUAY_PASSWORD"] = "MARK_wrong"
	w.run("", "run", "--yes")

	// The watch and the search would have found it.
	const control = "control-of-the-watch"
	w.run("", "exec", "--", "echo "+control+"; sleep 1")
	seen := processes()
	if !strings.Contains(seen, control) {
		t.Error("the watch did not see a command line")
	}
	login := filepath.Join(w.mine, "docker", "config.json")
	if len(w.secretsIn(read(t, login))) == 0 {
		t.Error("the search did not find the password in config.json, where cosign login is asked to put it")
	}

	for _, secret := range w.secretsIn([]byte(seen)) {
		t.Errorf("a command line shows %s", secret)
	}
	w.search(w.mine, login)
	// The sandbox keeps its own passwords in its own record; nothing that was sent to it stays.
	w.search(w.theirs, filepath.Join(w.theirs, "sandbox", "sandbox.json"))
}

// secretWorld is a deployment of the person's own (a sandbox in the directory theirs) that programs use from mine.
type secretWorld struct {
	t            *testing.T
	mine, theirs string
	vars         map[string]string // of the deployment
	env          map[string]string // of the programs that are run
}

func newSecretWorld(t *testing.T) *secretWorld {
	t.Helper()
	w := &secretWorld{t: t, mine: t.TempDir(), theirs: t.TempDir(), env: map[string]string{}}
	ctx, cancel := context.WithCancel(context.Background())
	up := exec.CommandContext(ctx, "sigwalk", "sandbox", "up", "--dir", w.theirs)
	up.Cancel = func() error { return up.Process.Signal(os.Interrupt) }
	up.WaitDelay = time.Minute
	up.Env = w.environ()
	out, err := up.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := up.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); _ = up.Wait() })
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		t.Fatalf("sandbox up: %q, %v", line, err)
	}
	text := w.output("", "sandbox", "env", "-o", "json", "--dir", w.theirs)
	if err := json.Unmarshal(text, &w.vars); err != nil {
		t.Fatal(err)
	}
	for name, value := range w.vars {
		if name != "TUF_ROOT" && name != "DOCKER_CONFIG" && name != "COSIGN_YES" {
			w.env[name] = value
		}
	}
	return w
}

// environ is what the programs see: nothing of the person who runs the test.
func (w *secretWorld) environ() []string {
	home := filepath.Join(w.mine, "home")
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "XDG_CONFIG_HOME=" + home, "XDG_DATA_HOME=" + home, "TMPDIR=" + os.TempDir()}
	for name, value := range w.env {
		env = append(env, name+"="+value)
	}
	return env
}

func (w *secretWorld) output(input string, args ...string) []byte {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), limit)
	defer cancel()
	program := exec.CommandContext(ctx, "sigwalk", args...)
	program.Env, program.Stdin = w.environ(), strings.NewReader(input)
	text, err := program.CombinedOutput()
	if ctx.Err() != nil {
		w.t.Fatalf("sigwalk %q did not end: %v", args, err)
	}
	return text // whether it ended well is not what this test is about
}

// run runs the program in the directory mine and looks at what it printed.
func (w *secretWorld) run(input string, args ...string) {
	w.t.Helper()
	text := w.output(input, append([]string{"--dir", w.mine}, args...)...)
	for _, secret := range w.secretsIn(text) {
		w.t.Errorf("sigwalk %q prints %s:\n%s", args, secret, text)
	}
}

// tokens is what JSON Web Tokens look like.
var tokens = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}`)

// secretsIn names the secrets that text holds, plain or as registries want them.
func (w *secretWorld) secretsIn(text []byte) []string {
	var found []string
	for _, name := range []string{"QUAY_PASSWORD", "OIDC_PASSWORD"} {
		login := base64.StdEncoding.EncodeToString([]byte(w.vars["QUAY_USER"] + ":" + w.vars[name]))
		if bytes.Contains(text, []byte(w.vars[name])) || bytes.Contains(text, []byte(login)) {
			found = append(found, name)
		}
	}
	// A marked secret behind a user's name, x or the registry's, begins at the same place of the Base64.
	for _, mark := range []string{"MARK_", "eDpNQVJLX", base64.RawStdEncoding.EncodeToString([]byte(w.vars["QUAY_USER"] + ":MARK_"))[:18]} {
		for rest := text; ; {
			at := bytes.Index(rest, []byte(mark))
			if at < 0 {
				break
			}
			found = append(found, string(rest[at:min(len(rest), at+20)]))
			rest = rest[at+len(mark):]
		}
	}
	if at := tokens.FindIndex(text); at != nil {
		found = append(found, "a token: "+string(text[at[0]:at[0]+12])+"...")
	}
	return found
}

// search looks into every file below dir but one.
func (w *secretWorld) search(dir, except string) {
	w.t.Helper()
	files := 0
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() || path == except {
			return err
		}
		files++
		for _, secret := range w.secretsIn(read(w.t, path)) {
			w.t.Errorf("%s holds %s", path, secret)
		}
		return nil
	})
	if err != nil || files < 5 {
		w.t.Errorf("%d files below %s were searched: %v", files, dir, err)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// watchProcesses reads the command lines of all processes over and over; what it returns ends that and returns them.
func watchProcesses(t *testing.T) func() string {
	t.Helper()
	var seen sync.Map
	done := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(5 * time.Millisecond): // the kernel tells nobody of new processes without a right to
			}
			files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
			for _, file := range files {
				if line, err := os.ReadFile(file); err == nil { // it may have ended meanwhile
					seen.Store(string(line), true)
				}
			}
		}
	})
	var once sync.Once
	end := func() { once.Do(func() { close(done) }); watching.Wait() }
	t.Cleanup(end)
	return func() string {
		end()
		var all strings.Builder
		seen.Range(func(line, _ any) bool {
			all.WriteString(line.(string) + "\n")
			return true
		})
		return all.String()
	}
}
