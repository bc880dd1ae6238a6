package shell_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sigwalk/sigwalk/workshop/shell"
)

// attempts are, by built-in, the ways to hand it the name of a file: F is one that may be read, N one that is to be made,
// D a directory, URL a server that takes everything. A line with ? in front cannot succeed here for another reason, so
// only its refusal counts. Built-ins that take no file have none.
var attempts = map[string][]string{
	"base64": {"base64 F"}, "basename": nil, "bash": {"bash F", "bash < F"}, "cat": {"cat F", "cat < F", "cat inside > N"},
	"chmod": {"chmod 600 F"}, "column": {"column -t F"}, "cp": {"cp F copy", "cp inside N", "cp inside D"},
	"cosign": {
		"?cosign verify --key F 127.0.0.1:1/x", "?cosign initialize --root F --mirror http://127.0.0.1:1",
		"cosign version --output-file N", "?TUF_ROOT=D cosign tree 127.0.0.1:1/x", "?DOCKER_CONFIG=D cosign tree 127.0.0.1:1/x",
		"?SIGWALK_CA_FILE=F cosign tree 127.0.0.1:1/x", "?cosign sign --yes --identity-token F 127.0.0.1:1/x",
		"?SPIFFE_ENDPOINT_SOCKET=F cosign sign --yes 127.0.0.1:1/x",
		"?cosign verify --trusted-root F --certificate-identity=x --certificate-oidc-issuer=y 127.0.0.1:1/x",
		"?cosign verify --certificate F --certificate-identity=x --certificate-oidc-issuer=y 127.0.0.1:1/x",
		"?cosign verify --certificate-chain F --certificate-identity=x --certificate-oidc-issuer=y 127.0.0.1:1/x",
		"?cosign verify-attestation --ca-roots F --certificate-identity=x --certificate-oidc-issuer=y 127.0.0.1:1/x",
	},
	"crane": {"?DOCKER_CONFIG=D crane digest 127.0.0.1:1/x", "?SIGWALK_CA_FILE=F crane digest 127.0.0.1:1/x"},
	"curl": {
		"curl -s -S -d @F URL", "curl -s -S --data-urlencode x@F URL", "curl -s -S -o N URL", "?curl -s -S --cacert F URL",
		"?SIGWALK_CA_FILE=F curl -s -S URL",
	},
	"cut": {"cut -c1-3 F"}, "date": nil, "dirname": nil, "env": nil, "grep": {"grep . F"}, "head": {"head F"}, "help": nil,
	"jq":    {"jq . F", "jq -n -f F", "jq -n --rawfile x F '$x'", "jq -n --slurpfile x F '$x'"},
	"ls":    {"ls F", "ls D/"},
	"mkdir": {"mkdir N", "mkdir -p N/deep"}, "mktemp": {"mktemp D/XXXXXX"}, "mv": {"mv inside N", "mv F taken"},
	"printenv": nil, "rm": {"rm F", "rm -r D/"}, "rmdir": {"rmdir D/empty"}, "seq": nil, "sh": {"sh F", "sh < F"},
	"sha256sum": {"sha256sum F"},
	"skopeo": {
		"?skopeo copy --src-authfile F docker://127.0.0.1:1/x docker://127.0.0.1:1/y", "?skopeo copy --authfile F docker://127.0.0.1:1/x docker://127.0.0.1:1/y",
	},
	"answer": nil,
	"sigwalk": {
		"?sigwalk token F", "?sigwalk verify --pack F --certificate-identity x --certificate-oidc-issuer y", "?sigwalk pack --force --file N 127.0.0.1:1/x",
		"?sigwalk trust check --trusted-root F 127.0.0.1:1/x", "?sigwalk trust diff F F", "?sigwalk trust export --force N", "?sigwalk trust import --force F",
		"?sigwalk verify --trusted-root F --certificate-identity x --certificate-oidc-issuer y 127.0.0.1:1/x",
		"?sigwalk verify --ca-roots F --certificate-identity x --certificate-oidc-issuer y 127.0.0.1:1/x",
		"?sigwalk verify --certificate F --certificate-identity x --certificate-oidc-issuer y 127.0.0.1:1/x",
		"?sigwalk verify --key F 127.0.0.1:1/x", "sigwalk explain sct < F",
	},
	"sleep": nil, "sort": {"sort F"}, "tail": {"tail F"}, "tee": {"tee N < inside"}, "touch": {"touch N"}, "tr": {"tr a b < F"},
	"uniq": {"uniq F"}, "wc": {"wc F"},
}

// ofLinks work on a symbolic link itself, wherever it leads.
var ofLinks = []string{"mv F taken", "rm F", "rm -r D/"}

