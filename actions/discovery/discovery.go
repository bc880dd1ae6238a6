// Package discovery finds a Trusted Artifact Signer on a cluster, with the identity provider, the registry and the users
// that go with it: what the workshop's `help` and its scripts look up, each value with the object and the field it stands
// in. It only reads, and it writes nothing anywhere.
//
// Field paths are those of securesign/secure-sign-operator (API group rhtas.redhat.com, v1alpha1 and v1), quay-operator,
// the Keycloak operator and OpenShift (groups route, config, console).
package discovery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	k8serrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/klog/v2"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/cluster"
)

// Options configure Discover.
type Options struct {
	Cluster *cluster.Cluster
	// Within bounds the whole of it; zero for DefaultTime.
	Within time.Duration
	// Namespace is where to look for the deployment; empty for wherever the account may look.
	Namespace string
}

// DefaultTime is how long a discovery may take as a whole.
const DefaultTime = 15 * time.Second

// atOnce is how many calls are under way together.
const atOnce = 8

// Discover looks. What the account may not see is a gap in the report and no error. It fails with CodeUnauthorized,
// CodeForbidden, CodeUnreachable, CodeTLS, CodeServer or CodeNotAsked when the cluster as a whole does not answer, and
// never later than it may take, whatever the cluster or the kubeconfig's program does.
func Discover(ctx context.Context, opts Options) (*Report, error) {
	if opts.Within == 0 {
		opts.Within = DefaultTime
	}
	bounded, cancel := context.WithTimeout(ctx, opts.Within)
	defer cancel()
	bounded = klog.NewContext(bounded, klog.Logger{}) // client-go would write what goes wrong to the terminal, too
	type outcome struct {
		report *Report
		err    error
	}
	done := make(chan outcome, 1)
	// In a goroutine of its own because client-go waits for the kubeconfig's program without a context.
	go func() {
		report, err := discover(bounded, opts)
		done <- outcome{report, err}
	}()
	select {
	case out := <-done:
		if out.err != nil {
			return nil, opts.Cluster.Explain(bounded, out.err)
		}
		return out.report, nil
	case <-bounded.Done():
		return nil, opts.Cluster.Explain(bounded, bounded.Err())
	}
}

// search is one discovery under way.
type search struct {
	*api
	ctx    context.Context //nolint:containedctx // it is that of the one call that the search lives for
	opts   Options
	report *Report

	// of the operator's API
	groupVersion string
	plural       map[string]string
	// namespaces to look into where the account may not list all of the cluster.
	namespaces []string
	routes     []unstructured.Unstructured
	routesWhy  error
}

// The group of the operator's API.
const group = "rhtas.redhat.com"

// theDeployment is the thing of the gap of a report without any.
const theDeployment = "a Trusted Artifact Signer"

func discover(ctx context.Context, opts Options) (*Report, error) {
	a, err := newAPI(opts.Cluster)
	if err != nil {
		return nil, err
	}
	c := opts.Cluster
	s := &search{api: a, ctx: ctx, opts: opts, report: &Report{
		Context: c.Context, Server: c.Server, User: c.User, Namespace: c.Namespace, Kubeconfig: c.Source,
		Deployments: []Deployment{}, Values: []Value{}, Downloads: []Download{}, Gaps: []Gap{},
	}}
	// The first call shows whether there is a cluster at all; what fails after it is one thing that is missing.
	found, err := s.group(ctx, group)
	if err != nil {
		return nil, err
	}
	s.namespaces = s.places()
	if found == nil {
		s.gap(Gap{Thing: theDeployment, Why: "its operator is not installed: the cluster does not know the API " + group, Variables: endpointVariables()})
	} else {
		s.groupVersion = group + "/" + found.PreferredVersion.Version
		s.report.APIVersion = s.groupVersion
		if s.plural, err = s.plurals(ctx, s.groupVersion); err != nil {
			return nil, err
		}
		if err := s.deployments(); err != nil {
			return nil, err
		}
	}
	s.findRoutes()
	for _, step := range []func() error{s.registry, s.identityProvider, s.learner, s.domain, s.downloads} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return s.report, nil
}

