package workshop

import (
	"bytes"
	"fmt"
	"sync"
	"unicode/utf8"
)

// maxOutput bounds what one step keeps of what its lines printed: far more than a person reads (about a million lines),
// and little enough that a command that never stops printing does not fill the memory.
const maxOutput = 64 << 20

// output keeps what the lines of one step print, standard output and standard error in the order they were written. It
// never makes a writer wait for a reader. Offsets count every byte ever written, so that a reader's offset stays good when
// the oldest bytes are let go beyond the bound.
type output struct {
	mu    sync.Mutex
	text  []byte
	first int // the offset of text[0]
	limit int
	// finished is false while a line runs: a character may then be cut off at the end.
	finished bool
	wrote    func()
}

// Write implements io.Writer.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	o.text = append(o.text, p...)
	if over := len(o.text) - o.limit; over > 0 {
		// A quarter goes at once, so that a flood costs one copy every quarter and not one a write.
		cut := min(len(o.text), over+o.limit/4)
		if i := bytes.IndexByte(o.text[cut:], '\n'); i >= 0 {
			cut += i + 1
		}
		o.text = append([]byte(nil), o.text[cut:]...)
		o.first += cut
	}
	o.mu.Unlock()
	o.wrote()
	return len(p), nil
}

// read returns what came since offset and the next offset.
func (o *output) read(offset int) (string, int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	missing := ""
	if offset < o.first {
		if offset >= 0 {
			missing = fmt.Sprintf("[the first %d bytes were let go]\n", o.first-offset)
		}
		offset = o.first
	}
	end := len(o.text)
	if !o.finished {
		end -= cutOff(o.text)
	}
	if offset-o.first >= end {
		return missing, max(offset, o.first+end)
	}
	return missing + string(o.text[offset-o.first:end]), o.first + end
}

// passOn returns the same output for another session, which nothing is written to by this one any more.
func (o *output) passOn(wrote func()) *output {
	o.mu.Lock()
	defer o.mu.Unlock()
	return &output{text: o.text, first: o.first, limit: o.limit, finished: o.finished, wrote: wrote}
}

// end returns the offset at which the next byte will stand.
func (o *output) end() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.first + len(o.text)
}

func (o *output) setFinished(finished bool) {
	o.mu.Lock()
	o.finished = finished
	o.mu.Unlock()
}

// cutOff returns how many bytes at the end of text begin a character that is not whole yet.
func cutOff(text []byte) int {
	for n := 1; n <= min(utf8.UTFMax-1, len(text)); n++ {
		b := text[len(text)-n]
		if utf8.RuneStart(b) {
			if !utf8.FullRune(text[len(text)-n:]) {
				return n
			}
			return 0
		}
	}
	return 0
}
