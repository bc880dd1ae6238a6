package explain

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
)

// What is looked through: the beginning of an output, its end, where programs say why they give up, and of a line its
// beginning. More is never a message for people.
const (
	maxHeadBytes = 256 << 10
	maxTailBytes = 768 << 10
	maxLineBytes = 64 << 10
	// An output without an end is given up here.
	maxOutputBytes = 256 << 20
)

// read returns the lines of an output that are looked through, fit to be shown. It fails when reading does, or with ctx.
func read(ctx context.Context, output io.Reader) ([]string, error) {
	var head, tail []byte
	buffer := make([]byte, 64<<10)
	for total := 0; total < maxOutputBytes; {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		n, err := output.Read(buffer)
		total += n
		room := min(n, maxHeadBytes-len(head))
		head = append(head, buffer[:room]...)
		tail = append(tail, buffer[room:n]...)
		if len(tail) > 2*maxTailBytes {
			tail = append(tail[:0], tail[len(tail)-maxTailBytes:]...)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	if cut := len(tail) - maxTailBytes; cut > 0 {
		tail = append([]byte{'\n'}, tail[cut:]...)
	}
	var lines []string
	seen := map[string]bool{}
	for line := range bytes.Lines(append(head, tail...)) {
		text := readable(string(line[:min(len(line), maxLineBytes)]))
		// What comes again and again, as from something that tries again, says nothing new.
		if text = strings.TrimRight(text, "\r\n"); text != "" && !seen[text] {
			seen[text] = true
			lines = append(lines, text)
		}
	}
	return lines, nil
}
