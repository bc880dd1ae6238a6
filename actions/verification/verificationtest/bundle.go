package verificationtest

import (
	"context"
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/google/go-containerregistry/pkg/name"
	intoto "github.com/in-toto/attestation/go/v1"
	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	protocommon "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	protodsse "github.com/sigstore/protobuf-specs/gen/pb-go/dsse"
	protorekor "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"
	"github.com/sigstore/rekor/pkg/types"
	rekordsse "github.com/sigstore/rekor/pkg/types/dsse"
	_ "github.com/sigstore/rekor/pkg/types/dsse/v0.0.1" // registers the entry
	"github.com/sigstore/rekor/pkg/util"
	"github.com/sigstore/sigstore/pkg/signature"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/structpb"
)

// Media type and predicate of what cosign 3 stores.
const (
	BundleType    = "application/vnd.dev.sigstore.bundle.v0.3+json"
	SignPredicate = "https://sigstore.dev/cosign/sign/v1"
)

const inTotoType = "application/vnd.in-toto+json"

// Bundle signs the digest of image as `cosign sign` 3 does. Refer stores it.
func (d *Deployment) Bundle(image name.Digest, spec Spec) (*protobundle.Bundle, error) {
	return d.Attest(image, SignPredicate, spec)
}

// Attest signs a statement about image with an empty predicate of the given type. A bundle's only entry of the log is
// the only one of its tree, too, so that it carries an inclusion proof.
func (d *Deployment) Attest(image name.Digest, predicateType string, spec Spec) (*protobundle.Bundle, error) {
	annotations, err := structpb.NewStruct(spec.Annotations)
	if err != nil {
		return nil, err
	}
	h := image.DigestStr()[len("sha256:"):]
	statement, err := protojson.Marshal(&intoto.Statement{
		Type:          intoto.StatementTypeUri,
		Subject:       []*intoto.ResourceDescriptor{{Digest: map[string]string{"sha256": h}, Annotations: annotations}},
		PredicateType: predicateType,
		Predicate:     &structpb.Struct{},
	})
	if err != nil {
		return nil, err
	}
	s, err := d.signer(spec)
	if err != nil {
		return nil, err
	}
	sig, err := sign(s.key, dsse.PAE(inTotoType, statement))
	if err != nil {
		return nil, err
	}
	material := &protobundle.VerificationMaterial{}
	if s.cert != nil {
		material.Content = &protobundle.VerificationMaterial_Certificate{Certificate: &protocommon.X509Certificate{RawBytes: s.cert.Raw}}
	} else {
		id := keyID(s.key)
		material.Content = &protobundle.VerificationMaterial_PublicKey{
			PublicKey: &protocommon.PublicKeyIdentifier{Hint: base64.StdEncoding.EncodeToString(id[:])},
		}
	}
	if !spec.NoLog {
		entry, err := d.witness(statement, sig, s)
		if err != nil {
			return nil, err
		}
		material.TlogEntries = []*protorekor.TransparencyLogEntry{entry}
	}
	if spec.Stamp {
		stamp, err := d.stamp(sig, s.spec.Logged)
		if err != nil {
			return nil, err
		}
		material.TimestampVerificationData = &protobundle.TimestampVerificationData{
			Rfc3161Timestamps: []*protocommon.RFC3161SignedTimestamp{{SignedTimestamp: stamp}},
		}
	}
	return &protobundle.Bundle{
		MediaType:            BundleType,
		VerificationMaterial: material,
		Content: &protobundle.Bundle_DsseEnvelope{DsseEnvelope: &protodsse.Envelope{
			Payload: statement, PayloadType: inTotoType, Signatures: []*protodsse.Signature{{Sig: sig}},
		}},
	}, nil
}

// witness logs an envelope: promise, inclusion proof and checkpoint.
func (d *Deployment) witness(statement, sig []byte, s *signer) (*protorekor.TransparencyLogEntry, error) {
	envelope, err := json.Marshal(dsse.Envelope{
		PayloadType: inTotoType, Payload: base64.StdEncoding.EncodeToString(statement),
		Signatures: []dsse.Signature{{Sig: base64.StdEncoding.EncodeToString(sig)}},
	})
	if err != nil {
		return nil, err
	}
	body, err := entryBody(rekordsse.KIND, types.ArtifactProperties{
		ArtifactBytes: envelope, PublicKeyBytes: [][]byte{s.pem}, PKIFormat: "x509",
	})
	if err != nil {
		return nil, err
	}
	promise, err := d.Promise(body, d.index.Add(1), s.spec.Logged)
	if err != nil {
		return nil, err
	}
	leaf := sha256.Sum256(append([]byte{0}, body...))
	logSigner, err := signature.LoadECDSASignerVerifier(d.log, crypto.SHA256)
	if err != nil {
		return nil, err
	}
	checkpoint, err := util.CreateAndSignCheckpoint(context.Background(), "rekor.test", 1, 1, leaf[:], logSigner)
	if err != nil {
		return nil, fmt.Errorf("sign a checkpoint: %w", err)
	}
	id := keyID(d.log)
	return &protorekor.TransparencyLogEntry{
		LogIndex:          promise.Payload.LogIndex,
		LogId:             &protocommon.LogId{KeyId: id[:]},
		KindVersion:       &protorekor.KindVersion{Kind: rekordsse.KIND, Version: "0.0.1"},
		IntegratedTime:    promise.Payload.IntegratedTime,
		InclusionPromise:  &protorekor.InclusionPromise{SignedEntryTimestamp: promise.SignedEntryTimestamp},
		InclusionProof:    &protorekor.InclusionProof{LogIndex: 0, RootHash: leaf[:], TreeSize: 1, Checkpoint: &protorekor.Checkpoint{Envelope: string(checkpoint)}},
		CanonicalizedBody: body,
	}, nil
}

// ReferBundle stores b as a referrer of image.
func ReferBundle(ctx context.Context, image name.Digest, b *protobundle.Bundle, predicateType string) error {
	content, err := protojson.Marshal(b)
	if err != nil {
		return err
	}
	_, err = Refer(ctx, image, BundleType, content, map[string]string{
		"dev.sigstore.bundle.content": "dsse-envelope", "dev.sigstore.bundle.predicateType": predicateType,
	})
	return err
}
