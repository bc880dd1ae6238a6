package workshop_test

import (
	"testing"

	"github.com/sigwalk/sigwalk/assets"
	"github.com/sigwalk/sigwalk/workshop"
)

// BenchmarkCourse reads the built-in course, as every start does.
func BenchmarkCourse(b *testing.B) {
	for b.Loop() {
		if _, err := workshop.ParseCourse(assets.FS()); err != nil {
			b.Fatal(err)
		}
	}
}
