package verification

import (
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"strings"
	"unicode/utf8"

	"github.com/sigstore/sigstore/pkg/cryptoutils"
)

// Extension is one extension of a certificate that Fulcio filled in.
type Extension struct {
	OID  string // dotted
	Name string // what it says, such as "Build Signer URI"; the OID where it is not known
	// Value is its text; hex where it is none.
	Value string
	// Deprecated is true for one that a later one replaces.
	Deprecated bool
}

// fulcioArc is the arc under which Fulcio's extensions stand.
const fulcioArc = "1.3.6.1.4.1.57264.1."

// extensionNames are the names of Fulcio's extensions (sigstore/fulcio docs/oid-info.md) by the last number of their OID.
var extensionNames = map[string]string{
	"1": "Issuer (raw)", "2": "GitHub Workflow Trigger", "3": "GitHub Workflow SHA", "4": "GitHub Workflow Name",
	"5": "GitHub Workflow Repository", "6": "GitHub Workflow Ref", "7": "Other Name", "8": "Issuer",
	"9": "Build Signer URI", "10": "Build Signer Digest", "11": "Runner Environment", "12": "Source Repository URI",
	"13": "Source Repository Digest", "14": "Source Repository Ref", "15": "Source Repository Identifier",
	"16": "Source Repository Owner URI", "17": "Source Repository Owner Identifier", "18": "Build Config URI",
	"19": "Build Config Digest", "20": "Build Trigger", "21": "Run Invocation URI",
	"22": "Source Repository Visibility At Signing", "23": "Deployment Environment", "24": "Token Subject",
}

// Extensions returns Fulcio's extensions of a certificate, in the order of the certificate. Those up to .6 are raw text and
// deprecated, the others a DER UTF8String.
func Extensions(cert *x509.Certificate) []Extension {
	if cert == nil {
		return nil
	}
	var found []Extension
	for _, ext := range cert.Extensions {
		oid := ext.Id.String()
		number, ok := strings.CutPrefix(oid, fulcioArc)
		if !ok {
			continue
		}
		e := Extension{OID: oid, Name: extensionNames[number], Value: extensionText(ext.Value)}
		if e.Name == "" {
			e.Name = oid
		}
		e.Deprecated = len(number) == 1 && number <= "6"
		found = append(found, e)
	}
	return found
}

// extensionText is the text in an extension, whichever of the two forms it has.
func extensionText(value []byte) string {
	var text string
	if rest, err := asn1.Unmarshal(value, &text); err == nil && len(rest) == 0 {
		return text
	}
	if utf8.Valid(value) {
		return string(value)
	}
	return hex.EncodeToString(value)
}

// Subjects returns the names of the one who holds the certificate: all of its subject alternative names.
func Subjects(cert *x509.Certificate) []string {
	if cert == nil {
		return nil
	}
	return cryptoutils.GetSubjectAlternateNames(cert)
}
