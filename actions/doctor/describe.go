package doctor

import "net/url"

// describe lists what was examined, without secrets.
func describe(opts Options) []Fact {
	e := opts.Endpoints
	all := []Fact{
		{"identity provider", address(e.OIDCIssuer)},
		{"client", e.OIDCClientID},
		{"Fulcio", address(e.Fulcio)},
		{"Rekor", address(e.Rekor)},
		{"TUF mirror", address(e.TUFMirror)},
		{"TUF initial root", address(e.TUFRoot)},
		{"TUF initial root, SHA-256", e.TUFRootChecksum},
		{"timestamp authority", address(e.Timestamp)},
		{"registry", opts.Registry},
		{"image", opts.Image},
		{"certificate authorities", e.CAFile},
		{"user", opts.User},
		{"trust root in", opts.Homes.TUF},
		{"registry logins in", opts.Homes.Docker},
		{"state in", opts.Dir},
	}
	set := all[:0]
	for _, f := range all {
		if f.Value != "" {
			set = append(set, f)
		}
	}
	return set
}

// address is a URL without a user's name and password.
func address(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	return u.Redacted()
}
