package cosign

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/registry"
)

// plainStore is what Docker's library prints where it stores credentials without a helper.
const plainStore = `
WARNING! Your credentials are stored unencrypted in '%s'.
Configure a credential helper to remove this warning. See
https://docs.docker.com/go/credential-store/

`

func (s *session) login() *cobra.Command {
	var (
		user, password string
		fromStdin      bool
	)
	cmd := &cobra.Command{
		Use:   "login [OPTIONS] [SERVER]",
		Short: "Log in to a registry",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			secret := actions.NewSecret(password)
			if fromStdin {
				text, err := io.ReadAll(s.call.Stdin)
				if err != nil {
					return err
				}
				secret = actions.NewSecret(strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r"))
			}
			return s.doLogin(cmd, registry.LoginRequest{Server: args[0], Username: user, Password: secret})
		},
	}
	cmd.Flags().StringVarP(&user, "username", "u", "", "Username")
	cmd.Flags().StringVarP(&password, "password", "p", "", "Password")
	cmd.Flags().BoolVarP(&fromStdin, "password-stdin", "", false, "Take the password from stdin")
	return cmd
}

func (s *session) doLogin(cmd *cobra.Command, req registry.LoginRequest) error {
	clients, err := s.call.Connect(s.narrator)
	if err != nil {
		return err
	}
	defer clients.Close()
	ctx, cancel := s.timeout(cmd)
	defer cancel()
	result, err := clients.Registry().Login(ctx, req)
	if err != nil {
		return s.late(ctx, err)
	}
	s.call.Keep(result)
	if result.Helper == "" {
		_, _ = fmt.Fprintf(s.call.Stderr, plainStore, result.Path)
	}
	if result.Unchecked {
		s.warn("%s asks nobody for a login, so the credentials could not be checked", result.Server)
	}
	s.info("logged in via %s", result.Path)
	return nil
}
