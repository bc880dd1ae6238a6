package widget_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sigwalk/sigwalk/tui/widget"
)

// BenchmarkLog shows 100,000 lines as they come, a hundred at a time, and draws after each.
func BenchmarkLog(b *testing.B) {
	var chunk strings.Builder
	for i := range 100 {
		fmt.Fprintf(&chunk, "line %d of an output that a command prints without end\n", i)
	}
	text := chunk.String()
	for b.Loop() {
		log := &widget.Log{}
		log.SetWidth(80)
		for range 1000 {
			log.Append(text)
			if rows := log.View(20); len(rows) > 20 {
				b.Fatalf("%d rows", len(rows))
			}
		}
	}
}
