package shell_test

import (
	"slices"
	"testing"

	"github.com/sigwalk/sigwalk/workshop/shell"
)

func TestComplete(t *testing.T) {
	b := newBench(t, shell.Options{}, variable("IMAGE", "quay.example.com/org/app:latest"), variable("QUAY", "quay.example.com"))
	b.write(t, "cosign.pub", []byte("x"))
	b.write(t, "sub/deep.txt", []byte("x"))
	for text, want := range map[string][]string{
		"cosi":                        {"cosign"},
		"cosign ver":                  {"verify", "verify-attestation", "version"},
		"cosign sign --identity-t":    {"--identity-token"},
		"echo x | cosign tre":         {"tree"},
		"COSIGN_YES=1 cosign tre":     {"tree"},
		"sigwalk sandbox t":           {"tamper"},
		"crane dig":                   {"digest"},
		"cosign tree quay.":           {"quay.example.com/org/app:latest"},
		"echo $Q":                     {"$QUAY"},
		"cosign tree ${IM":            {"${IMAGE"},
		"cosign verify --key=cosign.": {"cosign.pub"},
		"cat sub/":                    {"sub/deep.txt"},
		"cat ../":                     nil,
		"nothing-like-it":             nil,
	} {
		got, from := b.shell.Complete(t.Context(), text)
		if !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
		if from > len(text) {
			t.Errorf("%q begins at %d", text, from)
		}
	}
}
