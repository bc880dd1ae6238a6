//go:build kube

package interop

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// discovered is the JSON of `sigwalk env discover`.
type discovered struct {
	APIVersion  string
	Deployments []struct {
		Namespace, Name, Reason, Message string
		Ready                            bool
		Values                           []discoveredValue
		Gaps                             []discoveredGap
	}
	Values    []discoveredValue
	Downloads []struct{ URL string }
	Gaps      []discoveredGap
}

type discoveredValue struct {
	Variable, Value, Secret string
	Source                  struct{ Object, Field, Note string }
}

type discoveredGap struct {
	Thing, Why, Right string
	Variables         []string
}

// values by their variable; the first counts.
func (d *discovered) values() map[string]discoveredValue {
	all := map[string]discoveredValue{}
	var list []discoveredValue
	if len(d.Deployments) > 0 {
		list = append(list, d.Deployments[0].Values...)
	}
	for _, v := range append(list, d.Values...) {
		if _, there := all[v.Variable]; !there {
			all[v.Variable] = v
		}
	}
	return all
}

// rights are those that are missing.
func (d *discovered) rights() string {
	var rights []string
	for _, g := range d.Gaps {
		rights = append(rights, g.Right)
	}
	return strings.Join(rights, "\n")
}

// cluster is a kube with a deployment in one version of the operator's API.
type clusterBench struct {
	*bench
	k       *kube
	version string
	at      map[string]string
}

func (c *clusterBench) discover(t *testing.T, code int, kubeconfig string) *discovered {
	t.Helper()
	o := c.run(t, []string{"sigwalk", "env", "discover", "-o", "json"}, "KUBECONFIG="+kubeconfig)
	var d discovered
	if err := json.Unmarshal([]byte(o.stdout), &d); err != nil || o.code != code {
		t.Fatalf("%v, want exit code %d\n%s", err, code, o)
	}
	for _, secret := range []string{c.at["QUAY_PASSWORD"], c.at["OIDC_PASSWORD"], administratorsPassword} {
		if strings.Contains(o.stdout+o.stderr, secret) {
			t.Errorf("a secret is printed:\n%s", o)
		}
	}
	return &d
}

// TestKube is what a learner, whoever runs the cluster, and a stranger find on it, and the lesson with a kubeconfig as the
// only thing that is given.
func TestKube(t *testing.T) {
	b := up(t)
	at := b.addresses(t)
	for _, version := range []string{"v1alpha1", "v1"} {
		t.Run(version, func(t *testing.T) {
			c := &clusterBench{b, startKube(t), version, at}
			c.k.furnish(t, version, at)
			for _, part := range []struct {
				name string
				run  func(*testing.T)
			}{
				{"administrator", c.administrator},
				{"learner", c.learner},
				{"nobody", c.nobody},
				{"lesson", c.lesson},
				{"keys", c.keys},
				{"not ready", c.notReady},
				{"several", c.several},
			} {
				t.Run(part.name, part.run)
			}
		})
	}
}

