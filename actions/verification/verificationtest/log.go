package verificationtest

import (
	"bytes"
	"context"
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/cyberphone/json-canonicalization/go/src/webpki.org/jsoncanonicalizer"
	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	protocommon "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	protorekor "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"
	rekortiles "github.com/sigstore/rekor-tiles/v2/pkg/generated/protobuf"
	"github.com/sigstore/rekor-tiles/v2/pkg/note"
	"github.com/sigstore/rekor/pkg/types"
	rekordsse "github.com/sigstore/rekor/pkg/types/dsse"
	_ "github.com/sigstore/rekor/pkg/types/dsse/v0.0.1" // registers the entry
	"github.com/sigstore/rekor/pkg/types/hashedrekord"
	"github.com/sigstore/rekor/pkg/util"
	"github.com/sigstore/sigstore/pkg/signature"
	sumnote "golang.org/x/mod/sumdb/note"
	"google.golang.org/protobuf/encoding/protojson"
)

// origin is how the log calls itself: the host of its address.
const origin = "rekor.test"

// witness logs an envelope: promise, inclusion proof and checkpoint.
func (d *Deployment) witness(statement, sig []byte, s *signer) (*protorekor.TransparencyLogEntry, error) {
	switch {
	case s.spec.Tiles && !s.spec.Withdrawn:
		sum := sha256.Sum256(dsse.PAE(s.payloadType(), statement))
		return d.witnessMessage(sum[:], sig, s)
	case s.spec.Tiles:
		sum := sha256.Sum256(statement)
		return d.tile(&rekortiles.Entry{Kind: "dsse", ApiVersion: "0.0.2", Spec: &rekortiles.Spec{Spec: &rekortiles.Spec_DsseV002{
			DsseV002: &rekortiles.DSSELogEntryV002{
				PayloadHash: &protocommon.HashOutput{Algorithm: protocommon.HashAlgorithm_SHA2_256, Digest: sum[:]},
				Signatures:  []*rekortiles.Signature{s.tiled(sig)},
			},
		}}})
	}
	envelope, err := envelopeOf(statement, sig, s)
	if err != nil {
		return nil, err
	}
	body, err := envelopeBody(envelope, s)
	if err != nil {
		return nil, err
	}
	if s.spec.Elsewhere {
		recorded, other := sha256.Sum256(statement), sha256.Sum256(nil)
		body = bytes.Replace(body, []byte(hex.EncodeToString(recorded[:])), []byte(hex.EncodeToString(other[:])), 1)
	}
	return d.shelve(rekordsse.KIND, body, s)
}

func envelopeOf(statement, sig []byte, s *signer) ([]byte, error) {
	return json.Marshal(dsse.Envelope{
		PayloadType: s.payloadType(), Payload: base64.StdEncoding.EncodeToString(statement),
		Signatures: []dsse.Signature{{Sig: base64.StdEncoding.EncodeToString(sig)}},
	})
}

// envelopeBody is the body of an entry for an envelope.
func envelopeBody(envelope []byte, s *signer) ([]byte, error) {
	return entryBody(rekordsse.KIND, types.ArtifactProperties{
		ArtifactBytes: envelope, PublicKeyBytes: [][]byte{s.pem}, PKIFormat: "x509",
	})
}

// witnessMessage logs a signature over an artifact with the SHA-256 sum.
func (d *Deployment) witnessMessage(sum, sig []byte, s *signer) (*protorekor.TransparencyLogEntry, error) {
	if s.spec.Tiles {
		if s.spec.Elsewhere {
			other := sha256.Sum256(nil)
			sum = other[:]
		}
		return d.tile(&rekortiles.Entry{Kind: "hashedrekord", ApiVersion: "0.0.2", Spec: &rekortiles.Spec{Spec: &rekortiles.Spec_HashedRekordV002{
			HashedRekordV002: &rekortiles.HashedRekordLogEntryV002{
				Data:      &protocommon.HashOutput{Algorithm: protocommon.HashAlgorithm_SHA2_256, Digest: sum},
				Signature: s.tiled(sig),
			},
		}}})
	}
	body, err := entryBody(hashedrekord.KIND, types.ArtifactProperties{
		ArtifactHash: "sha256:" + hex.EncodeToString(sum), SignatureBytes: sig, PublicKeyBytes: [][]byte{s.pem}, PKIFormat: "x509",
	})
	if err != nil {
		return nil, err
	}
	return d.shelve(hashedrekord.KIND, body, s)
}

