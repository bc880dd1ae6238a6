package signatures

import (
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/sigwalk/sigwalk/actions/layout"
	"github.com/sigwalk/sigwalk/actions/printable"
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
	fact("payload", payloadOf(s))
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
		return fmt.Sprintf("layer %d of the %s tag, manifest %s", s.Position, suffix(s), s.Manifest)
	case verification.StoredAsReferrer:
		return "as a referrer, manifest " + s.Manifest.String()
	case verification.StoredInFile:
		return "in a file of its own"
	}
	return string(s.Storage)
}

// payloadOf is the digest of what was signed, and why many signatures have the same.
func payloadOf(s *verification.Signature) string {
	switch {
	case s.Layer.Hex == "":
		return ""
	case s.Storage == verification.StoredInTag && suffix(s) == ".sig":
		return s.Layer.String() + " (the same for every signer of this digest)"
	}
	return s.Layer.String()
}

// suffix is the end of the name of the tag in which cosign keeps what a row is.
func suffix(s *verification.Signature) string {
	switch s.Kind {
	case verification.KindAttestation:
		return ".att"
	case verification.KindSBOM:
		return ".sbom"
	case verification.KindSignature:
	}
	return ".sig"
}

// clock leaves the date out where it is that of from.
func clock(from, to time.Time) string {
	from, to = from.UTC(), to.UTC()
	if from.Format("2006-01-02") == to.Format("2006-01-02") {
		return to.Format("15:04:05Z")
	}
	return to.Format(stamp)
}

// Command returns the command that asks what the report answers about one of its rows, to be typed as it is: cosign's for an
// image in a registry, ours for one on the disk and for a bundle in a file, which wants the name of what it is about. It is
// empty for what nobody signed.
func Command(r *verification.Report, s *verification.Signature) string {
	p := r.Policy
	args, about := []string{"cosign", "verify"}, []string{printable.Word(r.Image)}
	switch {
	case s.Kind == verification.KindSBOM:
		return ""
	case s.Storage == verification.StoredInFile:
		args, about = []string{"sigwalk", "verify", "--bundle", printable.Word(r.Image)}, []string{"--artifact", "FILE"}
	case layout.IsReference(r.Image):
		args = []string{"sigwalk", "verify"}
		if s.Platform != "" || s.Kind == verification.KindAttestation {
			about = append(about, "--all", "--explain") // which has what hangs off a platform, and attestations
		}
	default:
		if s.Platform != "" {
			about = []string{printable.Word(r.Digest.Context().Digest(s.Image.String()).Name())}
		}
		if s.Kind == verification.KindAttestation {
			args = []string{"cosign", "verify-attestation", "--type=" + printable.Word(s.PredicateType)}
		}
	}
	flag := func(name, value string) {
		if value != "" {
			args = append(args, name+"="+printable.Word(value))
		}
	}
	on := func(name string, set bool) {
		if set {
			args = append(args, name)
		}
	}
	for _, given := range r.TrustFlags {
		name, value, _ := strings.Cut(given, "=")
		flag(name, value)
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

func anyone(p verification.Policy) bool {
	return p.KeyReference == "" && p.Subject == "" && p.SubjectRegexp == "" && p.Issuer == "" && p.IssuerRegexp == ""
}