func (c *clusterBench) administrator(t *testing.T) {
	d := c.discover(t, 0, c.k.kubeconfig(t, kubeAdmin, token(kubeAdmin)))
	if d.APIVersion != "rhtas.redhat.com/"+c.version || len(d.Deployments) != 1 || !d.Deployments[0].Ready || len(d.Deployments[0].Gaps) > 0 || len(d.Gaps) > 0 {
		t.Errorf("%+v", d)
	}
	issuer := "Fulcio trusted-artifact-signer/securesign-sample .spec.config.OIDCIssuers[0].Issuer"
	search := "Rekor trusted-artifact-signer/securesign-sample .status.rekorSearchUIUrl"
	if c.version == "v1" {
		issuer = "Fulcio trusted-artifact-signer/securesign-sample .spec.config.oidcIssuers[0].issuer"
		search = "Console trusted-artifact-signer/securesign-sample .status.ui.url"
	}
	const securesign = "Securesign trusted-artifact-signer/securesign-sample "
	found := d.values()
	for variable, want := range map[string][2]string{
		"COSIGN_FULCIO_URL":           {c.at["COSIGN_FULCIO_URL"], securesign + ".status.fulcio.url"},
		"COSIGN_REKOR_URL":            {c.at["COSIGN_REKOR_URL"], securesign + ".status.rekor.url"},
		"COSIGN_MIRROR":               {c.at["COSIGN_MIRROR"], securesign + ".status.tuf.url"},
		"COSIGN_TIMESTAMP_SERVER_URL": {c.at["COSIGN_TIMESTAMP_SERVER_URL"], securesign + ".status.tsa.url"},
		"COSIGN_OIDC_ISSUER":          {c.at["COSIGN_OIDC_ISSUER"], issuer},
		"SIGWALK_REKOR_SEARCH_URL":    {"https://search.apps.example.com", search},
		"QUAY":                        {c.at["QUAY"], "Route quay-enterprise/quay-quay .status.ingress[0].host"},
		"KEYCLOAK_ADMIN_USER":         {"temp-admin", "Secret tssc-keycloak/keycloak-initial-admin .data.username"},
		"SOURCE_IMAGE":                {c.at["SOURCE_IMAGE"], "ConfigMap student/sigwalk .data.SOURCE_IMAGE"},
		"CLUSTER_DOMAIN":              {"apps.example.com", "Ingress cluster .spec.domain"},
	} {
		if got := found[variable]; got.Value != want[0] || got.Source.Object+" "+got.Source.Field != want[1] {
			t.Errorf("%s is %+v, want %v", variable, got, want)
		}
	}
	for _, variable := range []string{"QUAY_TOKEN", "QUAY_PASSWORD", "KEYCLOAK_ADMIN_PASSWORD", "OIDC_PASSWORD"} {
		if found[variable].Secret == "" || found[variable].Value != "" {
			t.Errorf("%s is %+v", variable, found[variable])
		}
	}
	if len(d.Downloads) != 1 {
		t.Errorf("%+v", d.Downloads)
	}
}

// learner may see the deployment and the registry, but not list across namespaces, and not Keycloak's secret.
func (c *clusterBench) learner(t *testing.T) {
	d := c.discover(t, 0, c.k.kubeconfig(t, kubeLearner, token(kubeLearner)))
	found := d.values()
	for _, variable := range []string{"COSIGN_FULCIO_URL", "COSIGN_OIDC_ISSUER", "QUAY"} {
		if found[variable].Value != c.at[variable] {
			t.Errorf("%s is %+v", variable, found[variable])
		}
	}
	if found["QUAY_PASSWORD"].Secret == "" || found["KEYCLOAK_ADMIN_PASSWORD"].Secret != "" {
		t.Errorf("%+v", found)
	}
	for _, right := range []string{
		"get secrets/keycloak-initial-admin in namespace tssc-keycloak", "get ingresses.config.openshift.io/cluster", "list consoleclidownloads.console.openshift.io",
	} {
		if !strings.Contains(d.rights(), right) {
			t.Errorf("%q is not among the missing rights:\n%s", right, d.rights())
		}
	}
}

func (c *clusterBench) nobody(t *testing.T) {
	d := c.discover(t, 1, c.k.kubeconfig(t, kubeNobody, token(kubeNobody)))
	if len(d.Deployments) > 0 || !strings.Contains(d.rights(), "list securesigns.rhtas.redhat.com") {
		t.Errorf("%+v", d)
	}
	for name, line := range map[string][2]string{
		"nobody":   {token(kubeNobody), "COSIGN_FULCIO_URL"},
		"stranger": {"another token", "log in to it again"},
	} {
		o := c.run(t, []string{"sigwalk", "env", "discover"}, "KUBECONFIG="+c.k.kubeconfig(t, name, line[0]))
		if o.code != 1 || !strings.Contains(o.stderr, line[1]) {
			t.Errorf("%s: %s", name, o)
		}
	}
}

