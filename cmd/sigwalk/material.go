package main

import (
	"context"

	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/spf13/pflag"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/trust"
)

// materialFlags say what is trusted in place of the deployment's trust root, with cosign's names and meanings.
type materialFlags struct{ trustedRoot, certificateChain, caRoots, caIntermediates string }

func (m *materialFlags) register(f *pflag.FlagSet) {
	f.StringVar(&m.trustedRoot, "trusted-root", "", "`FILE` with the trust root (trusted_root.json); without it, the deployment's")
	f.StringVar(&m.certificateChain, "certificate-chain", "", "PEM `FILE` of the certificate authority that is trusted in place of the trust root's: intermediates first, the root last")
	f.StringVar(&m.caRoots, "ca-roots", "", "PEM `FILE` of roots, each of which is trusted in place of the trust root's certificate authorities")
	f.StringVar(&m.caIntermediates, "ca-intermediates", "", "PEM `FILE` of what may stand between --ca-roots and a signer")
}

// given reads the authorities that the flags name; nil where they name none.
func (m *materialFlags) given() (*trust.Authorities, error) {
	switch {
	case m.certificateChain != "" && m.caRoots+m.caIntermediates != "":
		return nil, usage("--certificate-chain contradicts --ca-roots and --ca-intermediates: each names the authorities")
	case m.caIntermediates != "" && m.caRoots == "":
		return nil, usage("--ca-intermediates needs --ca-roots: what stands between needs an end")
	case m.trustedRoot != "" && m.certificateChain != "":
		return nil, usage("--trusted-root and --certificate-chain contradict each other: a trust root names its own certificate authorities")
	case m.trustedRoot != "" && m.caRoots != "":
		return nil, usage("--trusted-root and --ca-roots contradict each other: a trust root names its own certificate authorities")
	case m.certificateChain != "":
		return trust.ReadChain(m.certificateChain)
	case m.caRoots != "":
		return trust.ReadAuthorities(m.caRoots, m.caIntermediates)
	}
	return nil, nil
}

// material reads what the flags name; nil where they name nothing. deployment supplies what a certificate chain leaves
// open: the keys of the logs and the timestamp authorities.
func (m *materialFlags) material(deployment func(context.Context) (*root.TrustedRoot, error)) (func(context.Context) (root.TrustedMaterial, error), error) {
	authorities, err := m.given()
	if err != nil {
		return nil, err
	}
	if m.trustedRoot != "" {
		trusted, err := trust.ReadFile(m.trustedRoot)
		if err != nil {
			return nil, err
		}
		return func(context.Context) (root.TrustedMaterial, error) { return trusted, nil }, nil
	}
	if authorities == nil {
		return nil, nil
	}
	return func(ctx context.Context) (root.TrustedMaterial, error) {
		if deployment == nil {
			return nil, &actions.Error{Code: actions.CodeNoTrustRoot, What: "there is no trust root whose log keys could be used", Next: "run cosign initialize, or give --trusted-root"}
		}
		trusted, err := deployment(ctx)
		if err != nil {
			return nil, err
		}
		return trust.WithAuthorities(trusted, authorities), nil
	}, nil
}
