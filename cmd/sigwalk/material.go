package main

import (
	"context"

	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/spf13/pflag"

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

// material reads what the flags name; nil where they name nothing. deployment supplies what a certificate chain leaves
// open: the keys of the logs and the timestamp authorities.
func (m *materialFlags) material(deployment func(context.Context) (*root.TrustedRoot, error)) (func(context.Context) (root.TrustedMaterial, error), error) {
	return m.named().Material(nil, deployment)
}

// given are the flags that were, as name=value.
func (m *materialFlags) given() []string {
	var given []string
	for _, flag := range []struct{ name, value string }{
		{"--trusted-root", m.trustedRoot}, {"--certificate-chain", m.certificateChain}, {"--ca-roots", m.caRoots}, {"--ca-intermediates", m.caIntermediates},
	} {
		if flag.value != "" {
			given = append(given, flag.name+"="+flag.value)
		}
	}
	return given
}

func (m *materialFlags) named() trust.Named {
	return trust.Named{
		TrustedRoot: m.trustedRoot, CertificateChain: m.certificateChain, CARoots: m.caRoots, CAIntermediates: m.caIntermediates,
	}
}