// lesson: the first lesson from its first step to its last, as the learner, with a kubeconfig as the only thing given.
func (c *clusterBench) lesson(t *testing.T) {
	kubeconfig := "KUBECONFIG=" + c.k.kubeconfig(t, kubeLearner, token(kubeLearner))
	dir := t.TempDir()
	o := c.run(t, []string{"sigwalk", "run", "sign-an-image", "--on", "cluster", "--yes", "--dir", dir}, kubeconfig)
	if o.code != 0 || !strings.Contains(o.stdout, "9 passed, 0 failed, 0 skipped") {
		t.Fatal(o)
	}
	if _, err := os.Stat(filepath.Join(dir, "sandbox")); err == nil {
		t.Error("a sandbox was started for it")
	}
	// That it is the cluster is kept, and each variable says where it stands.
	o = c.run(t, []string{"sigwalk", "env", "--dir", dir}, kubeconfig)
	if o.code != 0 || !strings.Contains(o.stdout, "from: Securesign trusted-artifact-signer/securesign-sample .status.fulcio.url") || strings.Contains(o.stdout, c.at["QUAY_PASSWORD"]) {
		t.Error(o)
	}
	// An old variable of another deployment is found, said and not used.
	o = c.run(t, []string{"sigwalk", "exec", "--dir", dir, "--", "echo $COSIGN_REKOR_URL"}, kubeconfig, "COSIGN_REKOR_URL=https://old.example.com")
	if strings.TrimSpace(o.stdout) != c.at["COSIGN_REKOR_URL"] || !strings.Contains(o.stderr, "https://old.example.com (environment)") {
		t.Error(o)
	}
	// The real cosign finds everything in what env prints.
	o = c.try(t, `eval "$(sigwalk env --dir `+dir+`)"; cosign2 verify --certificate-identity "$OIDC_USER" "$IMAGE" | jq length`, kubeconfig)
	if strings.TrimSpace(o.stdout) == "" || strings.TrimSpace(o.stdout) == "0" {
		t.Error(o)
	}
	o = c.run(t, []string{"sigwalk", "env", "--dir", dir}, "KUBECONFIG="+filepath.Join(dir, "none"))
	if o.code != 1 || !strings.Contains(o.stderr, "there is no cluster to ask") {
		t.Error(o)
	}
}

// keys: pairs in the cluster, by sigwalk and by the real cosign.
func (c *clusterBench) keys(t *testing.T) {
	c.sh(t, `sigwalk exec --dir "$DIR" -- 'source ./copy-image-to-quay.sh && cosign initialize && cosign login $QUAY -u $QUAY_USER -p "$QUAY_PASSWORD"' >/dev/null`)
	kubeconfig := "KUBECONFIG=" + c.k.kubeconfig(t, kubeLearner, token(kubeLearner))
	const password = "COSIGN_PASSWORD=between us"
	for _, maker := range []string{"sigwalk", "cosign2"} {
		reference := "k8s://" + learnersNamespace + "/pair-of-" + maker
		path := "/api/v1/namespaces/" + learnersNamespace + "/secrets/pair-of-" + maker
		work := t.TempDir()
		generate := func() outcome {
			if maker == "sigwalk" {
				return c.exec(t, "rm -f cosign.pub; cosign generate-key-pair "+reference, kubeconfig, password)
			}
			return c.try(t, "cd "+work+"; cosign2 generate-key-pair "+reference, kubeconfig, password)
		}
		if o := generate(); o.code != 0 {
			t.Fatalf("%s: %s", maker, o)
		}
		made := c.k.read(t, path)
		if made["immutable"] != true || made["type"] != "Opaque" || len(made["data"].(object)) != 3 {
			t.Errorf("%s made %v", maker, made)
		}
		if o := generate(); o.code == 0 {
			t.Errorf("%s makes it twice: %s", maker, o)
		}
		if again := c.k.read(t, path); again["metadata"].(object)["resourceVersion"] != made["metadata"].(object)["resourceVersion"] {
			t.Errorf("%s has changed it", maker)
		}
		for signer, sign := range map[string]func(line string) outcome{
			"sigwalk": func(line string) outcome { return c.exec(t, "cosign "+line, kubeconfig) },
			"cosign2": func(line string) outcome { return c.try(t, terminal+"cosign2 "+line, kubeconfig) },
		} {
			if o := sign("sign --yes --key " + reference + " $IMAGE"); o.code != 0 {
				t.Errorf("%s signs with the pair of %s: %s", signer, maker, o)
			}
			if o := sign("verify --key " + reference + " $IMAGE"); o.code != 0 {
				t.Errorf("%s verifies with the pair of %s: %s", signer, maker, o)
			}
		}
	}
	// Who may not read it is told which right that takes.
	o := c.exec(t, "cosign verify --key k8s://"+learnersNamespace+"/pair-of-sigwalk $IMAGE", "KUBECONFIG="+c.k.kubeconfig(t, kubeNobody, token(kubeNobody)))
	if o.code == 0 || !strings.Contains(o.stderr, "oc auth can-i get secrets -n "+learnersNamespace) {
		t.Error(o)
	}
}

