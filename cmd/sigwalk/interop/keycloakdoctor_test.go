//go:build keycloak

package interop

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// doctorRealm is a realm that begins with nothing: it is not even there.
const doctorRealm = "walk"

// doctor goes from no realm at all to a signature by doing what the doctor says, one remedy after another: before each it
// names what is wrong, and after it that is named no more. Realm and sandbox are its own.
func (w *walk) doctor(t *testing.T) {
	k, b := w.k, up(t)
	issuer := k.server + "/realms/" + doctorRealm
	const mail = "walker@demo.redhat.com"
	path := "/admin/realms/" + doctorRealm
	if o := b.exec(t, `source ./copy-image-to-quay.sh`); o.code != 0 {
		t.Fatal(o)
	}
	settings := []string{"OIDC_USER=walker", "OIDC_PASSWORD=" + pipelinePass}
	examine := func(t *testing.T, more ...string) (codes []string, o outcome) {
		t.Helper()
		o = b.run(t, append([]string{"sigwalk", "doctor", "-o", "json", "--dir", b.dir, "--oidc-issuer", issuer}, more...), settings...)
		var report struct {
			Checks []struct{ State, Code string }
		}
		if err := json.Unmarshal([]byte(o.stdout), &report); err != nil {
			t.Fatalf("%v\n%s", err, o)
		}
		for _, c := range report.Checks {
			if c.State == "failed" && !slices.Contains(codes, c.Code) {
				codes = append(codes, c.Code)
			}
		}
		slices.Sort(codes)
		return codes, o
	}
	var client map[string]any // as Keycloak keeps it
	change := func(t *testing.T, edit func(client, attributes map[string]any)) {
		t.Helper()
		attributes, _ := client["attributes"].(map[string]any)
		edit(client, attributes)
		k.ask(t, http.MethodPut, path+"/clients/"+client["id"].(string), client, nil)
	}
	user := func(t *testing.T) map[string]any {
		t.Helper()
		var found []map[string]any
		k.ask(t, http.MethodGet, path+"/users?username=walker&exact=true", nil, &found)
		if len(found) != 1 {
			t.Fatalf("%d users", len(found))
		}
		return found[0]
	}
	for _, step := range []struct {
		remedy string
		apply  func(t *testing.T)
		left   string
	}{
		{"nothing", func(*testing.T) {}, "issuer-missing"},
		{"make the realm", func(t *testing.T) {
			k.ask(t, http.MethodPost, "/admin/realms", map[string]any{"realm": doctorRealm, "enabled": true}, nil)
		}, "client-missing fulcio-issuer"},
		{"add the issuer to Fulcio", func(t *testing.T) {
			b.stop(t)
			b.flags = []string{"--oidc-issuer", issuer, "--oidc-client-id", realm}
			b.start(t)
		}, "client-missing"},
		{"make the client", func(t *testing.T) {
			k.ask(t, http.MethodPost, path+"/clients", map[string]any{
				"clientId": realm, "publicClient": true, "standardFlowEnabled": true, "directAccessGrantsEnabled": false, "redirectUris": []string{"https://console.example.com/*"},
			}, nil)
			var found []map[string]any
			k.ask(t, http.MethodGet, path+"/clients?clientId="+realm, nil, &found)
			client = found[0]
		}, "device-grant-off password-grant-off redirect-loopback"},
		{"let the browser come back to this machine", func(t *testing.T) {
			change(t, func(client, _ map[string]any) { client["redirectUris"] = []string{"http://localhost/*"} })
		}, "device-grant-off password-grant-off redirect-oob"},
		{"let the code be shown", func(t *testing.T) {
			change(t, func(client, _ map[string]any) {
				client["redirectUris"] = []string{"http://localhost/*", "urn:ietf:wg:oauth:2.0:oob"}
			})
		}, "device-grant-off password-grant-off"},
		{"switch the device grant on", func(t *testing.T) {
			change(t, func(_, attributes map[string]any) { attributes["oauth2.device.authorization.grant.enabled"] = "true" })
		}, "password-grant-off"},
		{"switch the password grant on", func(t *testing.T) {
			change(t, func(client, _ map[string]any) { client["directAccessGrantsEnabled"] = true })
		}, "user-refused"},
		{"make the user", func(t *testing.T) {
			k.ask(t, http.MethodPost, path+"/users", map[string]any{
				"username": "walker", "enabled": true, "email": mail, "emailVerified": false, "firstName": "A", "lastName": "Walker",
				"credentials": []map[string]any{{"type": "password", "value": pipelinePass, "temporary": false}},
			}, nil)
		}, "audience-mapper email-unusable"},
		{"mark the address as verified", func(t *testing.T) {
			u := user(t)
			u["emailVerified"] = true
			k.ask(t, http.MethodPut, path+"/users/"+u["id"].(string), u, nil)
		}, "audience-mapper"},
		{"add the audience mapper", func(t *testing.T) {
			k.ask(t, http.MethodPost, path+"/clients/"+client["id"].(string)+"/protocol-mappers/models", map[string]any{
				"name": "audience", "protocol": "openid-connect", "protocolMapper": "oidc-audience-mapper",
				"config": map[string]string{"included.client.audience": realm, "access.token.claim": "true"},
			}, nil)
		}, ""},
	} {
		ok := t.Run(step.remedy, func(t *testing.T) {
			step.apply(t)
			codes, o := examine(t)
			if got := strings.Join(codes, " "); got != step.left {
				t.Fatalf("left: %q, want %q\n%s", got, step.left, o)
			}
			if wrong := step.left != ""; wrong != (o.code == 1) || !wrong && o.code != 0 {
				t.Errorf("exit code %d\n%s", o.code, o)
			}
		})
		if !ok {
			return // what follows builds on it
		}
	}
	codes, o := examine(t, "--sign")
	if len(codes) > 0 || o.code != 0 || !strings.Contains(o.stdout, mail) {
		t.Errorf("%v\n%s", codes, o)
	}
}
