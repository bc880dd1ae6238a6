package workshop

import (
	"context"

	"github.com/sigwalk/sigwalk/actions/verification"
)

// EntryIsOf reports whether the log's entry of that index is taken for the entry of the signature.
func (s *Session) EntryIsOf(ctx context.Context, index int64, signature verification.Signature) (found, isOf bool, err error) {
	c, err := s.world.clients()
	if err != nil {
		return false, false, err
	}
	entry, err := fetchEntry(ctx, c, index)
	if entry == nil || err != nil {
		return false, false, err
	}
	return true, entry.isOf(signature), nil
}

// AnswerIsOf is EntryIsOf for an answer of the log.
func AnswerIsOf(answer []byte, signature verification.Signature) (bool, error) {
	entry, err := readEntry(answer)
	if entry == nil || err != nil {
		return false, err
	}
	return entry.isOf(signature), nil
}

// FormatWords lists every word that means something in a lesson.
func FormatWords() []string {
	var words []string
	for _, name := range roleNames {
		words = append(words, role(name).opening())
	}
	words = append(append(words, views...), sandboxOnly)
	for _, kind := range checkKinds {
		words = append(words, kind.name)
		for _, param := range kind.params {
			words = append(words, param.name)
		}
	}
	return words
}