func (c *clusterBench) notReady(t *testing.T) {
	c.k.deployed(t, c.version, tasNamespace, deploymentName, c.at, false)
	kubeconfig := c.k.kubeconfig(t, kubeLearner, token(kubeLearner))
	d := c.discover(t, 0, kubeconfig)
	if len(d.Deployments) != 1 || d.Deployments[0].Ready || d.Deployments[0].Reason != "Creating" || !strings.Contains(d.Deployments[0].Message, "RekorAvailable Creating waiting for the database") {
		t.Errorf("%+v", d.Deployments)
	}
	o := c.run(t, []string{"sigwalk", "exec", "--on", "cluster", "--dir", t.TempDir(), "--", "true"}, "KUBECONFIG="+kubeconfig)
	if o.code != 0 || !strings.Contains(o.stderr, "is not ready: Creating") {
		t.Error(o)
	}
	c.k.deployed(t, c.version, tasNamespace, deploymentName, c.at, true)
}

func (c *clusterBench) several(t *testing.T) {
	elsewhere := map[string]string{}
	for name, value := range c.at {
		elsewhere[name] = value
	}
	elsewhere["COSIGN_FULCIO_URL"] = "https://fulcio.other.example.com"
	c.k.deployed(t, c.version, "student-tas", "mine", elsewhere, true)
	kubeconfig := "KUBECONFIG=" + c.k.kubeconfig(t, kubeAdmin, token(kubeAdmin))
	o := c.run(t, []string{"sigwalk", "exec", "--on", "cluster", "--dir", t.TempDir(), "--", "true"}, kubeconfig)
	if o.code != 1 || !strings.Contains(o.stderr, "there are 2 deployments") || !strings.Contains(o.stderr, "student-tas/mine (ready, since ") || !strings.Contains(o.stderr, "--namespace") {
		t.Error(o)
	}
	dir := t.TempDir()
	o = c.run(t, []string{"sigwalk", "exec", "--on", "cluster", "--namespace", "student-tas", "--dir", dir, "--", "echo $COSIGN_FULCIO_URL"}, kubeconfig)
	if strings.TrimSpace(o.stdout) != "https://fulcio.other.example.com" {
		t.Error(o)
	}
	// Which one it was is kept, too.
	o = c.run(t, []string{"sigwalk", "exec", "--dir", dir, "--", "echo $COSIGN_FULCIO_URL"}, kubeconfig)
	if strings.TrimSpace(o.stdout) != "https://fulcio.other.example.com" {
		t.Error(o)
	}
}
