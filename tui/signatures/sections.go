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

// page collects the lines of a section. Text that is given to it may come from anywhere.
type page struct {
	t     *theme.Theme
	width int
	lines []string
}

// fact adds a name and what it is; nothing where it is nothing.
func (p *page) fact(name, value string) {
	if value != "" {
		p.lines = append(p.lines, widget.Hang(p.t.Faint.Render(widget.Fit(name, 12, ""))+" ", widget.Clean(value), p.width)...)
	}
}

// say adds a sentence.
func (p *page) say(text string) {
	p.lines = append(p.lines, widget.Wrap(widget.Clean(text), p.width)...)
}

// faint adds a sentence that one may overlook.
func (p *page) faint(text string) {
	p.lines = append(p.lines, widget.Paint(p.t.Faint, widget.Wrap(widget.Clean(text), p.width))...)
}

func (p *page) blank() { p.lines = append(p.lines, "") }

func (p *page) title(text string) {
	p.lines = append(p.lines, p.t.Strong.Render(widget.Cut(text, p.width, p.t.Lines.More)))
}

// mostDrawn bounds how much of a foreign document is drawn: a screen is no place to read the rest.
const mostDrawn = 2000

// text adds a document as it is, each line of it broken where it is too long.
func (p *page) text(document []byte) {
	for line := range strings.Lines(string(document)) {
		if len(p.lines) > mostDrawn {
			p.faint("and more: export the report, or look at the manifest itself")
			return
		}
		line = strings.TrimRight(line, "\n")
		indent := len(line) - len(strings.TrimLeft(line, " "))
		p.lines = append(p.lines, widget.Hang(widget.Spaces(min(indent, p.width/2)), widget.Clean(line[indent:]), p.width)...)
	}
}

// certificate is the section about the certificate.
func certificate(t *theme.Theme, s *verification.Signature, width int) []string {
	p := &page{t: t, width: width}
	c := s.Certificate
	if c == nil {
		p.say("There is no certificate: it was made with a key pair, and only that key can vouch for it (--key).")
		return p.lines
	}
	subjects := verification.Subjects(c)
	if len(subjects) == 0 {
		subjects = []string{s.Subject}
	}
	for _, subject := range subjects {
		p.fact("subject", subject)
	}
	p.fact("issuer", s.Issuer)
	p.fact("valid", fmt.Sprintf("%s to %s", c.NotBefore.UTC().Format(stamp), clock(c.NotBefore, c.NotAfter)))
	p.fact("issued by", c.Issuer.String())
	p.fact("serial", hex.EncodeToString(c.SerialNumber.Bytes()))
	p.fact("key", keyName(c.PublicKey))
	if len(c.Raw) > 0 {
		sum := sha256.Sum256(c.Raw)
		p.fact("SHA-256", hex.EncodeToString(sum[:]))
	}
	for _, check := range []verification.CheckID{verification.CheckChain, verification.CheckSCT} {
		if made := s.Check(check); made.ID != "" {
			p.fact(string(check), made.State.Word()+": "+made.What)
		}
	}
	extensions := verification.Extensions(c)
	if len(extensions) == 0 {
		return p.lines
	}
	p.blank()
	p.title("What Fulcio wrote into it (1.3.6.1.4.1.57264.1)")
	for _, e := range extensions {
		name := e.Name
		if i := strings.LastIndexByte(e.OID, '.'); i >= 0 {
			name = e.OID[i:] + " " + name
		}
		if e.Deprecated {
			name += " (old form)"
		}
		p.lines = append(p.lines, widget.Hang(t.Faint.Render(widget.Clean(name))+"  ", widget.Clean(e.Value), max(width, widget.Width(name)+12))...)
	}
	for i, line := range p.lines {
		p.lines[i] = widget.Cut(line, width, t.Lines.More)
	}
	return p.lines
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
	p := &page{t: t, width: width}
	p.fact("what", what(s))
	if s.Image.Hex != "" {
		p.fact("attached to", strings.TrimSpace(s.Image.String()+"  "+s.Platform))
	}
	p.fact("stored", stored(s))
	if s.Layer.Hex != "" {
		note := ""
		if s.Storage == verification.StoredInTag && s.Kind != verification.KindAttestation && s.Kind != verification.KindSBOM {
			note = " (the same for every signer of this digest)"
		}
		p.fact("payload", s.Layer.String()+note)
	}
	p.fact("media type", s.MediaType())
	p.fact("predicate", s.PredicateType)
	if command != "" {
		p.blank()
		p.lines = append(p.lines, t.Faint.Render("the same question to cosign"))
		p.lines = append(p.lines, widget.Paint(t.Command, widget.Hang("$ ", widget.Clean(command), width))...)
	}
	if len(s.Payload) > 0 {
		p.blank()
		p.title("What was signed")
		p.text(verification.Indented(s.Payload))
	}
	return p.lines
}

func what(s *verification.Signature) string {
	switch s.Kind {
	case verification.KindAttestation:
		return "an attestation: a signed statement about the image"
	case verification.KindSBOM:
		return "a document beside the image that nobody signed"
	case verification.KindSignature:
	}
	return "a signature"
}

// raw is the section with what is stored as JSON.
func raw(t *theme.Theme, s *verification.Signature, width int) []string {
	p := &page{t: t, width: width}
	document := s.Stored()
	if len(document) == 0 || string(document) == "null" {
		p.say("What is stored could not be read as JSON; the section 5 says where it is.")
		return p.lines
	}
	p.text(document)
	return p.lines
}
