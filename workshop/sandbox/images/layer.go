package images

import (
	"archive/tar"
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"math/rand/v2"
	"strings"
)

// program is what the image runs.
const program = "/usr/local/bin/l3-demo"

const mebibyte = 1 << 20

// file is one entry of a layer. A name that ends in a slash is a directory.
type file struct {
	name string
	mode int64
	text []byte
	// fill is a number of pseudo-random bytes in place of text: content that no transport compresses away.
	fill int
}

type layer struct {
	createdBy string
	seed      string // of the pseudo-random files
	files     []file
}

// layersFor returns the four layers of the image for one architecture.
func layersFor(architecture string) []layer {
	return []layer{
		{
			createdBy: "base filesystem",
			seed:      "base/" + architecture,
			files: []file{
				{name: "etc/", mode: 0o755},
				{name: "etc/os-release", mode: 0o644, text: []byte(osRelease)},
				{name: "etc/passwd", mode: 0o644, text: []byte("root:x:0:0:root:/root:/sbin/nologin\ndefault:x:1001:0:default:/opt/app-root:/sbin/nologin\n")},
				{name: "etc/group", mode: 0o644, text: []byte("root:x:0:\n")},
				{name: "tmp/", mode: 0o1777},
				{name: "usr/lib/", mode: 0o755},
				{name: "usr/lib/locale-archive", mode: 0o644, fill: 5 * mebibyte},
			},
		},
		{
			createdBy: "install runtime libraries",
			seed:      "runtime/" + architecture,
			files: []file{
				{name: "usr/lib/runtime/", mode: 0o755},
				{name: "usr/lib/runtime/modules", mode: 0o644, fill: 4 * mebibyte},
			},
		},
		{
			createdBy: "install application dependencies",
			seed:      "dependencies/" + architecture,
			files: []file{
				{name: "opt/app-root/", mode: 0o775},
				{name: "opt/app-root/lib/", mode: 0o755},
				{name: "opt/app-root/lib/dependencies.bin", mode: 0o644, fill: 3 * mebibyte},
			},
		},
		{
			createdBy: "copy the application",
			seed:      "application/" + architecture,
			files: []file{
				{name: "opt/app-root/static.bin", mode: 0o644, fill: 2 * mebibyte},
				{name: "usr/local/bin/", mode: 0o755},
				{name: strings.TrimPrefix(program, "/"), mode: 0o755, text: executable(architecture, greeting)},
			},
		},
	}
}

const osRelease = `NAME="Signing workshop demo"
ID=sigwalk-demo
VERSION_ID="1.0"
PRETTY_NAME="Signing workshop demo 1.0"
`

const greeting = "You run the demo image of the signing workshop. Who signed it, and how do you know?\n"

// tar returns the layer as a tar archive.
func (l layer) tar() ([]byte, error) {
	size := 2 * 512
	for _, f := range l.files {
		size += 512 + (len(f.text)+f.fill+511)/512*512
	}
	archive := bytes.NewBuffer(make([]byte, 0, size))
	w := tar.NewWriter(archive)
	// ChaCha8's output is specified, so a newer Go makes the same bytes.
	var seed [32]byte
	copy(seed[:], l.seed)
	noise := rand.NewChaCha8(seed)
	for _, f := range l.files {
		data := f.text
		if f.fill > 0 {
			data = make([]byte, f.fill)
			// ChaCha8.Read never fails.
			_, _ = noise.Read(data)
		}
		kind := byte(tar.TypeReg)
		if strings.HasSuffix(f.name, "/") {
			kind = tar.TypeDir
		}
		header := &tar.Header{
			Typeflag: kind, Name: f.name, Mode: f.mode, Size: int64(len(data)), ModTime: made, Format: tar.FormatUSTAR,
		}
		if err := w.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := w.Write(data); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return archive.Bytes(), nil
}

// store wraps data as a gzip stream of stored blocks (RFC 1952, RFC 1951 section 3.2.4). Noise does not compress, and a
// compressor may change its output from one release to the next, and the image's digest with it.
func store(data []byte) []byte {
	const largest = 0xffff
	out := make([]byte, 0, len(data)+len(data)/largest*5+32)
	out = append(out, 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff) // deflate, no flags, no time, unknown system
	rest := data
	for {
		n := min(len(rest), largest)
		var final byte
		if n == len(rest) {
			final = 1
		}
		out = append(out, final)
		out = binary.LittleEndian.AppendUint16(out, uint16(n))
		out = binary.LittleEndian.AppendUint16(out, ^uint16(n))
		out = append(out, rest[:n]...)
		if rest = rest[n:]; final == 1 {
			break
		}
	}
	out = binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE(data))
	return binary.LittleEndian.AppendUint32(out, uint32(len(data)))
}
