package workshop

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

func newOutput(limit int) *output { return &output{limit: limit, wrote: func() {}} }

func TestOutputIsReadInOrderAndInFull(t *testing.T) {
	o := newOutput(maxOutput)
	var want strings.Builder
	var writing sync.WaitGroup
	writing.Go(func() {
		for i := range 5000 {
			line := fmt.Sprintf("line %d ✓\n", i)
			want.WriteString(line)
			for _, b := range []byte(line) {
				if _, err := o.Write([]byte{b}); err != nil {
					t.Error(err)
				}
			}
		}
	})
	var got strings.Builder
	at := 0
	for got.Len() < 5000*len("line 0 ✓\n") {
		text, next := o.read(at)
		if !strings.HasSuffix("x"+strings.ToValidUTF8(text, "?"), text) {
			t.Fatalf("a character was cut: %q", text)
		}
		got.WriteString(text)
		at = next
	}
	writing.Wait()
	text, _ := o.read(at)
	got.WriteString(text)
	if got.String() != want.String() {
		t.Error("what was read is not what was written")
	}
}

func TestOutputShowsBrokenBytesOnlyWhenTheLineEnded(t *testing.T) {
	o := newOutput(100)
	_, _ = o.Write([]byte("a\xe2\x9c"))
	if text, next := o.read(0); text != "a" || next != 1 {
		t.Errorf("while running: %q, %d", text, next)
	}
	o.setFinished(true)
	if text, next := o.read(1); text != "\xe2\x9c" || next != 3 {
		t.Errorf("at the end: %q, %d", text, next)
	}
}

func TestOutputLetsGoOfTheOldestBeyondItsBound(t *testing.T) {
	o := newOutput(1000)
	for i := range 1000 {
		_, _ = fmt.Fprintf(o, "line %03d\n", i)
	}
	text, next := o.read(0)
	if next != 9000 || o.end() != 9000 {
		t.Errorf("next %d, end %d", next, o.end())
	}
	if len(text) > 1100 || !strings.HasPrefix(text, "[the first ") || !strings.HasSuffix(text, "line 999\n") {
		t.Errorf("%d bytes: %.60q", len(text), text)
	}
	if second := strings.SplitAfter(text, "\n")[1]; len(second) != 9 {
		t.Errorf("a line was cut: %q", second)
	}
	if again, _ := o.read(9000); again != "" {
		t.Errorf("read twice: %q", again)
	}
}

func TestOneWriteBeyondTheBound(t *testing.T) {
	o := newOutput(100)
	_, _ = o.Write([]byte(strings.Repeat("x", 1000)))
	if text, next := o.read(0); next != 1000 || len(text) > 200 {
		t.Errorf("%d bytes, next %d", len(text), next)
	}
}
