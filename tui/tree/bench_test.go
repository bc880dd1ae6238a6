package tree_test

import (
	"fmt"
	"testing"

	tea "github.com/charmbracelet/bubbletea"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/muesli/termenv"

	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/tui/screen"
	"github.com/sigwalk/sigwalk/tui/theme"
	"github.com/sigwalk/sigwalk/tui/tree"
)

// crowd is an image with n signatures.
func crowd(n int) *verification.Node {
	digest := v1.Hash{Algorithm: "sha256", Hex: "5c50daa8ee2ea7f0ae3ae3dc7d2e6ee9bb5c4d31e3ef5a0a4cb1a4dcd9a4a5a0"}
	group := &verification.Node{
		Kind: verification.NodeGroup, Title: verification.GroupSignatures, Digest: digest,
		Reference: "registry.example.com/org/app:sha256-" + digest.Hex + ".sig",
	}
	for i := range n {
		index := int64(i)
		group.Children = append(group.Children, &verification.Node{
			Kind: verification.NodeSignature, Digest: digest, Size: 250,
			Signature: &verification.Signature{
				LogIndex: &index, Layer: digest, Subject: fmt.Sprintf("student%d@example.com", i),
				Issuer: "https://sso.example.com/realms/workshop", Verified: i%7 != 0,
			},
		})
	}
	return &verification.Node{
		Kind: verification.NodeImage, Title: "registry.example.com/org/app:latest", Digest: digest,
		Reference: "registry.example.com/org/app@" + digest.String(), Children: []*verification.Node{group},
	}
}

// BenchmarkView moves the choice by a page and draws the screen.
func BenchmarkView(b *testing.B) {
	const n = 10_000
	m := tree.New(screen.Deps{
		Context: b.Context(), Theme: theme.New(theme.Options{Dark: true, Profile: termenv.ANSI256}), Tasks: &screen.Tasks{},
	}, crowd(n), tree.Options{})
	m.SetSize(140, 38)
	for i := 0; b.Loop(); i++ {
		key := tea.KeyPgDown
		if i%(n/38) == 0 {
			key = tea.KeyHome
		}
		m.Update(tea.KeyMsg{Type: key})
		if lines := m.View(); len(lines) != 38 {
			b.Fatalf("%d lines", len(lines))
		}
	}
}
