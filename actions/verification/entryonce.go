package verification

import (
	"crypto/sha256"
	"encoding/binary"
	"sync"

	"github.com/go-openapi/strfmt"
	"github.com/sigstore/rekor/pkg/generated/models"
	"github.com/sigstore/rekor/pkg/types"
	kind "github.com/sigstore/rekor/pkg/types/hashedrekord"
	hashedrekord "github.com/sigstore/rekor/pkg/types/hashedrekord/v0.0.1"
)

// rememberEntries has Rekor's reader of hashedrekord entries verify the signature in an entry once: cosign reads the entry of every
// signature four times to give its verdict, and each time the reader verifies it. It goes into the registry that Rekor's
// library keeps for readers of its entries, which is the process's; everything else about the reader stays as it is.
func rememberEntries() {
	known, _ := types.TypeMap.Load(kind.KIND)
	reader, ok := known.(func() types.TypeImpl)
	if !ok {
		return // another version of the library: cosign is slower then, and no less right
	}
	if _, already := reader().(*onceVerified); already {
		return
	}
	once := &onceVerified{TypeImpl: reader()}
	types.TypeMap.Store(kind.KIND, func() types.TypeImpl { return once })
}

// onceVerified reads entries as TypeImpl does. What the signature in an entry is verified against stands in the entry
// (hash, signature and key), so that the same bytes always have the same outcome; only good ones are remembered.
type onceVerified struct {
	types.TypeImpl
	verified outcomes
}

// UnmarshalEntry implements types.TypeImpl. It is safe for concurrent use.
func (o *onceVerified) UnmarshalEntry(proposed models.ProposedEntry) (types.EntryImpl, error) {
	content, sum, ok := signedContent(proposed)
	if ok && o.verified.has(sum) && content.Validate(strfmt.Default) == nil {
		return &hashedrekord.V001Entry{HashedRekordObj: *content}, nil
	}
	entry, err := o.TypeImpl.UnmarshalEntry(proposed)
	if ok && err == nil {
		o.verified.add(sum)
	}
	return entry, err
}

// signedContent decodes an entry of version 0.0.1 as its reader does, and sums up all that the outcome rests on. ok is false where
// a part is missing.
func signedContent(proposed models.ProposedEntry) (content *models.HashedrekordV001Schema, sum [sha256.Size]byte, ok bool) {
	p, ok := proposed.(*models.Hashedrekord)
	if !ok || p == nil || p.APIVersion == nil || *p.APIVersion != hashedrekord.APIVERSION {
		return nil, sum, false
	}
	c := &models.HashedrekordV001Schema{}
	if hashedrekord.DecodeEntry(p.Spec, c) != nil ||
		c.Signature == nil || c.Signature.PublicKey == nil ||
		c.Data == nil || c.Data.Hash == nil || c.Data.Hash.Algorithm == nil || c.Data.Hash.Value == nil {
		return nil, sum, false
	}
	var parts []byte
	for _, part := range [][]byte{
		[]byte(*c.Data.Hash.Algorithm), []byte(*c.Data.Hash.Value), c.Signature.Content, c.Signature.PublicKey.Content,
	} {
		parts = binary.BigEndian.AppendUint64(parts, uint64(len(part)))
		parts = append(parts, part...)
	}
	return c, sha256.Sum256(parts), true
}

// outcomes are the sums of what verified, the latest of them: at least remembered, and at most twice as many.
type outcomes struct {
	mu            sync.Mutex
	latest, older map[[sha256.Size]byte]struct{}
}

// remembered is more than an image has signatures, but for the largest; as many take 200 KB.
const remembered = 4096

func (o *outcomes) has(sum [sha256.Size]byte) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, latest := o.latest[sum]
	_, older := o.older[sum]
	return latest || older
}

func (o *outcomes) add(sum [sha256.Size]byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.latest == nil || len(o.latest) >= remembered {
		o.latest, o.older = map[[sha256.Size]byte]struct{}{}, o.latest
	}
	o.latest[sum] = struct{}{}
}
