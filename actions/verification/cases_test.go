package verification_test

import "github.com/sigwalk/sigwalk/actions/verification/verificationtest"

func withSubject(subject string) verificationtest.Spec {
	spec := byAlice
	spec.Subject = subject
	return spec
}
