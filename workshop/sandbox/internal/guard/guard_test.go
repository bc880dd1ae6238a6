package guard

import (
	"errors"
	"io"
	"strings"
	"testing"
)

func TestCall(t *testing.T) {
	for name, f := range map[string]func() error{
		"an error":              func() error { return io.EOF },
		"a panic with an error": func() error { panic(io.EOF) },
		"a panic with a text":   func() error { panic("EOF") },
	} {
		err := Call("start", f)
		if err == nil || !strings.Contains(err.Error(), "EOF") {
			t.Errorf("%s: %v", name, err)
		}
		if name != "a panic with a text" && !errors.Is(err, io.EOF) {
			t.Errorf("%s: %v is not the cause", name, err)
		}
	}
	if err := Call("start", func() error { return nil }); err != nil {
		t.Error(err)
	}
}
