package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/cluster"
	"github.com/sigwalk/sigwalk/actions/discovery"
	"github.com/sigwalk/sigwalk/actions/identity/technicaluser"
	"github.com/sigwalk/sigwalk/workshop/environment"
)

// workshopImage is what the workshop's page copies, unless the cluster or the person says otherwise.
const workshopImage = "quay.io/tssc_demos/l3-rhads-demoimage:latest"

// cluster finds the cluster that c, the flags, or the environment mean.
func (a *app) cluster(c choice) (*cluster.Cluster, error) {
	kubeconfig := a.flags.kubeconfig
	if kubeconfig == "" {
		kubeconfig = c.Kubeconfig
	}
	if kubeconfig == "" {
		kubeconfig = a.getenv("KUBECONFIG")
	}
	return cluster.Open(cluster.Options{Kubeconfig: kubeconfig, Context: c.Context})
}

// clusterVariables are what is found on the cluster, with remarks on what does not go by itself.
func (a *app) clusterVariables(ctx context.Context, c choice, progress func(string)) ([]environment.Variable, []string, error) {
	found, err := a.cluster(c)
	if err != nil {
		return nil, nil, err
	}
	if progress != nil {
		progress("looking for a Trusted Artifact Signer at " + found.Server)
	}
	report, err := discovery.Discover(ctx, discovery.Options{Cluster: found, Namespace: c.Namespace})
	if err != nil {
		return nil, nil, err
	}
	d, err := report.Choose(c.Namespace, c.Securesign)
	if err != nil {
		return nil, nil, err
	}
	vars := []environment.Variable{
		variable("SOURCE_IMAGE", workshopImage, "default"),
		variable("OIDC_USER", technicaluser.Workshop().Username, "default"),
		variable(environment.KubeContext, found.Context, environment.Source(found.Source)),
	}
	if a.flags.kubeconfig != "" || c.Kubeconfig != "" {
		file := c.Kubeconfig
		if given := a.given().Kubeconfig; given != "" {
			file = given
		}
		vars = append(vars, variable("KUBECONFIG", file, "flag --kubeconfig"))
	}
	vars = append(vars, environment.Discovered(report.All(d))...)
	var remarks []string
	if !d.Ready {
		remarks = append(remarks, remarkOn(actions.CodeNotReady, fmt.Sprintf("the deployment %s is not ready: %s %s", d.ID(), d.Reason, d.Message)))
	}
	if d.Outdated {
		remarks = append(remarks, "the deployment "+d.ID()+" was changed and its operator has not looked yet: its addresses may be of before")
	}
	for _, v := range report.All(d) {
		if v.Inside {
			remarks = append(remarks, fmt.Sprintf("%s is %s, which works inside the cluster only (%s)", v.Variable, v.Value, v.Source))
		}
	}
	// A single line is not the place for all that is missing; who opens the workshop is told once.
	if progress != nil {
		if text := a.lacks(report, d); text != "" {
			remarks = append(remarks, text)
		}
	}
	return vars, remarks, nil
}

// lacks says what was not found on the cluster and is not given either.
func (a *app) lacks(report *discovery.Report, d *discovery.Deployment) string {
	var missing []string
	for _, g := range append(slices.Clone(d.Gaps), report.Gaps...) {
		if len(g.Variables) > 0 && !slices.ContainsFunc(g.Variables, func(name string) bool { return a.getenv(name) != "" }) {
			missing = append(missing, g.Thing+" ("+strings.Join(g.Variables, ", ")+")")
		}
	}
	if len(missing) == 0 {
		return ""
	}
	return "not found on the cluster: " + strings.Join(missing, "; ") + ". sigwalk env discover says why, and the variables can be set instead"
}

// askDeployment asks which deployment of the cluster is meant, where there are several and a person can be asked.
func (a *app) askDeployment(ctx context.Context, c choice) (choice, error) {
	found, err := a.cluster(c)
	if err != nil {
		return c, err
	}
	_, _ = fmt.Fprintln(a.err, "Looking for a Trusted Artifact Signer at "+found.Server+" ...")
	report, err := discovery.Discover(ctx, discovery.Options{Cluster: found, Namespace: c.Namespace})
	if err != nil {
		return c, err
	}
	_, err = report.Choose(c.Namespace, c.Securesign)
	if actions.CodeOf(err) != actions.CodeSeveral {
		return c, err
	}
	q := actions.Question{ID: "deployment", Text: "There are several deployments on this cluster:", Prompt: "Which one?"}
	var words []string
	for i := range report.Deployments {
		d := &report.Deployments[i]
		q.Text += "\n  " + d.ID() + ": " + d.Telling()
		words = append(words, d.ID())
	}
	chosen, asking := a.pick(ctx, q, words, "")
	if chosen == "" {
		return c, cmp.Or(asking, err)
	}
	c.Namespace, c.Securesign, _ = strings.Cut(chosen, "/")
	return c, nil
}
