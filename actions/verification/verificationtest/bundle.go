package verificationtest

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"

	"github.com/google/go-containerregistry/pkg/name"
	intoto "github.com/in-toto/attestation/go/v1"
	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	protocommon "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	protodsse "github.com/sigstore/protobuf-specs/gen/pb-go/dsse"
	protorekor "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
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

// Attest signs a statement about image with an empty predicate of the given type.
func (d *Deployment) Attest(image name.Digest, predicateType string, spec Spec) (*protobundle.Bundle, error) {
	statement, err := statementAbout(image, predicateType, spec)
	if err != nil {
		return nil, err
	}
	s, err := d.signer(spec)
	if err != nil {
		return nil, err
	}
	sig, err := sign(s.key, dsse.PAE(s.payloadType(), statement))
	if err != nil {
		return nil, err
	}
	material, err := d.material(s, sig, func() (*protorekor.TransparencyLogEntry, error) { return d.witness(statement, sig, s) })
	if err != nil {
		return nil, err
	}
	return &protobundle.Bundle{
		MediaType:            BundleType,
		VerificationMaterial: material,
		Content: &protobundle.Bundle_DsseEnvelope{DsseEnvelope: &protodsse.Envelope{
			Payload: statement, PayloadType: s.payloadType(), Signatures: []*protodsse.Signature{{Sig: sig}},
		}},
	}, nil
}

// statementAbout is an in-toto statement about image with an empty predicate.
func statementAbout(image name.Digest, predicateType string, spec Spec) ([]byte, error) {
	annotations, err := structpb.NewStruct(spec.Annotations)
	if err != nil {
		return nil, err
	}
	h := image.DigestStr()[len("sha256:"):]
	subjects := []*intoto.ResourceDescriptor{{Digest: map[string]string{"sha256": h}, Annotations: annotations}}
	for n := range spec.Crowd {
		sum := sha256.Sum256([]byte{byte(n), byte(n >> 8)})
		subjects = append(subjects, &intoto.ResourceDescriptor{Digest: map[string]string{"sha256": hex.EncodeToString(sum[:])}})
	}
	return protojson.Marshal(&intoto.Statement{
		Type:          intoto.StatementTypeUri,
		Subject:       subjects,
		PredicateType: predicateType,
		Predicate:     &structpb.Struct{},
	})
}

// Message signs an artifact as `cosign sign-blob --new-bundle-format` does.
func (d *Deployment) Message(artifact []byte, spec Spec) (*protobundle.Bundle, error) {
	s, err := d.signer(spec)
	if err != nil {
		return nil, err
	}
	sig, err := sign(s.key, artifact)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(artifact)
	material, err := d.material(s, sig, func() (*protorekor.TransparencyLogEntry, error) { return d.witnessMessage(sum[:], sig, s) })
	if err != nil {
		return nil, err
	}
	return &protobundle.Bundle{
		MediaType:            BundleType,
		VerificationMaterial: material,
		Content: &protobundle.Bundle_MessageSignature{MessageSignature: &protocommon.MessageSignature{
			MessageDigest: &protocommon.HashOutput{Algorithm: protocommon.HashAlgorithm_SHA2_256, Digest: sum[:]}, Signature: sig,
		}},
	}, nil
}

// material is what vouches for a signature in a bundle.
func (d *Deployment) material(s *signer, sig []byte, entry func() (*protorekor.TransparencyLogEntry, error)) (*protobundle.VerificationMaterial, error) {
	material := &protobundle.VerificationMaterial{}
	if s.cert != nil {
		material.Content = &protobundle.VerificationMaterial_Certificate{Certificate: &protocommon.X509Certificate{RawBytes: s.cert.Raw}}
	} else {
		id := keyID(s.key)
		material.Content = &protobundle.VerificationMaterial_PublicKey{
			PublicKey: &protocommon.PublicKeyIdentifier{Hint: base64.StdEncoding.EncodeToString(id[:])},
		}
	}
	if !s.spec.NoLog {
		logged, err := entry()
		if err != nil {
			return nil, err
		}
		material.TlogEntries = []*protorekor.TransparencyLogEntry{logged}
	}
	if s.spec.Stamp {
		stamp, err := d.stamp(sig, s.spec.Logged)
		if err != nil {
			return nil, err
		}
		material.TimestampVerificationData = &protobundle.TimestampVerificationData{
			Rfc3161Timestamps: []*protocommon.RFC3161SignedTimestamp{{SignedTimestamp: stamp}},
		}
	}
	return material, nil
}

// AsV1 gives a bundle the form of version 0.1: certificates as a chain, and a promise of the log without a proof.
func (d *Deployment) AsV1(b *protobundle.Bundle) *protobundle.Bundle {
	old := proto.CloneOf(b)
	old.MediaType = "application/vnd.dev.sigstore.bundle+json;version=0.1"
	if cert := old.GetVerificationMaterial().GetCertificate(); cert != nil {
		old.VerificationMaterial.Content = &protobundle.VerificationMaterial_X509CertificateChain{X509CertificateChain: &protocommon.X509CertificateChain{
			Certificates: []*protocommon.X509Certificate{cert, {RawBytes: d.intermediate.Raw}},
		}}
	}
	for _, entry := range old.GetVerificationMaterial().GetTlogEntries() {
		entry.InclusionProof = nil
	}
	return old
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
