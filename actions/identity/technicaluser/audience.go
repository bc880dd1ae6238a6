package technicaluser

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/sigwalk/sigwalk/actions"
)

// Audiences is a directory whose provider must be told to write a client's own name into its access tokens: without it,
// Fulcio refuses them. A Keycloak is one; it calls what does that an audience mapper.
type Audiences interface {
	// HasAudience reports whether access tokens of the client are for that client.
	HasAudience(ctx context.Context, client string) (bool, error)
	// AddAudience makes them be.
	AddAudience(ctx context.Context, client string) error
	// AudienceChange says what AddAudience would change, in lines.
	AudienceChange(client string) string
}

// DefaultClient is the client of the workshop's realm, which scripts use where no other is named.
const DefaultClient = "trusted-artifact-signer"

// The mapper as Keycloak's admin API has it (ProtocolMapperRepresentation).
const (
	mapperType     = "oidc-audience-mapper"
	mapperClient   = "included.client.audience"
	mapperCustom   = "included.custom.audience"
	mapperInAccess = "access.token.claim"
)

type mapper struct {
	Name     string            `json:"name"`
	Protocol string            `json:"protocol"`
	Type     string            `json:"protocolMapper"`
	Config   map[string]string `json:"config"`
}

// adds reports whether the mapper writes the client into access tokens.
func (m mapper) adds(client string) bool {
	return m.Type == mapperType && m.Config[mapperInAccess] == "true" && (m.Config[mapperClient] == client || m.Config[mapperCustom] == client)
}

// HasAudience implements Audiences: it looks at the client's own mappers and at those of the scopes that it always has.
func (k *keycloak) HasAudience(ctx context.Context, client string) (bool, error) {
	id, own, err := k.clientNamed(ctx, client)
	if err != nil {
		return false, err
	}
	for _, m := range own {
		if m.adds(client) {
			return true, nil
		}
	}
	var scopes []struct{ ID string }
	doing := "read the scopes of the client " + client
	if err := k.get(ctx, "/clients/"+url.PathEscape(id)+"/default-client-scopes", &scopes, doing); err != nil {
		return false, forClients(err)
	}
	for _, scope := range scopes {
		var found []mapper
		if err := k.get(ctx, "/client-scopes/"+url.PathEscape(scope.ID)+"/protocol-mappers/models", &found, doing); err != nil {
			return false, forClients(err)
		}
		for _, m := range found {
			if m.adds(client) {
				return true, nil
			}
		}
	}
	return false, nil
}

// AddAudience implements Audiences. One that somebody else has made meanwhile is as good.
func (k *keycloak) AddAudience(ctx context.Context, client string) error {
	id, _, err := k.clientNamed(ctx, client)
	if err != nil {
		return err
	}
	err = k.put(ctx, http.MethodPost, "/clients/"+url.PathEscape(id)+"/protocol-mappers/models", mapper{
		Name: "audience " + client, Protocol: "openid-connect", Type: mapperType,
		Config: map[string]string{mapperClient: client, mapperInAccess: "true", "id.token.claim": "false"},
	}, "add an audience mapper to the client "+client)
	if errors.Is(err, errExists) {
		return nil
	}
	return forClients(err)
}

// AudienceChange implements Audiences.
func (k *keycloak) AudienceChange(client string) string {
	return fmt.Sprintf(`In %s, client %s:
  + protocol mapper "audience %s", of type %s
      included client audience: %s
      add to access token: on
`, k.Where(), client, client, mapperType, client)
}

// clientNamed finds a client by the name that is in tokens; its id is another thing.
func (k *keycloak) clientNamed(ctx context.Context, client string) (id string, mappers []mapper, err error) {
	var found []struct {
		ID       string   `json:"id"`
		ClientID string   `json:"clientId"`
		Mappers  []mapper `json:"protocolMappers"`
	}
	if err := k.get(ctx, "/clients?"+url.Values{"clientId": {client}}.Encode(), &found, "look for the client "+client); err != nil {
		return "", nil, forClients(err)
	}
	for _, one := range found {
		if one.ClientID == client {
			return one.ID, one.Mappers, nil
		}
	}
	return "", nil, &actions.Error{
		Code: actions.CodeNotOffered, What: k.Where() + " has no client " + client,
		Next: "check --oidc-client-id (COSIGN_OIDC_CLIENT_ID), or have the client made",
	}
}

// forClients names the rights that clients take, which are others than those of users.
func forClients(err error) error {
	var known *actions.Error
	if errors.As(err, &known) && known.Code == actions.CodeForbidden {
		known.Next = "name an administrator who may manage clients of the realm (manage-clients)"
	}
	return err
}
