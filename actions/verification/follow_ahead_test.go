package verification

import (
	"runtime"
	"testing"
)

// TestTheFirstIsToldOfAlone: until the first signature was told of no other is judged, and after that as many as there are
// processors.
func TestTheFirstIsToldOfAlone(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	var f *follower
	free := func() (n int) {
		for range 5 {
			select {
			case f.judging <- struct{}{}:
				n++
			default:
			}
		}
		for range n {
			<-f.judging
		}
		return n
	}
	told := 0
	f = newFollower(func(Progress) {
		if told++; told == 1 && free() != 0 {
			t.Error("another can be judged before the first was told of")
		}
	})
	f.begin(&Report{})
	if n := free(); n != 1 {
		t.Errorf("%d can be judged before anything was told of", n)
	}
	f.judging <- struct{}{}
	f.judged(&Signature{examination: &examination{}})
	<-f.judging
	if n := free(); told != 1 || n != 4 {
		t.Errorf("told %d times, and %d can be judged after that", told, n)
	}
}
