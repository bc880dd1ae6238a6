package main

import (
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// Set by the Makefile with -ldflags -X; a plain `go install` leaves them to the build information.
var (
	version = ""
	commit  = ""
)

type versionInfo struct {
	Version  string `json:"version"`
	Commit   string `json:"commit"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func currentVersion() versionInfo {
	info := versionInfo{Version: version, Commit: commit, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	build, ok := debug.ReadBuildInfo()
	if ok && info.Version == "" {
		info.Version = build.Main.Version
	}
	if ok && info.Commit == "" {
		for _, setting := range build.Settings {
			if setting.Key == "vcs.revision" {
				info.Commit = setting.Value
			}
		}
	}
	return info
}

func (a *app) versionCommand() *cobra.Command {
	return printing(&cobra.Command{
		Use:   "version",
		Short: "Print version, commit, Go and platform",
		Args:  noArguments,
		RunE: func(*cobra.Command, []string) error {
			v := currentVersion()
			if a.flags.output == "json" {
				a.printJSON(v)
				return nil
			}
			a.say("sigwalk %s\ncommit   %s\ngo       %s\nplatform %s\n", v.Version, v.Commit, v.Go, v.Platform)
			return nil
		},
	}, "text", "json")
}
