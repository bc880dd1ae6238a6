package actions

import "path/filepath"

// Endpoints says which Sigstore deployment an action talks to. Every field is a URL unless it says otherwise; an empty
// field means that the deployment has no such service or that it is not known.
type Endpoints struct {
	Fulcio          string
	Rekor           string
	TUFMirror       string
	TUFRoot         string // URL or file of the initial root.json
	TUFRootChecksum string // SHA-256 of the initial root.json, in hex
	Timestamp       string // RFC 3161, with its path
	OIDCIssuer      string
	OIDCClientID    string // a name, not a URL
	RekorSearch     string // the search page for people, if there is one
	CAFile          string // PEM file of certificate authorities trusted beside the system's
}

// Homes says where an action keeps what outlives it. A lesson and the sandbox have homes of their own; the person's
// ~/.sigstore and ~/.docker are touched only when the person points here.
type Homes struct {
	TUF    string // directory of the TUF cache, as TUF_ROOT
	Docker string // directory that holds config.json, as DOCKER_CONFIG
	// Attached is the directory where signing records what it attached, so that a lost signature can be put back.
	Attached string
}

// HomesBelow returns the homes of the state directory dir.
func HomesBelow(dir string) Homes {
	return Homes{
		TUF:      filepath.Join(dir, "tuf"),
		Docker:   filepath.Join(dir, "docker"),
		Attached: filepath.Join(dir, "attached"),
	}
}
