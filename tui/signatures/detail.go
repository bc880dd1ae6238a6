package signatures

import (
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/tui/theme"
	"github.com/sigwalk/sigwalk/tui/widget"
)

const stamp = "2006-01-02 15:04:05Z"

// Detail says all that is known of one signature, in lines of at most width cells.
func Detail(t *theme.Theme, s *verification.Signature, width int) []string {
	var out []string
	fact := func(name, value string) {
		if value == "" {
			return
		}
		out = append(out, widget.Hang(t.Faint.Render(widget.Fit(name, 12, "")), widget.Clean(value), width)...)
	}
	out = append(out, verdictLines(t, s, width)...)
	fact("subject", Subject(s))
	fact("issuer", s.Issuer)
	fact("log entry", logEntry(s))
	if s.Integrated != nil {
		fact("logged", s.Integrated.UTC().Format(stamp))
	}
	if s.Timestamp != nil {
		fact("time stamp", s.Timestamp.UTC().Format(stamp)+" (RFC 3161)")
	}
	if c := s.Certificate; c != nil {
		fact("certificate", fmt.Sprintf("valid %s to %s", c.NotBefore.UTC().Format(stamp), clock(c.NotBefore, c.NotAfter)))
		fact("issued by", c.Issuer.String())
		fact("serial", hex.EncodeToString(c.SerialNumber.Bytes()))
	} else {
		fact("certificate", "none: signed with a key pair, verified with --key")
	}
	fact("stored", stored(s))
	fact("payload", s.Layer.String()+" (the same for every signer of this digest)")
	return out
}

func at(s *verification.Signature) string {
	if signedAt(s).IsZero() {
		return ", at a time that nothing vouches for"
	}
	return ", signed " + when(s, stamp)
}

func logEntry(s *verification.Signature) string {
	if s.LogIndex == nil {
		return "none carried"
	}
	text := "index " + Index(s)
	if len(s.LogID) >= 8 {
		text += " in log " + s.LogID[:8]
	}
	if s.BundleVerified {
		text += ", verified without the network"
	}
	return text
}

func stored(s *verification.Signature) string {
	switch s.Storage {
	case verification.StoredInTag:
		return fmt.Sprintf("layer %d of the .sig tag, manifest %s", s.Position, s.Manifest)
	case verification.StoredAsReferrer:
		return "as a referrer, manifest " + s.Manifest.String()
	case verification.StoredInFile:
		return "in a file of its own"
	}
	return string(s.Storage)
}

// clock leaves the date out where it is that of from.
func clock(from, to time.Time) string {
	from, to = from.UTC(), to.UTC()
	if from.Format("2006-01-02") == to.Format("2006-01-02") {
		return to.Format("15:04:05Z")
	}
	return to.Format(stamp)
}

// Command returns the command that asks what the report answers, to be typed as it is: cosign's for an image, ours for a
// bundle in a file, which wants the name of what it is about.
func Command(r *verification.Report) string {
	p := r.Policy
	args, about := []string{"cosign", "verify"}, []string{quote(r.Image)}
	if len(r.Signatures) == 1 && r.Signatures[0].Storage == verification.StoredInFile {
		args, about = []string{"sigwalk", "verify", "--bundle", quote(r.Image)}, []string{"--artifact", "FILE"}
	}
	flag := func(name, value string) {
		if value != "" {
			args = append(args, name+"="+quote(value))
		}
	}
	on := func(name string, set bool) {
		if set {
			args = append(args, name)
		}
	}
	flag("--key", p.KeyReference)
	flag("--certificate-identity", p.Subject)
	flag("--certificate-identity-regexp", p.SubjectRegexp)
	flag("--certificate-oidc-issuer", p.Issuer)
	flag("--certificate-oidc-issuer-regexp", p.IssuerRegexp)
	if anyone(p) {
		args = append(args, "--certificate-identity-regexp='.*'", "--certificate-oidc-issuer-regexp='.*'")
	}
	on("--insecure-ignore-tlog", p.IgnoreLog)
	on("--insecure-ignore-sct", p.IgnoreSCT)
	on("--offline", p.Offline)
	on("--use-signed-timestamps", p.UseSignedTimestamps)
	on("--check-claims=false", p.SkipClaims)
	return strings.Join(append(args, about...), " ")
}

// quote makes s one word of a POSIX shell.
func quote(s string) string {
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("@%+=:,./-_", r)
	}) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

func anyone(p verification.Policy) bool {
	return p.KeyReference == "" && p.Subject == "" && p.SubjectRegexp == "" && p.Issuer == "" && p.IssuerRegexp == ""
}