// shelve puts the body of an entry into a tree of the first generation. The tree has been sharded: the index that the log
// promises is not that of the proof.
func (d *Deployment) shelve(kind string, body []byte, s *signer) (*protorekor.TransparencyLogEntry, error) {
	promise, err := d.Promise(body, d.index.Add(1), s.spec.Logged)
	if err != nil {
		return nil, err
	}
	index, size, root, hashes, err := d.shard.add(body)
	if err != nil {
		return nil, err
	}
	logSigner, err := signature.LoadECDSASignerVerifier(d.log, crypto.SHA256)
	if err != nil {
		return nil, err
	}
	checkpoint, err := util.CreateAndSignCheckpoint(context.Background(), origin, 1, size, root, logSigner)
	if err != nil {
		return nil, fmt.Errorf("sign a checkpoint: %w", err)
	}
	id := keyID(d.log)
	return &protorekor.TransparencyLogEntry{
		LogIndex:         promise.Payload.LogIndex,
		LogId:            &protocommon.LogId{KeyId: id[:]},
		KindVersion:      &protorekor.KindVersion{Kind: kind, Version: "0.0.1"},
		IntegratedTime:   promise.Payload.IntegratedTime,
		InclusionPromise: &protorekor.InclusionPromise{SignedEntryTimestamp: promise.SignedEntryTimestamp},
		InclusionProof: &protorekor.InclusionProof{
			LogIndex: int64(index), RootHash: root, TreeSize: int64(size), Hashes: hashes,
			Checkpoint: &protorekor.Checkpoint{Envelope: string(checkpoint)},
		},
		CanonicalizedBody: body,
	}, nil
}

// tile puts an entry into a tree of the second generation, which promises nothing and keeps no time.
func (d *Deployment) tile(entry *rekortiles.Entry) (*protorekor.TransparencyLogEntry, error) {
	plain, err := protojson.Marshal(entry)
	if err != nil {
		return nil, err
	}
	body, err := jsoncanonicalizer.Transform(plain)
	if err != nil {
		return nil, err
	}
	index, size, root, hashes, err := d.tiles.add(body)
	if err != nil {
		return nil, err
	}
	logSigner, err := signature.LoadECDSASignerVerifier(d.log, crypto.SHA256)
	if err != nil {
		return nil, err
	}
	signer, err := note.NewNoteSigner(context.Background(), origin, logSigner)
	if err != nil {
		return nil, err
	}
	text := fmt.Sprintf("%s\n%d\n%s\n", origin, size, base64.StdEncoding.EncodeToString(root))
	checkpoint, err := sumnote.Sign(&sumnote.Note{Text: text}, signer)
	if err != nil {
		return nil, fmt.Errorf("sign a checkpoint: %w", err)
	}
	id := keyID(d.log)
	return &protorekor.TransparencyLogEntry{
		LogIndex:    int64(index),
		LogId:       &protocommon.LogId{KeyId: id[:]},
		KindVersion: &protorekor.KindVersion{Kind: entry.GetKind(), Version: entry.GetApiVersion()},
		InclusionProof: &protorekor.InclusionProof{
			LogIndex: int64(index), RootHash: root, TreeSize: int64(size), Hashes: hashes,
			Checkpoint: &protorekor.Checkpoint{Envelope: string(checkpoint)},
		},
		CanonicalizedBody: body,
	}, nil
}

// tiled is a signature as a log of the second generation keeps it.
func (s *signer) tiled(sig []byte) *rekortiles.Signature {
	verifier := &rekortiles.Verifier{KeyDetails: protocommon.PublicKeyDetails_PKIX_ECDSA_P256_SHA_256}
	if s.cert != nil {
		verifier.Verifier = &rekortiles.Verifier_X509Certificate{X509Certificate: &protocommon.X509Certificate{RawBytes: s.cert.Raw}}
	} else {
		verifier.Verifier = &rekortiles.Verifier_PublicKey{PublicKey: &rekortiles.PublicKey{RawBytes: publicDER(s.key)}}
	}
	return &rekortiles.Signature{Content: sig, Verifier: verifier}
}
