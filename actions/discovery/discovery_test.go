package discovery_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/cluster"
	"github.com/sigwalk/sigwalk/actions/discovery"
)

// world answers as a cluster does: objects by their path, everything else 404. The interop tests ask a real one.
type world map[string]string

// ServeHTTP implements http.Handler. A text that begins with a number is an answer of that status.
func (w world) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	out.Header().Set("Content-Type", "application/json")
	text, there := w[r.URL.Path]
	var status int
	switch _, err := fmt.Sscanf(text, "%d", &status); {
	case !there:
		refuse(out, http.StatusNotFound, "NotFound")
	case err == nil && status == http.StatusForbidden:
		refuse(out, status, "Forbidden")
	case err == nil:
		out.WriteHeader(status)
	default:
		fmt.Fprint(out, text)
	}
}

func refuse(out http.ResponseWriter, status int, reason string) {
	out.WriteHeader(status)
	fmt.Fprintf(out, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":%q,"code":%d,"message":"refused"}`, reason, status)
}

const groupOf = `{"kind":"APIGroup","name":"rhtas.redhat.com","preferredVersion":{"groupVersion":"rhtas.redhat.com/VERSION","version":"VERSION"}}`

const resources = `{"kind":"APIResourceList","resources":[{"name":"securesigns","kind":"Securesign"},{"name":"securesigns/status","kind":"Securesign"},
{"name":"fulcios","kind":"Fulcio"},{"name":"rekors","kind":"Rekor"},{"name":"tufs","kind":"Tuf"},{"name":"timestampauthorities","kind":"TimestampAuthority"}CONSOLE]}`

func list(items ...string) string {
	return `{"kind":"List","metadata":{},"items":[` + strings.Join(items, ",") + `]}`
}

// kubeconfig of a server over TLS: without it, client-go sends no token.
func kubeconfig(t *testing.T, handler http.Handler) *cluster.Cluster {
	t.Helper()
	server := httptest.NewTLSServer(handler)
	t.Cleanup(server.Close)
	authority := base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	return open(t, `apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "`+server.URL+`", certificate-authority-data: `+authority+`}}]
users: [{name: maria, user: {token: t}}]
contexts: [{name: c, context: {cluster: c, user: maria, namespace: student}}]
current-context: c
`)
}

func open(t *testing.T, text string) *cluster.Cluster {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := cluster.Open(cluster.Options{Kubeconfig: path})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func discover(t *testing.T, c *cluster.Cluster) *discovery.Report {
	t.Helper()
	report, err := discovery.Discover(t.Context(), discovery.Options{Cluster: c, Within: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func values(all []discovery.Value) map[string]string {
	found := map[string]string{}
	for _, v := range all {
		if _, there := found[v.Variable]; !there {
			found[v.Variable] = v.Text() + " < " + v.Source.String()
		}
	}
	return found
}

// older is a cluster as operators up to 1.4 leave it.
func older() world {
	const api = "/apis/rhtas.redhat.com/v1alpha1"
	child := func(kind, status, spec string) string {
		return `{"kind":"` + kind + `","metadata":{"name":"sample","namespace":"tas","labels":{"app.kubernetes.io/instance":"sample"}},"status":` + status + `,"spec":` + spec + `}`
	}
	secret := func(name, data string) string {
		return `{"kind":"Secret","metadata":{"name":"` + name + `","namespace":"n"},"data":` + data + `}`
	}
	return world{
		"/apis/rhtas.redhat.com": strings.ReplaceAll(groupOf, "VERSION", "v1alpha1"),
		api:                      strings.ReplaceAll(resources, "CONSOLE", ""),
		api + "/securesigns": list(`{"kind":"Securesign","metadata":{"name":"sample","namespace":"tas","generation":2,"creationTimestamp":"2026-01-02T03:04:05Z"},
			"spec":{"tsa":{}},"status":{"conditions":[{"type":"Ready","status":"True","reason":"Ready","observedGeneration":2}],
			"fulcio":{"url":"https://fulcio.example"},"rekor":{"url":"https://rekor.example"},"tuf":{"url":"https://tuf.example"},"tsa":{"url":"https://tsa.example"}}}`),
		api + "/fulcios": list(child("Fulcio", `{"url":"https://fulcio.example"}`, `{"config":{"OIDCIssuers":[
			{"Issuer":"https://machine.example","ClientID":"sigstore","Type":"kubernetes"},
			{"Issuer":"https://sso.example/realms/tas","IssuerURL":"https://inner.example","ClientID":"trusted-artifact-signer","Type":"email"}]}}`)),
		api + "/rekors":               list(child("Rekor", `{"url":"https://rekor.example","rekorSearchUIUrl":"https://search.example"}`, `{}`)),
		api + "/tufs":                 list(),
		api + "/timestampauthorities": list(),
		"/apis/route.openshift.io/v1/routes": list(
			`{"metadata":{"name":"keycloak-x7f2","namespace":"sso"},"spec":{"host":"sso.example"},"status":{"ingress":[{"host":"sso.example"}]}}`,
			`{"metadata":{"name":"main-quay","namespace":"registries"},"spec":{"host":"wanted.example"},"status":{"ingress":[{"host":"quay.example"}]}}`),
		"/api/v1/namespaces/registries/secrets/quay-admin-token": secret("quay-admin-token", `{"token":"`+encode("quay's token\n")+`"}`),
		"/api/v1/namespaces/sso/secrets/keycloak-initial-admin":  secret("keycloak-initial-admin", `{"username":"`+encode("boss")+`","password":"`+encode("boss's password")+`"}`),
		"/api/v1/namespaces/student/configmaps/sigwalk":          `{"kind":"ConfigMap","metadata":{"name":"sigwalk","namespace":"student"},"data":{"SOURCE_IMAGE":"quay.io/demo:1","COSIGN_REKOR_URL":"https://evil.example"}}`,
		"/apis/config.openshift.io/v1/ingresses/cluster":         `{"kind":"Ingress","metadata":{"name":"cluster"},"spec":{"domain":"apps.example"}}`,
		"/apis/console.openshift.io/v1/consoleclidownloads": list(
			`{"metadata":{"name":"cosign"},"spec":{"links":[{"text":"cosign for Linux","href":"https://cli.example/cosign.gz"}]}}`,
			`{"metadata":{"name":"oc"},"spec":{"links":[{"text":"oc","href":"https://cli.example/oc"}]}}`),
	}
}

func encode(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

func TestOlderOperator(t *testing.T) {
	report := discover(t, kubeconfig(t, older()))
	d, err := report.Choose("", "")
	if err != nil {
		t.Fatal(err)
	}
	if !d.Ready || d.Outdated || d.ID() != "tas/sample" || report.APIVersion != "rhtas.redhat.com/v1alpha1" || len(d.Gaps) > 0 {
		t.Errorf("%+v", d)
	}
	got := values(report.All(d))
	for name, want := range map[string]string{
		"COSIGN_FULCIO_URL":           "https://fulcio.example < Securesign tas/sample .status.fulcio.url",
		"COSIGN_REKOR_URL":            "https://rekor.example < Securesign tas/sample .status.rekor.url",
		"COSIGN_MIRROR":               "https://tuf.example < Securesign tas/sample .status.tuf.url",
		"COSIGN_ROOT":                 "https://tuf.example/root.json < Securesign tas/sample .status.tuf.url (with /root.json)",
		"COSIGN_TIMESTAMP_SERVER_URL": "https://tsa.example/api/v1/timestamp < Securesign tas/sample .status.tsa.url (with /api/v1/timestamp)",
		"SIGWALK_REKOR_SEARCH_URL":    "https://search.example < Rekor tas/sample .status.rekorSearchUIUrl",
		"COSIGN_OIDC_ISSUER":          "https://sso.example/realms/tas < Fulcio tas/sample .spec.config.OIDCIssuers[1].Issuer",
		"COSIGN_OIDC_CLIENT_ID":       "trusted-artifact-signer < Fulcio tas/sample .spec.config.OIDCIssuers[1].ClientID",
		"QUAY":                        "quay.example < Route registries/main-quay .status.ingress[0].host",
		"QUAY_USER":                   "$oauthtoken < Secret n/quay-admin-token .data.token (the name under which Quay takes a token)",
		"QUAY_TOKEN":                  "quay's token < Secret n/quay-admin-token .data.token",
		"KEYCLOAK_ADMIN_USER":         "boss < Secret n/keycloak-initial-admin .data.username",
		"KEYCLOAK_ADMIN_PASSWORD":     "boss's password < Secret n/keycloak-initial-admin .data.password",
		"SOURCE_IMAGE":                "quay.io/demo:1 < ConfigMap student/sigwalk .data.SOURCE_IMAGE",
		"CLUSTER_DOMAIN":              "apps.example < Ingress cluster .spec.domain",
	} {
		if got[name] != want {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
	if len(report.Downloads) != 1 || report.Downloads[0].URL != "https://cli.example/cosign.gz" || report.Downloads[0].Source.String() != "ConsoleCLIDownload cosign .spec.links[0].href" {
		t.Errorf("%+v", report.Downloads)
	}
	encoded, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	for _, printed := range []string{string(encoded), report.Text()} {
		if strings.Contains(printed, "quay's token") || strings.Contains(printed, "boss's password") {
			t.Errorf("a secret is printed:\n%s", printed)
		}
		if strings.Contains(printed, "evil") {
			t.Error("the learner's namespace gives an address of the deployment")
		}
	}
}

func TestNewerOperator(t *testing.T) {
	w := older()
	const api = "/apis/rhtas.redhat.com/v1"
	w["/apis/rhtas.redhat.com"] = strings.ReplaceAll(groupOf, "VERSION", "v1")
	w[api] = strings.ReplaceAll(resources, "CONSOLE", `,{"name":"consoles","kind":"Console"}`)
	for _, plural := range []string{"rekors", "tufs", "timestampauthorities"} {
		w[api+"/"+plural] = list()
	}
	w[api+"/securesigns"] = list(`{"kind":"Securesign","metadata":{"name":"s","namespace":"tas","generation":3},"spec":{"tsa":{}},
		"status":{"observedGeneration":2,"conditions":[{"type":"Ready","status":"False","reason":"Creating","message":"wait"},
		{"type":"TufAvailable","status":"False","reason":"Failure","message":"no root key"}],
		"fulcio":{"url":"http://fulcio-server.tas.svc"},"tsa":{"url":"https://tsa.example/api/v1/timestamp"}}}`)
	w[api+"/fulcios"] = list(`{"kind":"Fulcio","metadata":{"name":"s","namespace":"tas","ownerReferences":[{"kind":"Securesign","name":"s"}]},
		"spec":{"config":{"oidcIssuers":[{"issuerURL":"https://sso.example/realms/tas","clientID":"c","type":"email"}]}}}`)
	w[api+"/consoles"] = list(`{"kind":"Console","metadata":{"name":"s","namespace":"tas"},"status":{"ui":{"url":"https://console.example"}}}`)
	report := discover(t, kubeconfig(t, w))
	d, err := report.Choose("tas", "s")
	if err != nil {
		t.Fatal(err)
	}
	if d.Ready || !d.Outdated || d.Reason != "Creating" || !strings.Contains(d.Message, "wait (TufAvailable Failure no root key)") {
		t.Errorf("%+v", d)
	}
	got := values(d.Values)
	for name, want := range map[string]string{
		"COSIGN_TIMESTAMP_SERVER_URL": "https://tsa.example/api/v1/timestamp < Securesign tas/s .status.tsa.url",
		"COSIGN_OIDC_ISSUER":          "https://sso.example/realms/tas < Fulcio tas/s .spec.config.oidcIssuers[0].issuerURL",
		"COSIGN_OIDC_CLIENT_ID":       "c < Fulcio tas/s .spec.config.oidcIssuers[0].clientID",
		"SIGWALK_REKOR_SEARCH_URL":    "https://console.example < Console tas/s .status.ui.url",
	} {
		if got[name] != want {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
	text := report.Text()
	for _, want := range []string{"not ready: Creating wait", "inside the cluster only", "changed since the operator last looked", "Rekor's address: the operator has not written it yet", "set instead: COSIGN_REKOR_URL"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
}

// TestFewRights: nothing may be listed across namespaces, and secrets not at all.
func TestFewRights(t *testing.T) {
	w := older()
	const api = "/apis/rhtas.redhat.com/v1alpha1"
	for _, plural := range []string{"securesigns", "fulcios", "rekors", "tufs", "timestampauthorities"} {
		w[api+"/namespaces/tas/"+plural] = w[api+"/"+plural]
		w[api+"/"+plural] = "403"
		for _, namespace := range []string{"student", "trusted-artifact-signer", "tssc-tas", "student-tas", "quay-enterprise", "quay", "tssc-keycloak", "keycloak", "keycloak-system"} {
			w[api+"/namespaces/"+namespace+"/"+plural] = "403"
		}
	}
	w["/apis/project.openshift.io/v1/projects"] = list(`{"metadata":{"name":"tas"}}`, `{"metadata":{"name":"student"}}`)
	w["/api/v1/namespaces/registries/secrets/quay-admin-token"] = "403"
	w["/api/v1/namespaces/sso/secrets/keycloak-initial-admin"] = "403"
	report := discover(t, kubeconfig(t, w))
	if _, err := report.Choose("", ""); err != nil {
		t.Fatal(err)
	}
	rights := map[string][]string{}
	for _, g := range report.Gaps {
		rights[g.Right] = g.Variables
	}
	for right, variable := range map[string]string{
		"get secrets/quay-admin-token in namespace registries": "QUAY_TOKEN",
		"get secrets/keycloak-initial-admin in namespace sso":  "KEYCLOAK_ADMIN_USER",
	} {
		if len(rights[right]) == 0 || rights[right][0] != variable {
			t.Errorf("%q is not a gap with %s: %+v", right, variable, report.Gaps)
		}
	}

	// What the learner's own namespace gives is no gap any more, whoever may not read it elsewhere.
	w["/api/v1/namespaces/student/configmaps/sigwalk"] = `{"kind":"ConfigMap","metadata":{"name":"sigwalk","namespace":"student"},"data":{"QUAY":"quay.example","QUAY_USER":"l3+learner"}}`
	w["/api/v1/namespaces/student/secrets/sigwalk"] = `{"kind":"Secret","metadata":{"name":"sigwalk","namespace":"student"},"data":{"QUAY_PASSWORD":"` + encode("a") + `","QUAY_TOKEN":"` + encode("b") + `"}}`
	for _, g := range discover(t, kubeconfig(t, w)).Gaps {
		if slices.Contains(g.Variables, "QUAY_TOKEN") {
			t.Errorf("given, and still missed: %+v", g)
		}
	}

	w["/apis/project.openshift.io/v1/projects"] = "403"
	report = discover(t, kubeconfig(t, w))
	_, err := report.Choose("", "")
	var e *actions.Error
	if !errors.As(err, &e) || e.Code != actions.CodeNoDeployment || !strings.Contains(e.Next, "COSIGN_FULCIO_URL") || !strings.Contains(e.Next, "list securesigns.rhtas.redhat.com") {
		t.Errorf("%+v", err)
	}
}

func TestSeveralDeployments(t *testing.T) {
	w := older()
	const all = "/apis/rhtas.redhat.com/v1alpha1/securesigns"
	second := `{"kind":"Securesign","metadata":{"name":"other","namespace":"tas2"},"status":{"fulcio":{"url":"https://fulcio2.example"}}}`
	w[all] = strings.Replace(w[all], `"items":[`, `"items":[`+second+`,`, 1)
	report := discover(t, kubeconfig(t, w))
	_, err := report.Choose("", "")
	var e *actions.Error
	if !errors.As(err, &e) || e.Code != actions.CodeSeveral {
		t.Fatalf("%+v", err)
	}
	for _, want := range []string{"tas/sample (ready, since 2026-01-02", "tas2/other (not ready: Unknown, Fulcio https://fulcio2.example", "issuer https://sso.example"} {
		if !strings.Contains(e.Why, want) {
			t.Errorf("%q is not in %q", want, e.Why)
		}
	}
	if d, err := report.Choose("tas2", ""); err != nil || d.Name != "other" {
		t.Errorf("%v %v", d, err)
	}
	if _, err := report.Choose("tas3", ""); actions.CodeOf(err) != actions.CodeNoDeployment {
		t.Errorf("%v", err)
	}
}

// TestSickClusters: whatever stands at the address, there is an answer in time that says what it is.
func TestSickClusters(t *testing.T) {
	hangs := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	says := func(status int, text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			fmt.Fprint(w, text)
		}
	}
	endless := func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 1<<20)); err != nil {
				return
			}
		}
	}
	const html = "<html><body>Please log in</body></html>"
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		code    actions.Code
	}{
		"hangs":              {hangs, actions.CodeUnreachable},
		"without end":        {endless, actions.CodeNotAsked},
		"unauthorized":       {says(401, `{"kind":"Status","status":"Failure","reason":"Unauthorized","code":401,"message":"Unauthorized"}`), actions.CodeUnauthorized},
		"unauthorized, bare": {says(401, ""), actions.CodeUnauthorized},
		"forbidden":          {says(403, html), actions.CodeForbidden},
		"failed":             {says(500, "oops"), actions.CodeServer},
		"away":               {says(503, ""), actions.CodeServer},
		"a login page":       {says(200, html), actions.CodeNotAsked},
		"another JSON":       {says(200, `{"hello":"world"}`), actions.CodeNotAsked},
		"null":               {says(200, `null`), actions.CodeNotAsked},
		"nothing":            {says(200, ""), actions.CodeNotAsked},
	} {
		t.Run(name, func(t *testing.T) {
			within := time.Minute
			if name == "hangs" {
				within = 50 * time.Millisecond
			}
			_, err := discovery.Discover(t.Context(), discovery.Options{Cluster: kubeconfig(t, c.handler), Within: within})
			var e *actions.Error
			if !errors.As(err, &e) || e.Code != c.code || e.Next == "" || !strings.Contains(e.What, "https://127.0.0.1:") {
				t.Errorf("%#v, want %s", err, c.code)
			}
			if len(e.Error()) > 600 {
				t.Errorf("the error has %d characters", len(e.Error()))
			}
		})
	}
	t.Run("nobody there", func(t *testing.T) {
		_, err := discovery.Discover(t.Context(), discovery.Options{Cluster: open(t, plain("https://127.0.0.1:1", "token: t"))})
		if actions.CodeOf(err) != actions.CodeUnreachable {
			t.Errorf("%v", err)
		}
	})
	t.Run("stranger's certificate", func(t *testing.T) {
		server := httptest.NewUnstartedServer(older())
		server.Config.ErrorLog = log.New(io.Discard, "", 0) // who does not trust the certificate hangs up
		server.StartTLS()
		t.Cleanup(server.Close)
		_, err := discovery.Discover(t.Context(), discovery.Options{Cluster: open(t, plain(server.URL, "token: t"))})
		var e *actions.Error
		if !errors.As(err, &e) || e.Code != actions.CodeTLS || !strings.Contains(e.Next, "certificate-authority") {
			t.Errorf("%+v", err)
		}
	})
	t.Run("interrupted", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		_, err := discovery.Discover(ctx, discovery.Options{Cluster: kubeconfig(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			cancel()
			<-r.Context().Done()
		}))})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	})
	// What fails in the middle is one thing that is missing.
	for path, status := range map[string]string{
		"/apis/route.openshift.io/v1/routes": "500", "/apis/rhtas.redhat.com/v1alpha1/rekors": "500", "/apis/config.openshift.io/v1/ingresses/cluster": "403",
		"/api/v1/namespaces/registries/secrets/quay-admin-token": "500",
	} {
		w := older()
		w[path] = status
		report := discover(t, kubeconfig(t, w))
		if _, err := report.Choose("", ""); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	w := older()
	w["/apis/route.openshift.io/v1/routes"] = "401"
	_, err := discovery.Discover(t.Context(), discovery.Options{Cluster: kubeconfig(t, w)})
	if actions.CodeOf(err) != actions.CodeUnauthorized {
		t.Errorf("%v", err)
	}
}

func plain(server, user string) string {
	return `{apiVersion: v1, kind: Config, clusters: [{name: c, cluster: {server: "` + server + `"}}], users: [{name: u, user: {` + user + `}}],
contexts: [{name: c, context: {cluster: c, user: u}}], current-context: c}`
}
