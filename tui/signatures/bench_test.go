package signatures_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/muesli/termenv"

	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/tui/screen"
	"github.com/sigwalk/sigwalk/tui/signatures"
	"github.com/sigwalk/sigwalk/tui/theme"
)

// crowd is a report of n signatures.
func crowd(b *testing.B, n int) *verification.Report {
	digest := v1.Hash{Algorithm: "sha256", Hex: "5c50daa8ee2ea7f0ae3ae3dc7d2e6ee9bb5c4d31e3ef5a0a4cb1a4dcd9a4a5a0"}
	image, err := name.NewDigest("registry.example.com/org/app@" + digest.String())
	if err != nil {
		b.Fatal(err)
	}
	began := time.Date(2026, 10, 22, 16, 24, 3, 0, time.UTC)
	certificate := &x509.Certificate{
		SerialNumber: big.NewInt(1 << 62), Issuer: pkix.Name{CommonName: "sigstore", Organization: []string{"example"}},
		NotBefore: began, NotAfter: began.Add(10 * time.Minute),
	}
	var checks []verification.Check
	for _, id := range verification.Checks() {
		side := verification.Value{Text: id.Title(), Source: "layer 0 of the tag"}
		checks = append(checks, verification.Check{ID: id, State: verification.CheckOK, What: id.Matters(), Expected: side, Found: side})
	}
	report := &verification.Report{Image: image.String(), Digest: image}
	for i := range n {
		index, logged := int64(i), began.Add(time.Duration(i)*time.Second)
		report.Signatures = append(report.Signatures, verification.Signature{
			Storage: verification.StoredInTag, Manifest: digest, Layer: digest, Position: i,
			LogIndex: &index, Integrated: &logged, Subject: fmt.Sprintf("student%d@example.com", i),
			Issuer: "https://sso.example.com/realms/workshop", Certificate: certificate, Verified: i%7 != 0, Checks: checks,
		})
	}
	return report
}

// BenchmarkView moves the choice by a page and draws the screen, with every check of the chosen signature.
func BenchmarkView(b *testing.B) {
	const n = 10_000
	m := signatures.New(screen.Deps{
		Context: b.Context(), Theme: theme.New(theme.Options{Dark: true, Profile: termenv.ANSI256}), Tasks: &screen.Tasks{},
	}, crowd(b, n), signatures.Options{})
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
