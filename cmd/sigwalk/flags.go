package main

import (
	"path/filepath"
	"slices"

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
	// present makes the terminal one that an audience sees.
	present bool
	// record is the file that keeps what is shown; empty keeps nothing.
	record string
	// workshop is the folder of a course; empty for the built-in one. Where folder is true, it was named as an argument.
	workshop string
	folder   bool
	// on is where to work: sandbox, cluster, own or public; empty for what was chosen before, or what is given.
	on string
	// kubeconfig, context, namespace and securesign say which cluster, and which deployment on it.
	kubeconfig, context, namespace, securesign string
	// mouse lets the mouse move what is on the screen.
	mouse bool
	// background is "dark", "light", or empty to go by COLORFGBG.
	background string
	set        *pflag.FlagSet
	endpoint   map[string]*string // by the name of the variable that the flag sets
}

type endpointFlag struct{ flag, variable, help string }

// endpointFlags are the flags that point at a deployment of the person's own, with cosign's names where it has them, and
// the variable that each one sets. There is none for a secret: every program of the machine sees the flags of all others.
var endpointFlags = []endpointFlag{
	{"fulcio-url", "COSIGN_FULCIO_URL", "`URL` of Fulcio"},
	{"rekor-url", "COSIGN_REKOR_URL", "`URL` of Rekor"},
	{"mirror", "COSIGN_MIRROR", "`URL` of the TUF repository"},
	{"root", "COSIGN_ROOT", "`FILE` or URL of the initial root.json"},
	{"root-checksum", "COSIGN_ROOT_CHECKSUM", "SHA-256 of the initial root.json, in `HEX`"},
	{"oidc-issuer", "COSIGN_OIDC_ISSUER", "`URL` of the OpenID Connect issuer"},
	{"oidc-client-id", "COSIGN_OIDC_CLIENT_ID", "`NAME` of the OpenID Connect client"},
	{"oidc-user", "OIDC_USER", "`USER` of the issuer who signs; the password comes from OIDC_PASSWORD"},
	{"timestamp-server-url", "COSIGN_TIMESTAMP_SERVER_URL", "`URL` of the timestamp authority, with its path"},
	{"registry", "QUAY", "`HOST` of the registry that images are copied to"},
	{"registry-user", "QUAY_USER", "`USER` who may push there; the password comes from QUAY_PASSWORD"},
	{"source-image", "SOURCE_IMAGE", "`IMAGE` that the lesson copies"},
	{"image", "IMAGE", "`IMAGE` that the lesson copies to and signs"},
	{"ca-file", "SIGWALK_CA_FILE", "PEM `FILE` of certificate authorities to trust beside the system's"},
}

func (f *flags) register(set *pflag.FlagSet) {
	f.set = set
	set.StringVar(&f.dir, "dir", filepath.Join(xdg.DataHome, "sigwalk"), "`DIR` of the state: progress, sandbox, trust root, registry logins")
	set.StringVarP(&f.output, "output", "o", "text", "`FORM` of a result: text or json (verify also table and tsv)")
	set.StringVar(&f.config, "config", filepath.Join(xdg.ConfigHome, "sigwalk", "config.yaml"), "configuration `FILE`")
	set.BoolVar(&f.local, "sandbox", false, "short for --on sandbox")
	set.StringVar(&f.on, "on", "", "where to work: `sandbox|cluster|own|public`; the workshop, run, exec and cosign remember it")
	set.StringVar(&f.background, "background", "", "the terminal's background, `dark|light`; without it COLORFGBG says")
	set.BoolVar(&f.mouse, "mouse", false, "let the mouse act: the wheel moves, a click chooses a row or a pane, sorts by a heading, or does what a key of the last line does; the terminal then selects text with shift held")
	set.StringVar(&f.workshop, "workshop", "", "`FOLDER` of a course in place of the built-in one")
	set.StringVar(&f.kubeconfig, "kubeconfig", "", "kubeconfig `FILE` of the cluster, in place of KUBECONFIG and ~/.kube/config")
	set.StringVar(&f.context, "context", "", "`NAME` of a context of the kubeconfig, in place of its current one")
	set.StringVar(&f.namespace, "namespace", "", "`NAME` of the namespace of the deployment on the cluster")
	set.StringVar(&f.securesign, "securesign", "", "`NAME` of the deployment, where a namespace has several")
	set.BoolVar(&f.host, "allow-host", false, "let lessons run programs of this machine")
	f.endpoint = map[string]*string{}
	for _, e := range endpointFlags {
		f.endpoint[e.variable] = set.String(e.flag, "", e.help)
	}
}

// contradiction is the error for a place with addresses of its own beside a flag that names a Sigstore of the person's own.
func (f *flags) contradiction() error {
	for _, e := range endpointFlags {
		if (f.local || f.on == onSandbox || f.on == onPublic) && *f.endpoint[e.variable] != "" && slices.Contains(deployment, e.variable) {
			flag, where := "--on "+f.on, f.on
			if f.local {
				flag, where = "--sandbox", onSandbox
			}
			return usage("%s and --%s contradict each other: the place %s has its own address for that", flag, e.flag, where)
		}
	}
	return nil
}

// given reports whether the flag stands on the command line.
func (f *flags) given(name string) bool { return f.set.Lookup(name).Changed }
