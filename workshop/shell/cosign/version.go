package cosign

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

const module = "github.com/sigstore/cosign/v2"

func (s *session) version() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Say which cosign this is",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintf(s.stdout, "cosign, as built into sigwalk on cosign's own packages\n\nGitVersion:    %s\nGoVersion:     %s\nPlatform:      %s/%s\n",
				packages(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}

// packages is the version of the cosign packages that are built in.
func packages() string {
	info, ok := debug.ReadBuildInfo()
	if ok {
		for _, dep := range info.Deps {
			if dep.Path == module {
				return dep.Version
			}
		}
	}
	return "unknown"
}
