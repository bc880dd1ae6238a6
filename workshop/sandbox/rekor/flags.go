package rekor

import (
	"os"

	"github.com/spf13/pflag"
)

// Rekor's restapi registers twenty flags of its own on the command line of the whole process, where cobra would show them
// as everybody's. This package imports it, so its init has run: the flags go, what they set stays.
func init() { pflag.CommandLine = pflag.NewFlagSet(os.Args[0], pflag.ExitOnError) }
