package signin

import (
	"image"
	"strings"

	"github.com/boombuler/barcode/qr"

	"github.com/sigwalk/sigwalk/actions/identity"
)

// quiet is the blank margin that readers want around a code, in modules.
const quiet = 2

// whyNoQR says why there is no code to scan; empty when there can be one.
func (m *Model) whyNoQR() string {
	switch {
	case m.prompt.Way != identity.WayDevice:
		return "what a phone would show could not be pasted here: sign in with a device for that"
	case m.prompt.URL == "" || m.prompt.Over:
		return "the link is of no more use"
	case m.deps.Theme.Options.ASCII:
		return "this terminal has no characters to draw it with"
	}
	code, err := qrCode(m.prompt.URL)
	if err != nil {
		return "the link is too long for one"
	}
	size := code.Bounds().Dx() + 2*quiet
	rows, columns := m.height-16, m.width-4
	if m.wide() { // it stands beside the numbered parts, below where the signature stands
		rows, columns = m.height-3-len(steps)-3, m.sideWidth()
	}
	if (size+1)/2 > rows || size > columns {
		return "the screen is too small to draw it"
	}
	return ""
}

func qrCode(text string) (image.Image, error) {
	return qr.Encode(text, qr.L, qr.Auto)
}

// qrLines draws the link as a code, two modules a character. Readers want dark on light, so on a dark screen what is light
// is drawn.
func (m *Model) qrLines() []string {
	code, err := qrCode(m.prompt.URL)
	if err != nil {
		return nil
	}
	size := code.Bounds().Dx()
	drawn := func(x, y int) bool {
		dark := false
		if x >= 0 && y >= 0 && x < size && y < size {
			r, _, _, _ := code.At(x, y).RGBA()
			dark = r == 0
		}
		return dark != m.deps.Theme.Options.Dark
	}
	var out []string
	for y := -quiet; y < size+quiet; y += 2 {
		var b strings.Builder
		for x := -quiet; x < size+quiet; x++ {
			upper, lower := drawn(x, y), drawn(x, y+1)
			switch {
			case upper && lower:
				b.WriteRune('█')
			case upper:
				b.WriteRune('▀')
			case lower:
				b.WriteRune('▄')
			default:
				b.WriteByte(' ')
			}
		}
		out = append(out, b.String())
	}
	return out
}
