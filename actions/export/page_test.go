package export_test

import (
	"fmt"
	"math"
	"regexp"
	"strings"
	"testing"

	"github.com/sigwalk/sigwalk/actions/export"
	"github.com/sigwalk/sigwalk/actions/verification"
)

// luminance is the relative luminance of a colour (WCAG 2.2, "relative luminance"), written #rgb or #rrggbb.
func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	if len(colour) == 4 {
		colour = "#" + strings.Repeat(colour[1:2], 2) + strings.Repeat(colour[2:3], 2) + strings.Repeat(colour[3:4], 2)
	}
	var rgb [3]int
	if _, err := fmt.Sscanf(colour, "#%02x%02x%02x", &rgb[0], &rgb[1], &rgb[2]); err != nil {
		t.Fatalf("%s: %v", colour, err)
	}
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		c := float64(rgb[i]) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}

var (
	coloured = regexp.MustCompile(`(\S+) \{[^}]*?[^-]color: (#[0-9a-f]{3,6});`)
	behind   = regexp.MustCompile(`background: (#[0-9a-f]{3,6});`)
)

// TestColoursAreReadable holds every colour of text against what is behind it, on light and on dark: 4.5 to 1 (WCAG 2.2, 1.4.3).
func TestColoursAreReadable(t *testing.T) {
	document := written(t, signed(t), export.Options{Form: export.HTML})
	_, style, _ := strings.Cut(document, "<style>")
	style, _, _ = strings.Cut(style, "</style>")
	light, dark, ok := strings.Cut(style, "@media (prefers-color-scheme: dark) {")
	if !ok {
		t.Fatal("nothing is said about a dark screen")
	}
	for name, style := range map[string]string{"light": light, "dark": dark} {
		ground := behind.FindStringSubmatch(style)
		texts := coloured.FindAllStringSubmatch(style, -1)
		if ground == nil || len(texts) != 6 {
			t.Fatalf("%s: %v on %v", name, texts, ground)
		}
		for _, text := range texts {
			a, b := luminance(t, text[2]), luminance(t, ground[1])
			if contrast := (max(a, b) + 0.05) / (min(a, b) + 0.05); contrast < 4.5 {
				t.Errorf("%s: %s is %s on %s: %.1f to 1", name, text[1], text[2], ground[1], contrast)
			}
		}
	}
}

// TestNobodysName says in every form for people why there is no subject; the form for programs leaves it empty.
func TestNobodysName(t *testing.T) {
	report := signed(t)
	report.Signatures[0].Subject, report.Signatures[0].Issuer, report.Signatures[0].Certificate = "", "", nil
	report.Attached = append(report.Attached, verification.Signature{Kind: verification.KindSBOM})
	for form, want := range map[export.Form][]string{
		export.Table: {"(a key, no identity)"}, export.Markdown: {"| (a key, no identity) |", "| (nobody signed it) |"},
		export.HTML: {">(a key, no identity)<", ">(nobody signed it)<"},
	} {
		text := written(t, report, export.Options{Form: form, All: true})
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Errorf("%s lacks %q", form, w)
			}
		}
	}
	if text := written(t, report, export.Options{Form: export.TSV, All: true}); strings.Contains(text, "no identity") || !strings.Contains(text, "\t\t\t") {
		t.Errorf("a program takes this for a subject: %q", text)
	}
}
