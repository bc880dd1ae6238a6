package sandbox

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/sigwalk/sigwalk/workshop/sandbox/internal/quiet"
)

// answers asks every server one question that it can only answer when all behind it is there.
func (s *Sandbox) answers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	// Whatever proxy the environment names, these are on loopback.
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	group, asking := errgroup.WithContext(ctx)
	for url, want := range map[string]int{
		s.servers.registry.URL() + "/v2/":                           http.StatusUnauthorized,
		s.servers.source.URL() + "/v2/":                             http.StatusOK,
		s.settings.OIDCIssuer + "/.well-known/openid-configuration": http.StatusOK,
		s.settings.Fulcio + "/api/v2/trustBundle":                   http.StatusOK,
		s.settings.CTLog + "/ct/v1/get-sth":                         http.StatusOK,
		s.settings.Rekor + "/api/v1/log":                            http.StatusOK,
		s.settings.Timestamp + "/certchain":                         http.StatusOK,
		s.settings.TUFRoot:                                          http.StatusOK,
	} {
		group.Go(func() error {
			request, err := http.NewRequestWithContext(asking, http.MethodGet, url, http.NoBody)
			if err != nil {
				return err
			}
			response, err := client.Do(request)
			if err != nil {
				return err
			}
			if err := response.Body.Close(); err != nil {
				return err
			}
			if response.StatusCode != want {
				return fmt.Errorf("%s answers %s", url, response.Status)
			}
			return nil
		})
	}
	return group.Wait()
}

// quietLog ends what the servers' libraries write to the log, which is about to be closed.
func quietLog() { quiet.To(nil) }
