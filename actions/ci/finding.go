package ci

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Finding is something in a pipeline that goes wrong, or goes another way than it seems to.
type Finding struct {
	// Line is where, counted from 1.
	Line int `json:"line"`
	// Rule names the trap; the constants below.
	Rule string `json:"rule"`
	// What is the case, Why it matters, Next is what to change.
	What string `json:"what"`
	Why  string `json:"why"`
	Next string `json:"next"`
}

// The traps.
const (
	RuleNoToken      = "no-identity-token"   // the job has no right to a token, or asks for none
	RuleAudience     = "wrong-audience"      // the token is for somebody else than Fulcio's client
	RuleIssuer       = "issuer-not-read"     // SIGSTORE_OIDC_ISSUER, which cosign does not read
	RuleTag          = "tag-signed"          // a tag is signed or verified, not a digest
	RuleTrustRoot    = "trust-root-missing"  // a deployment of one's own, and the public trust root
	RuleChecksum     = "root-not-pinned"     // the first root is taken from the network as it comes
	RuleQuestion     = "nobody-to-ask"       // cosign asks before it writes to a public log
	RuleTokenShown   = "token-shown"         // a token in a log, or in a file that every later step reads
	RuleArguments    = "secret-in-arguments" // a secret where every process sees it
	RuleSecretInFile = "secret-in-file"      // a secret in the pipeline's file
	RuleVersion      = "version-floats"      // another cosign some day
	RuleNoShell      = "image-without-shell" // an image in which no job can run
	RuleUnsafe       = "check-switched-off"  // a flag that leaves a check out
	RulePolicy       = "signer-not-named"    // a verification that does not say whose signature it wants
	RulePush         = "no-right-to-push"    // the job may not write to the registry
	RuleGone         = "no-longer-there"     // what the CI system has taken away
)

func order(findings []Finding) []Finding {
	slices.SortFunc(findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.What, b.What))
	})
	return slices.Compact(findings)
}

// String is the finding in the form of compilers, under the name of the file.
func (f Finding) String(file string) string {
	return fmt.Sprintf("%s:%d: %s [%s]\n    %s\n    %s", file, f.Line, f.What, f.Rule, f.Why, f.Next)
}

// Text lists findings for people; without any it says so.
func Text(file string, findings []Finding) string {
	if len(findings) == 0 {
		return file + ": no trap was found\n"
	}
	var b strings.Builder
	for _, f := range findings {
		b.WriteString(f.String(file) + "\n")
	}
	return b.String()
}
