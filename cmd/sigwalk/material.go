package main

import (
	"context"

	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/spf13/pflag"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/trust"
)

// materialFlags say what is trusted in place of the deployment's trust root, with cosign's names and meanings.
type materialFlags struct{ trustedRoot, certificateChain string }

func (m *materialFlags) register(f *pflag.FlagSet) {
	f.StringVar(&m.trustedRoot, "trusted-root", "", "`FILE` with the trust root (trusted_root.json); without it, the deployment's")
	f.StringVar(&m.certificateChain, "certificate-chain", "", "PEM `FILE` of the certificate authority that is trusted in place of the trust root's: intermediates first, the root last")
}

// material reads what the flags name; nil where they name nothing. deployment supplies what a certificate chain leaves
// open: the keys of the logs and the timestamp authorities.
func (m *materialFlags) material(deployment func(context.Context) (*root.TrustedRoot, error)) (func(context.Context) (root.TrustedMaterial, error), error) {
	switch {
	case m.trustedRoot != "" && m.certificateChain != "":
		return nil, usage("--trusted-root and --certificate-chain contradict each other: a trust root names its own certificate authorities")
	case m.trustedRoot != "":
		trusted, err := trust.ReadFile(m.trustedRoot)
		if err != nil {
			return nil, err
		}
		return func(context.Context) (root.TrustedMaterial, error) { return trusted, nil }, nil
	case m.certificateChain == "":
		return nil, nil
	}
	authority, err := trust.ReadChain(m.certificateChain)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) (root.TrustedMaterial, error) {
		if deployment == nil {
			return nil, &actions.Error{Code: actions.CodeNoTrustRoot, What: "there is no trust root whose log keys could be used", Next: "run cosign initialize, or give --trusted-root"}
		}
		trusted, err := deployment(ctx)
		if err != nil {
			return nil, err
		}
		return trust.WithAuthority(trusted, authority), nil
	}, nil
}
