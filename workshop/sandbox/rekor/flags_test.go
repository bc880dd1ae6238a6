package rekor_test

import (
	"testing"

	"github.com/spf13/pflag"
)

func TestLeavesNoFlagsBehind(t *testing.T) {
	pflag.CommandLine.VisitAll(func(f *pflag.Flag) {
		t.Errorf("--%s is on the command line of whoever links this package", f.Name)
	})
}
