package filetype

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"regexp"
	"strings"
	"unicode/utf8"
)

// starts are files that are known by their first bytes.
var starts = []struct {
	start string
	Type
}{
	{"\xef\xbb\xbf", Type{"it begins with a byte order mark, which JSON must not have", "take the mark off: `tail -c +4 FILE > NEW`"}},
	{"\xff\xfe", utf16},
	{"\xfe\xff", utf16},
	{"version https://git-lfs.github.com/", Type{"it is what Git LFS leaves in the place of a large file", "fetch the file itself: `git lfs pull`"}},
	{"untrusted comment:", Type{"it is a signature or a key of minisign or signify, and none of Sigstore", "verify it with `minisign`"}},
	{"\x00sigstore-json\n", Type{
		"it is a signature as podman and skopeo keep it beside an image in a directory (dir:)", "copy image and signature to a registry (`skopeo copy dir:DIR docker://IMAGE`), and verify them there: sigwalk verify IMAGE",
	}},
	{"\x1f\x8b", archive},
	{"PK\x03\x04", archive},
	{"BZh", archive},
	{"\x28\xb5\x2f\xfd", archive},
	{"\xfd7zXZ", archive},
	{"\x7fELF", Type{"it is a program", "give it with --artifact, and its bundle with --bundle"}},
	{"\xd2\x84", Type{"it is a signature of Notary (COSE), and none of Sigstore", "verify it with `notation`"}},
}

var (
	utf16   = Type{"it is text in UTF-16, as PowerShell writes it with >", "write it again in UTF-8: `iconv -f UTF-16 -t UTF-8 FILE > NEW`"}
	archive = Type{
		"it is an archive", "a pack is verified by sigwalk verify --pack FILE, an image in a tar by sigwalk verify oci-archive:FILE; for an archive that somebody signed give it with --artifact, and its bundle with --bundle",
	}
	signatureAlone = Type{
		"it is a signature alone, as `cosign sign-blob` prints it: nothing in it says who signed and when",
		"verify it with `cosign verify-blob --signature FILE`, with --certificate or --key; or sign again with --bundle, which keeps all of it",
	}
)

// blocks are what PEM files hold.
var blocks = map[string]Type{
	"CERTIFICATE":    certificate,
	"PUBLIC KEY":     {"it is a public key", "give it with --key, and with --bundle the bundle that was signed with it"},
	"RSA PUBLIC KEY": {"it is a public key", "give it with --key, and with --bundle the bundle that was signed with it"},
	"SIGNED MESSAGE": {"it is a signature of a git commit or tag (gitsign), and no bundle", "verify it where the repository is: `gitsign verify --certificate-identity NAME --certificate-oidc-issuer URL COMMIT`"},
	"PGP SIGNATURE":  {"it is a signature of OpenPGP, and none of Sigstore", "verify it with `gpg --verify`"},
	"SSH SIGNATURE":  {"it is a signature by an SSH key, and none of Sigstore", "verify it with `ssh-keygen -Y verify`"},
}

var (
	certificate = Type{
		"it is a certificate: it says who may sign, and not what was signed",
		"verify the signature beside it with `cosign verify-blob --certificate FILE --signature SIGNATURE`, or ask for the bundle",
	}
	privateKey = Type{"it is a private key: nobody needs it to verify", "keep it where it was; give the public key with --key"}
)

var (
	checksums = regexp.MustCompile(`^([0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128}) [ *]\S`)
	gitObject = regexp.MustCompile(`^(tree|object) [0-9a-f]{40}`)
	token     = regexp.MustCompile(`^eyJ[\w-]+\.eyJ[\w-]+\.[\w-]*$`)
)

// byStart knows what need not be JSON to be recognised.
func byStart(content []byte) Type {
	text := bytes.TrimSpace(content)
	if len(text) == 0 {
		return Type{"it is empty", "write or fetch it again: a command that failed leaves an empty file behind"}
	}
	for _, s := range starts {
		if bytes.HasPrefix(content, []byte(s.start)) {
			return s.Type
		}
	}
	switch block, _ := pem.Decode(text); {
	case len(content) > 262 && string(content[257:262]) == "ustar":
		return archive
	case text[0] == '<':
		return Type{
			"it is a page or XML, as a server answers that lacks a file or asks for a login", "fetch it again with `curl --fail --location`, and look at what comes",
		}
	case bytes.HasPrefix(text, []byte("-----BEGIN ")) && block != nil && blocks[block.Type].Known():
		return blocks[block.Type]
	case bytes.HasPrefix(text, []byte("-----BEGIN ")) && bytes.Contains(text[:min(80, len(text))], []byte("PRIVATE KEY")):
		return privateKey
	case gitObject.Match(text):
		return blocks["SIGNED MESSAGE"]
	case checksums.Match(text):
		return Type{"it is a list of checksums", "give one of them with --artifact as sha256:HEX, and with --bundle the bundle of that file"}
	case token.Match(text):
		return Type{"it is an identity token: it is good for signing, and proves nothing later", "show it to nobody; name the bundle"}
	}
	return binary(content)
}

// signedData is the type of what a time stamp is inside (RFC 5652, 5.1).
var signedData = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}

// binary knows what has no text in it.
func binary(content []byte) Type {
	switch content[0] {
	case 0x30: // a sequence in DER
	case 0x88, 0x89, 0x8a, 0x90, 0xa3, 0xc2, 0xc4: // the packets with which a signature begins (RFC 9580, 4.2), alone or compressed
		if utf8.Valid(content) || bytes.HasPrefix(content[1:], []byte("PNG")) {
			return Type{}
		}
		return Type{"it looks like a signature of OpenPGP, and is none of Sigstore", "verify it with `gpg --verify`"}
	default:
		return Type{}
	}
	var rs struct{ R, S *big.Int }
	if rest, err := asn1.Unmarshal(content, &rs); err == nil && len(rest) == 0 {
		return signatureAlone
	}
	if _, err := x509.ParseCertificate(content); err == nil {
		return certificate
	}
	var response struct { // RFC 3161, 2.4.2
		Status asn1.RawValue
		Token  struct {
			Type    asn1.ObjectIdentifier
			Content asn1.RawValue
		}
	}
	if _, err := asn1.Unmarshal(content, &response); err == nil && response.Token.Type.Equal(signedData) {
		return Type{"it is a time stamp alone (RFC 3161)", "ask for the bundle that it belongs to"}
	}
	return Type{}
}

// encoded says what is in a text that is base64 as a whole.
func encoded(content []byte) Type {
	text := strings.Join(strings.Fields(string(content)), "")
	decoded, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(decoded) == 0 {
		return Type{}
	}
	if startsJSON(decoded) {
		if values, err := valuesIn(decoded); err == nil && len(values) == 1 && isBundle(values[0]) {
			return Type{"it is a bundle in base64", "decode it: `base64 -d FILE > NEW`, and give that to --bundle"}
		}
	}
	inner := byStart(decoded)
	switch {
	case inner == certificate:
		return Type{"it is a certificate in base64, as cosign 2 writes it: it says who may sign, and not what was signed", certificate.Use}
	case inner.Known():
		return inner
	case !utf8.Valid(decoded) && len(decoded) >= 64 && len(decoded) <= 1024:
		return signatureAlone // by a key that is not ECDSA
	}
	return Type{}
}
