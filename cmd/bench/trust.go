//go:build bench

package main

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"net"
	"path/filepath"

	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore/pkg/cryptoutils"

	"github.com/sigwalk/sigwalk/actions/verification/verificationtest"
	"github.com/sigwalk/sigwalk/workshop/sandbox/tuf"
)

// publish serves what clients are to trust of d, as the sandbox does for its own servers. The caller closes it.
func (b *bench) publish(ctx context.Context, d *verificationtest.Deployment) (*tuf.Server, error) {
	described, err := describeTrust(d.TrustedRoot())
	if err != nil {
		return nil, err
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	server, err := tuf.Start(ctx, tuf.Config{Dir: filepath.Join(b.dir, "tuf"), Listener: listener, Deployment: described})
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	return server, nil
}

// describeTrust takes keys and certificates out of a trusted root that has one of each. None of the addresses is there.
func describeTrust(trusted *root.TrustedRoot) (tuf.Deployment, error) {
	authority, isFulcio := trusted.FulcioCertificateAuthorities()[0].(*root.FulcioCertificateAuthority)
	stamping, isSigstore := trusted.TimestampingAuthorities()[0].(*root.SigstoreTimestampingAuthority)
	if !isFulcio || !isSigstore {
		return tuf.Deployment{}, errors.New("authorities of another kind")
	}
	nowhere := "http://127.0.0.1:1"
	d := tuf.Deployment{
		Since:  authority.ValidityPeriodStart,
		Fulcio: nowhere, Rekor: nowhere, CTLog: nowhere, OIDCIssuer: nowhere, Timestamp: nowhere + "/api/v1/timestamp",
	}
	var err error
	if d.FulcioChain, err = cryptoutils.MarshalCertificatesToPEM(append(authority.Intermediates, authority.Root)); err != nil {
		return d, err
	}
	chain := append([]*x509.Certificate{stamping.Leaf}, append(stamping.Intermediates, stamping.Root)...)
	if d.TimestampChain, err = cryptoutils.MarshalCertificatesToPEM(chain); err != nil {
		return d, err
	}
	if d.RekorKey, err = onlyKey(trusted.RekorLogs()); err != nil {
		return d, err
	}
	d.CTLogKey, err = onlyKey(trusted.CTLogs())
	return d, err
}

func onlyKey(logs map[string]*root.TransparencyLog) ([]byte, error) {
	var key crypto.PublicKey
	for _, log := range logs {
		key = log.PublicKey
	}
	return cryptoutils.MarshalPublicKeyToPEM(key)
}