// own are the interpreter's own commands that open files.
var own = []string{"source F", ". F", "read x < F", "cd D", "echo x > N", "echo x >> F", "[ -e F ]", "[ -r F ]", "mapfile x < F", "F"}

func TestNoBuiltinLeavesTheDirectory(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, "answer")
	}))
	defer server.Close()
	for _, name := range shell.Builtins() {
		if _, known := attempts[name]; !known {
			t.Errorf("%s is new: say how it could be handed a file", name)
		}
	}
	for name := range attempts {
		if !slices.Contains(shell.Builtins(), name) {
			t.Errorf("%s is no built-in", name)
		}
	}
	lines := slices.Clone(own)
	for _, name := range shell.Builtins() {
		lines = append(lines, attempts[name]...)
	}
	for _, line := range lines {
		only, refusalOnly := strings.CutPrefix(line, "?")
		only = strings.ReplaceAll(only, "URL", server.URL)
		t.Run(line, func(t *testing.T) {
			if !refusalOnly { // the line itself is right
				b, _ := walled(t)
				if _, stderr, result := b.run(t, at(only, "here/script", "here/new", "here")); result.ExitCode != 0 {
					t.Fatalf("inside it ends with %d: %s", result.ExitCode, stderr)
				}
			}
			for how, root := range map[string]string{"dots": "../outside", "absolute": "", "link to a directory": "link", "links": "files"} {
				b, outside := walled(t)
				if how == "absolute" {
					root = outside
				}
				before := contents(t, outside)
				attempt := at(only, root+"/script", root+"/new", root)
				if how == "links" { // links to the file itself, to one that is not there yet, and to the directory
					attempt = at(only, "files/script", "files/new", "link")
				}
				stdout, stderr, result := b.run(t, attempt)
				if result.ExitCode == 0 && (root != "link" && root != "files" || !slices.Contains(ofLinks, line)) {
					t.Errorf("%s: $ %s\nends well:\n%s%s", how, attempt, stdout, stderr)
				}
				if strings.Contains(stdout+stderr, marked) {
					t.Errorf("%s: $ %s\nshows what lies outside:\n%s%s", how, attempt, stdout, stderr)
				}
				if refusalOnly && !strings.Contains(stderr, "outside the lesson's directory") {
					t.Errorf("%s: $ %s\nis not refused for the file:\n%s%s", how, attempt, stdout, stderr)
				}
				if after := contents(t, outside); after != before {
					t.Errorf("%s: $ %s\nchanged what lies outside:\n%s\nwas\n%s", how, attempt, after, before)
				}
			}
		})
	}
}

// marked stands in every file outside.
const marked = "marked-text"

// at puts names into a line. A name is a word of its own, or stands behind = @ or x@, or before a slash.
func at(line, file, fresh, dir string) string {
	words := strings.Fields(line)
	for i, word := range words {
		for _, put := range [][2]string{{"F", file}, {"N", fresh}, {"D", dir}} {
			switch {
			case word == put[0]:
				words[i] = put[1]
			case strings.HasPrefix(word, put[0]+"/"):
				words[i] = put[1] + word[1:]
			case strings.HasSuffix(word, "="+put[0]) || strings.HasSuffix(word, "@"+put[0]):
				words[i] = strings.TrimSuffix(word, put[0]) + put[1]
			}
		}
	}
	return strings.Join(words, " ")
}

// walled returns a shell whose directory holds what a line may use, and links that lead to a directory beside it.
func walled(t *testing.T) (b *bench, outside string) {
	t.Helper()
	b = newBench(t, shell.Options{})
	outside = filepath.Join(filepath.Dir(b.dir), "outside")
	for _, dir := range []string{outside, filepath.Join(b.dir, "here"), filepath.Join(b.dir, "files")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	// The text is JSON, a filter of jq and a command at the same time.
	for dir, text := range map[string]string{outside: `"` + marked + `"`, filepath.Join(b.dir, "here"): `"true"`} {
		if err := os.Mkdir(filepath.Join(dir, "empty"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "script"), []byte(text+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	b.write(t, "inside", []byte("inside\n"))
	for link, target := range map[string]string{
		"link": outside, "files/script": filepath.Join(outside, "script"), "files/new": filepath.Join(outside, "new"),
	} {
		if err := os.Symlink(target, filepath.Join(b.dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	return b, outside
}

// contents lists everything below dir with its permissions and text.
func contents(t *testing.T, dir string) string {
	t.Helper()
	var list strings.Builder
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		list.WriteString(info.Mode().String() + " " + path)
		if entry.Type().IsRegular() {
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			list.WriteString(" " + string(text))
		}
		list.WriteByte('\n')
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list.String()
}
