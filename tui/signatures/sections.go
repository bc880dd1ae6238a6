package signatures

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/tui/theme"
	"github.com/sigwalk/sigwalk/tui/widget"
)

// The sections of the detail, by the keys 1 to 6.
const (
	sectionChecks = iota
	sectionCertificate
	sectionLog
	sectionTime
	sectionStored
	sectionRaw
	sections
)

// names are short: all of them stand in the title of the pane.
var names = [sections]string{"checks", "cert", "log", "time", "store", "raw"}

// tabs is the title of the pane: the sections by their keys, the shown one in capitals.
func tabs(section int) string {
	var b strings.Builder
	for i, name := range names {
		if i == section {
			name = strings.ToUpper(name)
		}
		fmt.Fprintf(&b, "%d %s ", i+1, name)
	}
	return strings.TrimSuffix(b.String(), " ")
}

// page is a section as it is written.
type page struct{ widget.Page }

func newPage(t *theme.Theme, width int) *page { return &page{widget.Page{Theme: t, Width: width}} }

// Certificate is the section about the certificate of a signature, in lines of at most width cells.
func Certificate(t *theme.Theme, s *verification.Signature, width int) []string {
	p := newPage(t, width)
	c := s.Certificate
	if c == nil {
		p.Say("There is no certificate: it was made with a key pair, and only that key can vouch for it (--key).")
		return p.Lines
	}
	subjects := verification.Subjects(c)
	if len(subjects) == 0 {
		subjects = []string{s.Subject}
	}
	for _, subject := range subjects {
		p.Fact("subject", subject)
	}
	p.Fact("issuer", s.Issuer)
	p.Fact("valid", fmt.Sprintf("%s to %s", c.NotBefore.UTC().Format(stamp), clock(c.NotBefore, c.NotAfter)))
	p.Fact("issued by", c.Issuer.String())
	p.Fact("serial", hex.EncodeToString(c.SerialNumber.Bytes()))
	p.Fact("key", keyName(c.PublicKey))
	if len(c.Raw) > 0 {
		sum := sha256.Sum256(c.Raw)
		p.Fact("SHA-256", hex.EncodeToString(sum[:]))
	}
	for _, check := range []verification.CheckID{verification.CheckChain, verification.CheckSCT} {
		if made := s.Check(check); made.ID != "" {
			p.Fact(string(check), made.State.Word()+": "+made.What)
		}
	}
	extensions := verification.Extensions(c)
	if len(extensions) == 0 {
		return p.Lines
	}
	p.Blank()
	p.Title("What Fulcio wrote into it (1.3.6.1.4.1.57264.1)")
	for _, e := range extensions {
		name := e.Name
		if i := strings.LastIndexByte(e.OID, '.'); i >= 0 {
			name = e.OID[i:] + " " + name
		}
		if e.Deprecated {
			name += " (old form)"
		}
		p.Lines = append(p.Lines, widget.Hang(t.Faint.Render(widget.Clean(name))+"  ", widget.Clean(e.Value), max(width, widget.Width(name)+12))...)
	}
	for i, line := range p.Lines {
		p.Lines[i] = widget.Cut(line, width, t.Lines.More)
	}
	return p.Lines
}

func keyName(public any) string {
	switch key := public.(type) {
	case *ecdsa.PublicKey:
		return "ECDSA " + key.Curve.Params().Name
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA %d", key.N.BitLen())
	case ed25519.PublicKey:
		return "Ed25519"
	}
	return ""
}

// storedAt is the section about where the signature is kept, and what was signed.
func storedAt(t *theme.Theme, s *verification.Signature, command string, width int) []string {
	p := newPage(t, width)
	p.Fact("what", what(s))
	if s.Image.Hex != "" {
		p.Fact("attached to", strings.TrimSpace(s.Image.String()+"  "+s.Platform))
	}
	p.Fact("stored", stored(s))
	p.Fact("payload", payloadOf(s))
	p.Fact("media type", s.MediaType())
	p.Fact("predicate", s.PredicateType)
	if command != "" {
		p.Blank()
		p.Lines = append(p.Lines, t.Faint.Render("the same question on the command line"))
		p.Lines = append(p.Lines, widget.Paint(t.Command, widget.Hang("$ ", widget.Clean(command), width))...)
	}
	if len(s.Payload) > 0 {
		p.Blank()
		p.Title("What was signed")
		p.Document(verification.Indented(s.Signed()))
	}
	return p.Lines
}

func what(s *verification.Signature) string {
	switch s.Kind {
	case verification.KindAttestation:
		if s.Storage == verification.StoredInFile {
			return "an attestation: a signed statement about an artifact"
		}
		return "an attestation: a signed statement about the image"
	case verification.KindSBOM:
		return "a document beside the image that nobody signed"
	case verification.KindSignature:
	}
	return "a signature"
}

// raw is the section with what is stored as JSON.
func raw(t *theme.Theme, s *verification.Signature, width int) []string {
	p := newPage(t, width)
	document := s.Stored()
	if len(document) == 0 || string(document) == "null" {
		p.Say("What is stored could not be read as JSON; the section 5 says where it is.")
		return p.Lines
	}
	p.Document(document)
	return p.Lines
}
