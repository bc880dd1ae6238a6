package verification

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	protorekor "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"
	"github.com/sigstore/sigstore-go/pkg/bundle"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/filetype"
)

const nextMalformed = "ask whoever signed for the bundle again: one that was changed on its way looks like this, too"

// malformed reads a bundle that every client refuses, because it breaks a rule of its format, so that the checks can show what is in it
// nevertheless. nil is what is no bundle, or JSON that does not fit one.
func malformed(content []byte) *bundle.Bundle {
	if filetype.Of(content) != filetype.Bundle {
		return nil
	}
	b := &protobundle.Bundle{}
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(content, b); err != nil {
		return nil
	}
	return &bundle.Bundle{Bundle: b}
}

// brokenRule says which rule of the format a bundle breaks, from what the library said when it refused it.
func brokenRule(b *bundle.Bundle, err error) *actions.Error {
	e := &actions.Error{Code: actions.CodeFormat, What: "the bundle cannot be read", Why: readable(err), Next: nextMalformed, Err: err}
	text, mediaType := err.Error(), b.GetMediaType()
	switch {
	case errors.Is(err, bundle.ErrUnsupportedMediaType) && mediaType == "":
		e.What, e.Why = "the bundle does not say of which version it is", "its mediaType is missing, by which readers know the rules it keeps to"
	case errors.Is(err, bundle.ErrUnsupportedMediaType):
		e.What = "the bundle is of no version that is known"
		e.Why = fmt.Sprintf("expected version 0.1, 0.2 or 0.3, found the mediaType %q", shortened(mediaType))
		e.Next = "if that is a newer version, update; or " + nextMalformed
	case errors.Is(err, bundle.ErrMissingBundleContent):
		e.What, e.Why = "the bundle carries no signature", "it has neither a messageSignature nor a dsseEnvelope"
	case errors.Is(err, bundle.ErrMissingVerificationMaterial):
		e.What, e.Why = "the bundle says nothing of who signed", "its verificationMaterial has neither a certificate nor a hint at a public key"
	case has(text, "required checkpoint"), has(text, "checkpoint empty"):
		e.What = "the inclusion proof in the bundle lacks the checkpoint"
		e.Why = "nothing shows that the root hash to which it leads is the log's; older clients wrote such bundles, which cosign and sigstore-python refuse since"
		e.Next = "ask whoever signed for a bundle with the checkpoint" + stillLogged(b)
	case has(text, "inclusion promises missing"):
		e.What, e.Why = "the log entry in the bundle lacks the log's promise (SET)", "in version 0.1 that is what proves the entry"
	case has(text, "inclusion proof missing"):
		e.What = "the log entry in the bundle lacks the inclusion proof"
		e.Why = fmt.Sprintf("every version after 0.1 must have it, and the mediaType is %q", shortened(mediaType))
		e.Next = "ask whoever signed for a bundle with the proof" + stillLogged(b)
	case has(text, "cannot be X.509 certificate chain"):
		e.What = "the bundle carries a chain of certificates where its version has one certificate"
		e.Why = "version 0.3 wants the signer's certificate alone, in the field certificate: those of the authorities come from the trust root"
	case has(text, "nil value in transaction log entry"):
		e.What, e.Why = "a log entry in the bundle lacks a part", lacking(b.GetVerificationMaterial().GetTlogEntries())
	case has(text, "entry body is not a recognizable"):
		_, why, _ := strings.Cut(text, "Rekor v2 type: ")
		e.What, e.Why = "the log entry in the bundle cannot be read", "its canonicalizedBody is no entry of a transparency log: "+shortened(why)
	case has(text, "unknown field"):
		e.What = "the bundle has a field that no version has"
	}
	return e
}

// stillLogged says where the entry of a bundle is, too.
func stillLogged(b *bundle.Bundle) string {
	for _, entry := range b.GetVerificationMaterial().GetTlogEntries() {
		if entry.GetLogIndex() > 0 {
			return fmt.Sprintf("; the log has the entry still: `rekor-cli get --log-index %d`", entry.GetLogIndex())
		}
	}
	return ""
}

// lacking names what an entry must have and does not.
func lacking(entries []*protorekor.TransparencyLogEntry) string {
	for i, entry := range entries {
		if entry.GetLogIndex() < 0 {
			return fmt.Sprintf("tlogEntries[%d] has the logIndex %d, and the first of every log is 0", i, entry.GetLogIndex())
		}
		var lacks []string
		for _, part := range []struct {
			name    string
			missing bool
		}{
			{"canonicalizedBody", entry.GetCanonicalizedBody() == nil},
			{"logId", entry.GetLogId().GetKeyId() == nil},
			{"kindVersion", entry.GetKindVersion() == nil},
		} {
			if part.missing {
				lacks = append(lacks, part.name)
			}
		}
		if len(lacks) > 0 {
			return fmt.Sprintf("tlogEntries[%d] has no %s", i, strings.Join(lacks, ", no "))
		}
	}
	return "one of its tlogEntries has a part that is empty"
}

var (
	quotedValue = regexp.MustCompile(`"(\\.|[^"\\])*"`)
	position    = regexp.MustCompile(`^\(line (\d+):(\d+)\): (.*)$`)
)

// readable is what the reader of JSON said, without its own name and without the values that it quotes in full.
func readable(err error) string {
	text := strings.TrimPrefix(err.Error(), "proto:")
	text = strings.TrimSpace(strings.ReplaceAll(text, "\u00a0", " ")) // the library varies between the two
	text = strings.TrimPrefix(strings.TrimPrefix(text, "syntax error "), "error ")
	if m := position.FindStringSubmatch(text); m != nil {
		text = fmt.Sprintf("line %s, column %s: %s", m[1], m[2], m[3])
	}
	for part, fields := range map[string]string{
		"VerificationMaterial.content is already set": "certificate, x509CertificateChain and publicKey",
		"Bundle.content is already set":               "messageSignature and dsseEnvelope",
	} {
		if has(text, part) {
			text, _, _ = strings.Cut(text, ", oneof ")
			text = strings.Replace(text, "error parsing ", "", 1) + ": only one of " + fields + " may be there"
		}
	}
	return quotedValue.ReplaceAllStringFunc(text, shortened)
}

// shortened keeps what others wrote from filling the screen.
func shortened(text string) string {
	const most = 80
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "..."
}
