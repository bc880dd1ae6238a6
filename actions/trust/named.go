package trust

import (
	"context"

	"github.com/sigstore/sigstore-go/pkg/root"

	"github.com/sigwalk/sigwalk/actions"
)

// Named are the files that are trusted in place of a deployment's trust root, with the names and meanings of cosign's flags.
type Named struct{ TrustedRoot, CertificateChain, CARoots, CAIntermediates string }

// Material reads the files; nil where none is named. deployment supplies what certificate authorities leave open, the keys of the
// logs and the timestamp authorities; it may be nil. Material fails with CodeUsage for flags that contradict each other and for files
// that hold no certificates, and with CodeTrustRoot.
func (n Named) Material(read Reader, deployment func(context.Context) (*root.TrustedRoot, error)) (func(context.Context) (root.TrustedMaterial, error), error) {
	authorities, err := n.Authorities(read)
	if err != nil {
		return nil, err
	}
	if n.TrustedRoot != "" {
		content, err := read.read(n.TrustedRoot)
		if err != nil {
			return nil, noTrustedRoot(n.TrustedRoot, err)
		}
		trusted, err := Parse(n.TrustedRoot, content)
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
			return nil, &actions.Error{
				Code: actions.CodeNoTrustRoot, What: "there is no trust root whose log keys could be used",
				Next: "run cosign initialize, or give --trusted-root",
			}
		}
		trusted, err := deployment(ctx)
		if err != nil {
			return nil, err
		}
		return WithAuthorities(trusted, authorities), nil
	}, nil
}

// Authorities reads the certificate authorities that are named, without what they leave open; nil where there are none. It fails as
// Material does.
func (n Named) Authorities(read Reader) (*Authorities, error) {
	contradiction := ""
	switch {
	case n.CertificateChain != "" && n.CARoots+n.CAIntermediates != "":
		contradiction = "--certificate-chain contradicts --ca-roots and --ca-intermediates: each names the authorities"
	case n.CAIntermediates != "" && n.CARoots == "":
		contradiction = "--ca-intermediates needs --ca-roots: what stands between needs an end"
	case n.TrustedRoot != "" && n.CertificateChain != "":
		contradiction = "--trusted-root and --certificate-chain contradict each other: a trust root names its own certificate authorities"
	case n.TrustedRoot != "" && n.CARoots != "":
		contradiction = "--trusted-root and --ca-roots contradict each other: a trust root names its own certificate authorities"
	case n.CertificateChain != "":
		return ReadChain(n.CertificateChain, read)
	case n.CARoots != "":
		return ReadAuthorities(n.CARoots, n.CAIntermediates, read)
	}
	if contradiction != "" {
		return nil, &actions.Error{Code: actions.CodeUsage, What: contradiction, Next: "leave one of them out"}
	}
	return nil, nil
}
