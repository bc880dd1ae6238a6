package main

import (
	"path/filepath"

	"github.com/adrg/xdg"
	"github.com/spf13/pflag"
)

// flags are what every subcommand takes.
type flags struct {
	dir    string
	output string
	config string
	local  bool
	host   bool
	plain  bool
	// background is "dark", "light", or empty to go by COLORFGBG.
	background string
	endpoint   map[string]*string // by the name of the variable that the flag sets
}

// endpointFlags are the flags that point at a deployment of the person's own, with cosign's names where it has them, and
// the variable that each one sets.
var endpointFlags = []struct{ flag, variable, help string }{
	{"fulcio-url", "COSIGN_FULCIO_URL", "address of Fulcio"},
	{"rekor-url", "COSIGN_REKOR_URL", "address of Rekor"},
	{"mirror", "COSIGN_MIRROR", "address of the TUF repository"},
	{"root", "COSIGN_ROOT", "file or URL of the initial root.json"},
	{"root-checksum", "COSIGN_ROOT_CHECKSUM", "SHA-256 of the initial root.json, in hex"},
	{"oidc-issuer", "COSIGN_OIDC_ISSUER", "address of the OpenID Connect issuer"},
	{"oidc-client-id", "COSIGN_OIDC_CLIENT_ID", "OpenID Connect client"},
	{"timestamp-server-url", "COSIGN_TIMESTAMP_SERVER_URL", "address of the timestamp authority"},
	{"registry", "QUAY", "host of the registry that images are copied to"},
	{"source-image", "SOURCE_IMAGE", "image that the lesson copies"},
	{"image", "IMAGE", "image that the lesson signs"},
	{"ca-file", "SIGWALK_CA_FILE", "PEM file of certificate authorities to trust beside the system's"},
}

func (f *flags) register(set *pflag.FlagSet) {
	set.StringVar(&f.dir, "dir", filepath.Join(xdg.DataHome, "sigwalk"), "state directory: progress, sandbox, trust root, registry logins")
	set.StringVarP(&f.output, "output", "o", "text", "form of a result: text or json (verify also table and tsv)")
	set.StringVar(&f.config, "config", filepath.Join(xdg.ConfigHome, "sigwalk", "config.yaml"), "configuration file")
	set.BoolVar(&f.local, "sandbox", false, "use the sandbox even where the environment names a deployment")
	set.StringVar(&f.background, "background", "", "the terminal's background, dark or light; without it COLORFGBG says")
	set.BoolVar(&f.host, "allow-host", false, "let lessons run programs of this machine")
	f.endpoint = map[string]*string{}
	for _, e := range endpointFlags {
		f.endpoint[e.variable] = set.String(e.flag, "", e.help)
	}
}
