package registry

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"unicode"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/sigwalk/sigwalk/actions/printable"
)

// longestAnswer bounds what is quoted of a registry's words: some answer with whole schemas or pages.
const longestAnswer = 200

var htmlTitle = regexp.MustCompile(`(?is)<title[^>]*>(.*?)</title>`)

// says quotes a refusal in one line: the registry's own messages if it sent any, else the status and the beginning of
// what it sent.
func says(refusal *transport.Error) string {
	status := strings.TrimSpace(fmt.Sprintf("%d %s", refusal.StatusCode, http.StatusText(refusal.StatusCode)))
	var words []string
	for _, d := range refusal.Errors {
		text := strings.TrimSpace(d.Message)
		if text == "" {
			text = string(d.Code)
		}
		if text != "" {
			words = append(words, text)
		}
	}
	if len(words) > 0 {
		return fmt.Sprintf("the registry says: %s (%s)", shorten(strings.Join(words, "; ")), status)
	}
	// The library keeps the body to itself, but for the text of the error.
	if _, body, found := strings.Cut(refusal.Error(), fmt.Sprintf("unexpected status code %s: ", status)); found {
		if text := messageOf(body); text != "" {
			return fmt.Sprintf("the registry says: %s (%s)", shorten(text), status)
		}
		if title := htmlTitle.FindStringSubmatch(body); title != nil {
			return fmt.Sprintf("it answered %s with a web page, %q", status, shorten(title[1]))
		}
		if strings.HasPrefix(strings.TrimSpace(body), "<") {
			return fmt.Sprintf("it answered %s with a web page", status)
		}
		return fmt.Sprintf("it answered %s: %s", status, shorten(body))
	}
	return "it answered " + status
}

// messageOf reads the answers of token services and other interfaces beside the registry's own, such as
// {"error":"..."} or {"details":"..."}.
func messageOf(body string) string {
	var answer struct {
		Details, Message, Description, Error any
	}
	if json.Unmarshal([]byte(body), &answer) != nil {
		return ""
	}
	for _, v := range []any{answer.Message, answer.Details, answer.Description, answer.Error} {
		if text, ok := v.(string); ok && text != "" {
			return text
		}
	}
	return ""
}

// theRegistrySays appends the quotation of a refusal in err to a sentence, if there is one.
func theRegistrySays(err error) string {
	var refusal *transport.Error
	if !errors.As(err, &refusal) {
		return ""
	}
	return "; " + says(refusal)
}

// shorten puts text on one line of bounded length, without control characters.
func shorten(text string) string {
	text = strings.Map(func(r rune) rune {
		if printable.Acts(r) && !unicode.IsSpace(r) {
			return -1
		}
		return r
	}, text)
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > longestAnswer {
		return strings.TrimSpace(string(runes[:longestAnswer])) + "…"
	}
	return text
}