func endpointVariables() []string {
	return []string{"COSIGN_FULCIO_URL", "COSIGN_REKOR_URL", "COSIGN_MIRROR", "COSIGN_ROOT", "COSIGN_OIDC_ISSUER"}
}

func (s *search) gap(g Gap) {
	if g.Variables == nil {
		g.Variables = []string{}
	}
	s.report.Gaps = append(s.report.Gaps, g)
}

// fatal reports whether an error ends the search: everything that comes after it would fail, too.
func (s *search) fatal(err error) bool {
	return err != nil && (s.ctx.Err() != nil || k8serrors.IsUnauthorized(err))
}

// why says for a gap why something could not be read, and which right is missing, if it is one.
func (s *search) why(err error, right string) (why, missing string) {
	switch {
	case k8serrors.IsForbidden(err):
		return s.report.User + " may not read it", right
	case k8serrors.IsNotFound(err):
		return "there is none", ""
	}
	var known *actions.Error
	if errors.As(s.cluster.Explain(s.ctx, err), &known) {
		return known.Error(), ""
	}
	return err.Error(), ""
}

// usual are the namespaces in which Trusted Artifact Signer, Quay and Keycloak are installed in the workshop and by the
// operators' own instructions. They are only looked into where the account may not ask for all namespaces.
func usual() []string {
	return []string{"trusted-artifact-signer", "tssc-tas", "student-tas", "quay-enterprise", "quay", "tssc-keycloak", "keycloak", "keycloak-system"}
}

// places are the namespaces to look into where not all can be asked at once: the person's own, those that the account may
// see, and the usual ones.
func (s *search) places() []string {
	places := slices.Concat([]string{s.opts.Cluster.Namespace}, s.opts.Cluster.Namespaces)
	if s.opts.Namespace != "" {
		places = append([]string{s.opts.Namespace}, places...)
	}
	// OpenShift lists the projects that the account may see; Kubernetes lists all namespaces or none.
	for _, path := range []string{"/apis/project.openshift.io/v1/projects", "/api/v1/namespaces"} {
		items, err := s.list(s.ctx, path)
		if err != nil {
			continue
		}
		for i := range items {
			places = append(places, items[i].GetName())
		}
		break
	}
	places = append(places, usual()...)
	seen := map[string]bool{}
	return slices.DeleteFunc(places, func(name string) bool {
		again := name == "" || seen[name]
		seen[name] = true
		return again
	})
}

// everywhere lists a resource in all namespaces, or in each of the places where the account may not list all at once. The
// error is that of the whole cluster where no place could be listed either.
func (s *search) everywhere(groupVersion, plural string) ([]unstructured.Unstructured, error) {
	items, err := s.list(s.ctx, resource(groupVersion, "", plural))
	if err == nil || !k8serrors.IsForbidden(err) {
		return items, err
	}
	lists := make([][]unstructured.Unstructured, len(s.namespaces))
	failed := make([]error, len(s.namespaces))
	var workers sync.WaitGroup
	tickets := make(chan struct{}, atOnce)
	for i, namespace := range s.namespaces {
		workers.Go(func() {
			tickets <- struct{}{}
			defer func() { <-tickets }()
			lists[i], failed[i] = s.list(s.ctx, resource(groupVersion, namespace, plural))
		})
	}
	workers.Wait()
	may := false
	for _, one := range failed {
		if s.fatal(one) {
			return nil, one
		}
		may = may || one == nil
	}
	if !may {
		return nil, err
	}
	return slices.Concat(lists...), nil
}

// right names what an account needs to list a resource.
func right(verb, what, namespace string) string {
	if namespace == "" {
		return fmt.Sprintf("%s %s in its namespace", verb, what)
	}
	return fmt.Sprintf("%s %s in namespace %s", verb, what, namespace)
}
