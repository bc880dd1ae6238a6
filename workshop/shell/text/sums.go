package text

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/sigwalk/sigwalk/workshop/shell/builtin"
)

func base64Tool(_ context.Context, call *builtin.Call) error {
	set := newFlags(call)
	decode := set.BoolP("decode", "d", false, "decode")
	alsoDecode := set.BoolP("Decode", "D", false, "as -d")
	wrap := set.IntP("wrap", "w", 76, "how many characters in a line; 0 for one line")
	lenient := set.BoolP("ignore-garbage", "i", false, "leave out what is not Base64")
	files, err := set.parse()
	if err != nil {
		return err
	}
	return eachInput(call, files, func(r io.Reader) error {
		data, err := io.ReadAll(r)
		if err != nil {
			return err
		}
		if *decode || *alsoDecode {
			return decodeBase64(call, string(data), *lenient)
		}
		text := base64.StdEncoding.EncodeToString(data)
		var b strings.Builder
		for *wrap > 0 && len(text) > *wrap {
			b.WriteString(text[:*wrap] + "\n")
			text = text[*wrap:]
		}
		b.WriteString(text)
		if *wrap > 0 && len(data) > 0 {
			b.WriteByte('\n')
		}
		_, err = io.WriteString(call.Stdout, b.String())
		return err
	})
}

// decodeBase64 writes what can be decoded, and then complains, as base64(1) does: a part of a token without padding still
// shows what is in it.
func decodeBase64(call *builtin.Call, text string, lenient bool) error {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
	text = strings.Map(func(r rune) rune {
		if r == '\n' || r == '\r' || lenient && !strings.ContainsRune(alphabet, r) {
			return -1
		}
		return r
	}, text)
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		if unpadded, uerr := base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "=")); uerr == nil {
			data = unpadded
		}
	}
	if _, werr := call.Stdout.Write(data); werr != nil {
		return werr
	}
	if err != nil {
		_, _ = fmt.Fprintln(call.Stderr, "base64: invalid input")
		return builtin.Exit(1)
	}
	return nil
}

func sha256sum(_ context.Context, call *builtin.Call) error {
	set := newFlags(call)
	check := set.BoolP("check", "c", false, "check the sums in the files")
	set.BoolP("binary", "b", false, "changes nothing here")
	files, err := set.parse()
	if err != nil {
		return err
	}
	if *check {
		return checkSums(call, files)
	}
	return eachNamed(call, files, func(name string, r io.Reader) error {
		if name == "" {
			name = "-"
		}
		sum, err := sumOf(r)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(call.Stdout, "%s  %s\n", sum, name)
		return err
	})
}

func sumOf(r io.Reader) (string, error) {
	h := sha256.New()
	_, err := io.Copy(h, r)
	return hex.EncodeToString(h.Sum(nil)), err
}

func checkSums(call *builtin.Call, lists []string) error {
	lines, err := allLines(call, lists)
	if err != nil {
		return err
	}
	failed := 0
	for _, line := range lines {
		want, name, ok := strings.Cut(line, " ")
		name = strings.TrimLeft(name, " *")
		if !ok || name == "" {
			return errors.New("a line is not a sum and the name of a file")
		}
		verdict := "OK"
		err := eachInput(call, []string{name}, func(r io.Reader) error {
			got, err := sumOf(r)
			if !strings.EqualFold(got, want) {
				verdict = "FAILED"
			}
			return err
		})
		if err != nil {
			verdict = "FAILED open or read"
		}
		if verdict != "OK" {
			failed++
		}
		_, _ = fmt.Fprintf(call.Stdout, "%s: %s\n", name, verdict)
	}
	if failed > 0 {
		_, _ = fmt.Fprintf(call.Stderr, "sha256sum: %d computed checksum(s) did NOT match\n", failed)
		return builtin.Exit(1)
	}
	return nil
}
