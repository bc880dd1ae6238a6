package images

import (
	"encoding/base64"
	"encoding/json"
	"net"
	"runtime"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/workshop/shell/builtin"
)

// login is what one side of a copy logs in with: credentials from the command line, from a file, nobody's, or (nil) those
// that cosign login stored.
func login(call *builtin.Call, creds, file string, nobody bool, image string) (*registry.Credentials, error) {
	switch {
	case nobody:
		return &registry.Credentials{}, nil
	case creds != "":
		user, password, ok := strings.Cut(creds, ":")
		if !ok || user == "" || password == "" {
			return nil, &actions.Error{
				Code: actions.CodeUsage,
				What: "credentials are given as USER:PASSWORD",
				Next: "or log in once with cosign login, so that no password stands on a command line",
			}
		}
		return &registry.Credentials{Username: user, Password: actions.NewSecret(password)}, nil
	case file != "":
		return fromFile(call, file, image)
	}
	return nil, nil //nolint:nilnil // nil stands for the stored credentials
}

// fromFile reads a file as Docker's config.json and containers-auth.json(5) have it. An entry may name a registry or a
// repository and what is below it; the longest one counts. A file without an entry stands for nobody.
func fromFile(call *builtin.Call, path, image string) (*registry.Credentials, error) {
	text, err := call.Files.ReadFile(call.Dir, path)
	if err != nil {
		return nil, err
	}
	var config struct {
		Auths map[string]struct {
			Auth string `json:"auth"`
		} `json:"auths"`
	}
	broken := func(why string) error {
		return &actions.Error{
			Code: actions.CodeCredentialStore,
			What: path + " is no file of credentials",
			Why:  why,
			Next: `it looks like {"auths": {"HOST": {"auth": "USER:PASSWORD in Base64"}}}`,
		}
	}
	// The error of the parser quotes a piece of the file, which may be a password.
	if json.Unmarshal(text, &config) != nil {
		return nil, broken("it is not the JSON that was expected")
	}
	ref, err := registry.Parse(image)
	if err != nil {
		return nil, err
	}
	key := ref.Context().RegistryStr()
	if key == name.DefaultRegistry {
		if entry, ok := config.Auths[authn.DefaultAuthKey]; ok {
			config.Auths[key] = entry
		}
	}
	best, auth := -1, ""
	for entry, value := range config.Auths {
		if whole := ref.Context().Name(); (whole == entry || strings.HasPrefix(whole, entry+"/")) && len(entry) > best {
			best, auth = len(entry), value.Auth
		}
	}
	if best < 0 {
		return &registry.Credentials{}, nil
	}
	plain, err := base64.StdEncoding.DecodeString(auth)
	user, password, ok := strings.Cut(string(plain), ":")
	if err != nil || !ok {
		return nil, broken("the entry for " + key + " is not USER:PASSWORD in Base64")
	}
	return &registry.Credentials{Username: user, Password: actions.NewSecret(password)}, nil
}

// onThisMachine reports whether host (which may have a port) is the loopback interface.
func onThisMachine(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// system is the platform whose image skopeo takes out of an index.
func system() string { return "linux/" + runtime.GOARCH }

func isConfig(p actions.Progress) bool {
	return strings.HasPrefix(strings.ToLower(p.Title), "config")
}

func short(digest string, digits int) string {
	_, hex, _ := strings.Cut(digest, ":")
	return hex[:min(digits, len(hex))]
}
