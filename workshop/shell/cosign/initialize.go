package cosign

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/sigstore/cosign/v2/cmd/cosign/cli/options"
	"github.com/spf13/cobra"

	"github.com/sigwalk/sigwalk/actions/trust"
)

// noTrustedRoot is cosign's warning for a mirror that has only single keys and certificates.
const noTrustedRoot = `Could not fetch trusted_root.json from the TUF mirror (encountered error: failed to get target from TUF client getting info for target "trusted_root.json": target trusted_root.json not found), falling back to individual targets. It is recommended to update your TUF metadata repository to include trusted_root.json.`

func (s *session) initialize() *cobra.Command {
	o := &options.InitializeOptions{}
	cmd := &cobra.Command{
		Use:   "initialize",
		Short: "Fetch the trust root that verification relies on",
		Args:  cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := s.only(cmd, "mirror", "root", "root-checksum"); err != nil {
				return err
			}
			return s.doInitialize(cmd, o)
		},
	}
	o.AddFlags(cmd)
	return cmd
}

func (s *session) doInitialize(cmd *cobra.Command, o *options.InitializeOptions) error {
	remote := strings.HasPrefix(o.Root, "http://") || strings.HasPrefix(o.Root, "https://")
	if remote && o.RootChecksum == "" {
		s.info("%s", options.RootWithoutChecksumDeprecation)
	}
	root := o.Root
	if root != "" && !remote && !s.given("COSIGN_ROOT", root) && !s.given("TUF_ROOT_JSON", root) {
		host, err := s.call.Files.Host(s.call.Dir, root)
		if err != nil {
			return err
		}
		root = host
	}
	clients, err := s.call.Connect(s.narrator)
	if err != nil {
		return err
	}
	defer clients.Close()
	ctx, cancel := s.timeout(cmd)
	defer cancel()
	status, err := clients.Trust().Initialize(ctx, trust.InitializeRequest{Mirror: o.Mirror, Root: root, Checksum: o.RootChecksum})
	if err != nil {
		return s.late(ctx, err)
	}
	s.call.Keep(status)
	if !slices.Contains(status.Targets, "trusted_root.json") {
		s.warn("%s", noTrustedRoot)
	}
	text, err := rootStatus(status)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(s.stdout, "Root status: \n", text)
	return err
}

// given reports whether value is what the person set name to before the lesson: then it may be a file outside the lesson's
// directory, such as a trust root that a course installs.
func (s *session) given(name, value string) bool {
	v, ok := s.call.Environment.Get(name)
	return ok && v.Value == value && v.Source != "" && !v.Source.ByLine()
}

// rootStatus writes a status as cosign does.
func rootStatus(status *trust.Status) (string, error) {
	type role struct {
		Version    int64  `json:"version"`
		Length     int64  `json:"len"`
		Expiration string `json:"expiration"`
		Error      string `json:"error"`
	}
	// The order of the roles is cosign's.
	type roles struct {
		Root      role `json:"root.json"`
		Snapshot  role `json:"snapshot.json"`
		Targets   role `json:"targets.json"`
		Timestamp role `json:"timestamp.json"`
	}
	of := func(name string) role {
		r, ok := status.Roles[name]
		if !ok {
			return role{Error: fs.ErrNotExist.Error()}
		}
		return role{Version: r.Version, Length: r.Length, Expiration: r.Expires.UTC().Format(time.RFC822)}
	}
	text, err := json.MarshalIndent(struct {
		Local    string   `json:"local"`
		Remote   string   `json:"remote"`
		Metadata roles    `json:"metadata"`
		Targets  []string `json:"targets"`
	}{
		status.Local, status.Remote,
		roles{of("root.json"), of("snapshot.json"), of("targets.json"), of("timestamp.json")},
		status.Targets,
	}, "", "\t")
	return string(text), err
}
