package lab

import "io"

// readAll reads a blob to its end and closes it.
func readAll(in io.ReadCloser) ([]byte, error) {
	defer func() { _ = in.Close() }()
	const most = 1 << 20 // of a signature's payload
	return io.ReadAll(io.LimitReader(in, most))
}
