package environment

import (
	"slices"
	"strings"
)

// Dialect is a shell for which variables are written.
type Dialect string

// The shells.
const (
	POSIX      Dialect = "sh"
	Fish       Dialect = "fish"
	PowerShell Dialect = "powershell"
)

// Dialects lists the shells by the names that --shell takes.
func Dialects() []string { return []string{string(POSIX), string(Fish), string(PowerShell)} }

// Export returns the line that exports v, with note behind it in a form that the shell does not mind.
func (d Dialect) Export(v Variable, note string) string {
	switch d {
	case Fish:
		return "set -gx " + v.Name + " " + quoteFish(v.Value) + " # " + oneLine(note)
	case PowerShell:
		return "$env:" + v.Name + " = '" + strings.ReplaceAll(v.Value, "'", "''") + "' # " + oneLine(note)
	case POSIX:
	}
	return Export(v) + "; : " + Quote(note)
}

// Note returns a line that does nothing but say something.
func (d Dialect) Note(text string) string {
	if d == POSIX {
		return ": " + Quote(text) // a comment would be an error in an interactive zsh
	}
	return "# " + oneLine(text)
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// quoteFish quotes for fish, which knows two escapes within single quotes.
func quoteFish(value string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(value) + "'"
}

// BothGenerations adds to vars the other names of each endpoint under which the terminals of Trusted Artifact Signer export
// it, for tools that read only those: gitsign, rekor-cli and scripts. What is set already stays as it is.
func BothGenerations(vars []Variable) []Variable {
	all := slices.Clone(vars)
	has := func(name string) bool {
		return slices.ContainsFunc(all, func(v Variable) bool { return v.Name == name })
	}
	e := New(vars...)
	for _, row := range endpoints() {
		given := e.find(row.variables)
		if given.Value == "" {
			continue
		}
		for _, name := range row.variables {
			// TUF_MIRROR and TUF_ROOT_JSON are no terminal's, the second wants a file, and SSL_CERT_FILE replaces the
			// authorities of the system.
			if !has(name) && !slices.Contains([]string{"TUF_MIRROR", "TUF_ROOT_JSON", "SSL_CERT_FILE"}, name) {
				all = append(all, Variable{Name: name, Value: given.Value, Source: named(given), Exported: true})
			}
		}
	}
	slices.SortFunc(all, func(a, b Variable) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// Generations says by their names which script of a terminal of Trusted Artifact Signer set the variables of vars: the older
// one, the newer one, both, or neither.
func Generations(vars []Variable) (older, newer bool) {
	for _, v := range vars {
		switch v.Name {
		case "COSIGN_FULCIO_URL", "COSIGN_REKOR_URL", "COSIGN_OIDC_ISSUER", "COSIGN_OIDC_CLIENT_ID", "SIGSTORE_FULCIO_URL", "SIGSTORE_REKOR_URL":
			older = older || v.Value != ""
		case "FULCIO_URL", "REKOR_URL", "TUF_URL", "TSA_URL", "OIDC_ISSUER_URL", "SIGSTORE_OIDC_CLIENT_ID":
			newer = newer || v.Value != ""
		}
	}
	return older, newer
}
