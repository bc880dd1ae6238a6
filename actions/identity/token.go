// Package identity is how a person or a machine proves who it is: reading identity tokens now, and the ways to get one.
package identity

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/sigwalk/sigwalk/actions"
)

// Token is an OpenID Connect identity token that was read but not verified: only its issuer's keys can do that, and
// Fulcio does.
type Token struct {
	Raw           actions.Secret
	Issuer        string
	Subject       string // the sub claim
	Email         string
	EmailVerified bool
	Audience      []string
	IssuedAt      time.Time // zero when the token does not say
	Expires       time.Time // zero when the token does not say
	Header        map[string]any
	Claims        map[string]any
}

// howToGet is what to do about every token that cannot be read.
const howToGet = "get a new token and take it over whole, from its first character to its last"

// Parse reads a token in the compact form of RFC 7515: header, claims and signature in base64url, joined by dots. It
// fails with CodeTokenMalformed when it is not a whole JWT, and says what is missing; no part of the token is ever
// repeated in an error. White space around the token is ignored, as a paste brings it along.
func Parse(raw actions.Secret) (*Token, error) {
	text := strings.TrimFunc(raw.Reveal(), func(r rune) bool { return unicode.IsSpace(r) || r == '"' || r == '\'' })
	if err := checkShape(text); err != nil {
		return nil, err
	}
	parts := strings.Split(text, ".")
	header, err := decodePart("header", parts[0])
	if err != nil {
		return nil, err
	}
	algorithm, _ := header["alg"].(string)
	if algorithm == "" {
		return nil, malformed("its header names no algorithm", "this is not an identity token; "+howToGet)
	}
	claims, err := decodePart("claims", parts[1])
	if err != nil {
		return nil, err
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || !wholeSignature(algorithm, len(signature)) {
		return nil, malformed("its third part, the signature, is damaged or cut off", howToGet)
	}
	t := &Token{Raw: actions.NewSecret(text), Header: header, Claims: claims}
	if err := t.read(); err != nil {
		return nil, err
	}
	return t, nil
}

// checkShape finds what can be told before decoding.
func checkShape(text string) error {
	if text == "" {
		return malformed("it is empty", "get a token first; if a variable such as $SIGSTORE_ID_TOKEN was meant, it has no value yet")
	}
	if rest, found := strings.CutPrefix(strings.ToLower(text), "bearer"); found && rest != strings.TrimLeft(rest, " \t") {
		return malformed("it begins with the word Bearer", "leave that word out; the token begins with eyJ")
	}
	if strings.HasPrefix(text, "{") {
		return malformed("it is a JSON document and not the token itself",
			"take the value of id_token (or access_token) out of the answer, as jq -r .id_token does")
	}
	if strings.ContainsFunc(text, unicode.IsSpace) {
		return malformed("white space stands in the middle of it", "it was broken over several lines; "+howToGet)
	}
	switch dots := strings.Count(text, "."); {
	case dots == 0:
		return malformed("it has one part where there should be three: header, claims and signature, joined by dots",
			"check that this is an identity token and not a code, password or key; "+howToGet)
	case dots == 1:
		return malformed("its third part, the signature, is missing: it was cut off", howToGet)
	case dots == 4:
		return malformed("it has five parts: it is encrypted (JWE)", "ask the identity provider for a signed token, which has three parts")
	case dots > 2:
		return malformed(fmt.Sprintf("it has %d parts where there should be three", dots+1), howToGet)
	}
	for i, part := range strings.Split(text, ".") {
		if part == "" {
			return malformed(fmt.Sprintf("its %s is empty", partNames[i]), howToGet)
		}
	}
	return nil
}

var partNames = [...]string{"first part, the header,", "second part, the claims,", "third part, the signature,"}

func decodePart(part, text string) (map[string]any, error) {
	plain, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
	if err != nil {
		return nil, malformed("its "+part+" cannot be decoded: a character is missing or does not belong there", howToGet)
	}
	in := json.NewDecoder(bytes.NewReader(plain))
	in.UseNumber()
	var object map[string]any
	if err := in.Decode(&object); err != nil || object == nil {
		return nil, malformed("its "+part+" cannot be read as JSON: something is missing or garbled", howToGet)
	}
	return object, nil
}

// wholeSignature reports whether a signature of so many bytes can be whole (RFC 7518, RFC 8037). An RSA signature is as
// long as its key, which comes in steps of 64 bytes.
func wholeSignature(algorithm string, size int) bool {
	switch algorithm {
	case "RS256", "RS384", "RS512", "PS256", "PS384", "PS512":
		return size >= 128 && size%64 == 0
	case "ES256", "ES256K":
		return size == 64
	case "ES384":
		return size == 96
	case "ES512":
		return size == 132
	case "EdDSA", "Ed25519":
		return size == 64 || size == 114
	}
	return size > 0
}

// read takes the claims that matter out of the map.
func (t *Token) read() error {
	var err error
	text := func(claim string) string {
		s, _ := t.Claims[claim].(string)
		return s
	}
	t.Issuer, t.Subject, t.Email = text("iss"), text("sub"), text("email")
	switch verified := t.Claims["email_verified"].(type) {
	case bool:
		t.EmailVerified = verified
	case string: // some providers quote it
		t.EmailVerified = verified == "true" || verified == "True"
	}
	switch aud := t.Claims["aud"].(type) {
	case string:
		t.Audience = []string{aud}
	case []any:
		for _, a := range aud {
			if s, ok := a.(string); ok {
				t.Audience = append(t.Audience, s)
			}
		}
	}
	if t.Expires, err = t.moment("exp"); err != nil {
		return err
	}
	if t.IssuedAt, err = t.moment("iat"); err != nil {
		return err
	}
	if t.Issuer == "" {
		return malformed("its claims name no issuer (iss)", "this is not an identity token; "+howToGet)
	}
	return nil
}

// moment reads a claim of seconds since 1970, which may have a fraction (RFC 7519).
func (t *Token) moment(claim string) (time.Time, error) {
	value, there := t.Claims[claim]
	if !there {
		return time.Time{}, nil
	}
	if n, ok := value.(json.Number); ok {
		if seconds, err := n.Float64(); err == nil && seconds >= 0 && seconds < 1e12 {
			return time.Unix(int64(seconds), 0), nil
		}
	}
	return time.Time{}, malformed("its claim "+claim+" is not a time", howToGet)
}

func malformed(why, next string) error {
	return &actions.Error{
		Code: actions.CodeTokenMalformed,
		What: "this is not a whole identity token",
		Why:  why,
		Next: next,
	}
}
