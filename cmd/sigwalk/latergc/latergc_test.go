package latergc

import (
	"os"
	"runtime"
	"runtime/debug"
	"testing"
)

// percent is how often the collector runs now.
func percent() int {
	now := debug.SetGCPercent(usual)
	debug.SetGCPercent(now)
	return now
}

// collect runs the collector until the cleanup has been.
func collect(collected <-chan struct{}) {
	for {
		runtime.GC()
		select {
		case <-collected:
			return
		default:
		}
	}
}

func TestFirstCollectionEndsTheRest(t *testing.T) {
	t.Setenv(variable, "")
	if err := os.Unsetenv(variable); err != nil {
		t.Fatal(err)
	}
	before := percent()
	defer debug.SetGCPercent(before)
	collected := rest()
	if collected == nil {
		t.Fatal("nothing was put off")
	}
	collect(collected)
	if now := percent(); now != usual {
		t.Errorf("%d after the first collection, want %d", now, usual)
	}

	// What a command sets meanwhile stands.
	collected = rest()
	debug.SetGCPercent(250)
	collect(collected)
	if now := percent(); now != 250 {
		t.Errorf("%d after the first collection, and 250 was set before it", now)
	}
}

func TestEnvironmentStands(t *testing.T) {
	t.Setenv(variable, "50")
	before := percent()
	if collected := rest(); collected != nil || percent() != before {
		t.Errorf("put off: %t, %d, and %d before", collected != nil, percent(), before)
	}
}
