package attachments

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	"github.com/sigstore/cosign/v2/pkg/cosign"
	"github.com/sigstore/cosign/v2/pkg/cosign/bundle"
	"github.com/sigstore/cosign/v2/pkg/oci/static"
	ctypes "github.com/sigstore/cosign/v2/pkg/types"
	"github.com/sigstore/sigstore/pkg/signature/payload"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/signing"
)

// Parts are what a signature that was made elsewhere consists of. All but Signature may be empty.
type Parts struct {
	Signature []byte // in Base64, as it stands in the file
	// Payload is what was signed; empty for cosign's payload of the image.
	Payload            []byte
	Certificate, Chain []byte // PEM
	// Timestamp is the answer of a timestamp authority (RFC 3161), Log what the log says of the entry: cosign's bundle, in JSON, as
	// `cosign sign-blob --bundle` and `cosign download signature` have it below "rekorBundle" and "Bundle".
	Timestamp, Log []byte
}

// AttachSignature attaches a signature that was made elsewhere, such as in a vault, as `cosign attach signature` does, and loses
// none that is there. Nothing is verified.
func (c *Client) AttachSignature(ctx context.Context, image string, parts Parts) (*signing.Restored, error) {
	if len(parts.Signature) == 0 {
		return nil, errors.New("empty signature")
	}
	d, err := c.resolved(ctx, image)
	if err != nil {
		return nil, err
	}
	if len(parts.Payload) == 0 {
		if parts.Payload, err = (payload.Cosign{Image: d}).MarshalJSON(); err != nil {
			return nil, err
		}
	}
	var options []static.Option
	if len(parts.Certificate) > 0 {
		options = append(options, static.WithCertChain(parts.Certificate, parts.Chain))
	}
	if len(parts.Timestamp) > 0 {
		options = append(options, static.WithRFC3161Timestamp(bundle.TimestampToRFC3161Timestamp(parts.Timestamp)))
	}
	if len(parts.Log) > 0 {
		var said cosign.LocalSignedPayload
		if err := json.Unmarshal(parts.Log, &said); err != nil {
			return nil, unreadable("what the log says of the signature", err)
		}
		if said.Bundle != nil {
			options = append(options, static.WithBundle(said.Bundle))
		}
	}
	signed, err := static.NewSignature(parts.Payload, string(parts.Signature), options...)
	if err != nil {
		return nil, err
	}
	existing, err := signing.ExistingOf(signed)
	if err != nil {
		return nil, err
	}
	return c.opts.Signer.Restore(ctx, d, []signing.Existing{existing})
}

// AttachAttestation attaches signed envelopes (DSSE) that were made elsewhere, one after another in JSON, as `cosign attach
// attestation` does, and loses none that is there. Nothing is verified.
func (c *Client) AttachAttestation(ctx context.Context, image string, envelopes []byte) (*signing.Restored, error) {
	existing, err := readEnvelopes(envelopes)
	if err != nil {
		return nil, err
	}
	d, err := c.resolved(ctx, image)
	if err != nil {
		return nil, err
	}
	return c.opts.Signer.RestoreAttestations(ctx, d, existing)
}

func readEnvelopes(envelopes []byte) ([]signing.Existing, error) {
	var all []signing.Existing
	for decoder := json.NewDecoder(bytes.NewReader(envelopes)); ; {
		var envelope dsse.Envelope
		err := decoder.Decode(&envelope)
		switch {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, unreadable("an envelope", err)
		case envelope.PayloadType != ctypes.IntotoPayloadType:
			return nil, fmt.Errorf("invalid payloadType %s on envelope. Expected %s", envelope.PayloadType, ctypes.IntotoPayloadType)
		case len(envelope.Signatures) == 0:
			return nil, errors.New("could not attach attestation without having signatures")
		}
		text, err := json.Marshal(envelope)
		if err != nil {
			return nil, err
		}
		signed, err := static.NewAttestation(text, static.WithLayerMediaType(ctypes.DssePayloadType))
		if err != nil {
			return nil, err
		}
		one, err := signing.ExistingOf(signed)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
}

func unreadable(what string, err error) error {
	return &actions.Error{Code: actions.CodeUsage, What: what + " cannot be read", Why: err.Error(), Next: "give the file as cosign wrote it", Err: err}
}

// resolved is what image names now; it must exist.
func (c *Client) resolved(ctx context.Context, image string) (name.Digest, error) {
	resolved, err := c.opts.Registry.Resolve(ctx, image)
	if err != nil {
		return name.Digest{}, err
	}
	return resolved.Digest, nil
}
