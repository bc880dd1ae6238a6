package pack

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/layout"
	"github.com/sigwalk/sigwalk/actions/verification"
)

// The limits on the files of a foreign pack that are read into the memory.
const (
	maxDescription = 4 << 20
	maxTrustRoot   = 8 << 20
	maxSums        = 64 << 20
	maxProofs      = 64 << 20
)

// Pack is one that was opened and found whole.
type Pack struct {
	File string
	Description
	// Root is the trusted_root.json that came with it.
	Root []byte
	// Proofs are inclusion proofs that signatures do not carry, for verification.Report.AddProofs; empty for none.
	Proofs []byte
}

// Reference names the image in the pack as the other actions read it.
func (p *Pack) Reference() string {
	return layout.Reference{Transport: layout.Archive, Path: p.File, Name: p.Digest}.String()
}

// Open reads a pack and compares every byte of it with its checksums. It fails with CodePack when it is none or is damaged,
// and with CodeLayout when it cannot be read as an archive. Nothing is unpacked to the disk.
func Open(ctx context.Context, file string) (*Pack, error) {
	found := map[string]string{} // name to SHA-256 in hex
	kept := map[string][]byte{}
	limits := map[string]int64{descriptionFile: maxDescription, rootFile: maxTrustRoot, sumsFile: maxSums, proofsFile: maxProofs}
	err := layout.Walk(ctx, file, func(e layout.Entry) error {
		sum := sha256.New()
		var content bytes.Buffer
		in := io.TeeReader(e, sum)
		if limit, wanted := limits[e.Name]; wanted {
			if e.Size > limit {
				return damaged(file, fmt.Sprintf("%s has %d bytes, more than the %d that are read", e.Name, e.Size, limit))
			}
			in = io.TeeReader(in, &content)
		}
		if _, err := io.Copy(io.Discard, in); err != nil {
			return err
		}
		found[e.Name] = hex.EncodeToString(sum.Sum(nil))
		kept[e.Name] = content.Bytes()
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, name := range []string{sumsFile, descriptionFile, rootFile, "oci-layout", "index.json"} {
		if _, ok := found[name]; !ok {
			return nil, damaged(file, "there is no "+name+" in it")
		}
	}
	if err := compare(file, found, kept[sumsFile]); err != nil {
		return nil, err
	}
	p := &Pack{File: file, Root: kept[rootFile], Proofs: kept[proofsFile]}
	if err := json.Unmarshal(kept[descriptionFile], &p.Description); err != nil {
		return nil, damaged(file, descriptionFile+" cannot be read: "+err.Error())
	}
	switch {
	case p.Format != Format:
		return nil, otherFormat(file, p.Format)
	case p.TrustRoot != found[rootFile]:
		return nil, damaged(file, "the trust root in it is another than the one that was packed")
	case !digestInBlobs(p.Digest, found):
		return nil, damaged(file, fmt.Sprintf("the image %.80q is not in it", p.Digest))
	}
	return p, nil
}

// Add gives a report on the pack the inclusion proofs that came with it.
func (p *Pack) Add(ctx context.Context, report *verification.Report) error {
	if len(p.Proofs) == 0 {
		return nil
	}
	return report.AddProofs(ctx, p.Proofs)
}

func digestInBlobs(digest string, found map[string]string) bool {
	hexed, ok := strings.CutPrefix(digest, "sha256:")
	return ok && found["blobs/sha256/"+hexed] == hexed
}

// compare holds what is there against SHA256SUMS: each file must be in it, and nothing in it may be missing.
func compare(file string, found map[string]string, sums []byte) error {
	lines := bufio.NewScanner(bytes.NewReader(sums))
	listed := map[string]bool{sumsFile: true}
	for lines.Scan() {
		sum, name, ok := strings.Cut(lines.Text(), "  ")
		if !ok || !fs.ValidPath(name) {
			return damaged(file, sumsFile+" has a line that is none of sha256sum's")
		}
		switch got, there := found[name]; {
		case !there:
			return damaged(file, name+" is missing")
		case got != sum:
			return damaged(file, fmt.Sprintf("%s has the checksum %s, and %s was packed", name, got, sum))
		}
		if blob, isBlob := strings.CutPrefix(name, "blobs/sha256/"); isBlob && blob != sum {
			return damaged(file, fmt.Sprintf("%s holds other bytes than its name says", name))
		}
		listed[name] = true
	}
	if err := lines.Err(); err != nil {
		return damaged(file, sumsFile+" cannot be read: "+err.Error())
	}
	var more []string
	for name := range found {
		if !listed[name] {
			more = append(more, name)
		}
	}
	if len(more) > 0 {
		return damaged(file, fmt.Sprintf("%.80q was put in afterwards: %s does not list it", slices.Min(more), sumsFile))
	}
	return nil
}

func damaged(file, why string) error {
	return &actions.Error{
		Code: actions.CodePack, What: file + " is refused", Why: why, Err: errDamaged,
		Next: "ask for it again from whoever packed it, and compare the sha256 of the file that `sigwalk pack` printed",
	}
}

// otherFormat is said of a pack whose checksums fit, and that is none which this program writes.
func otherFormat(file, format string) error {
	return &actions.Error{
		Code: actions.CodePack, What: file + " is refused", Err: errDamaged,
		Why:  fmt.Sprintf("its format is %.40q, and this program knows %q", format, Format),
		Next: "verify it with a newer sigwalk; or unpack it and follow its README.txt with cosign, which reads the image layout in it",
	}
}

var errDamaged = errors.New("no pack, or a damaged one")
