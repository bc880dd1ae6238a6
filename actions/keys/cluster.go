package keys

import (
	"context"
	"errors"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	k8serrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/utils/ptr"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/cluster"
)

const (
	clusterScheme = "k8s://"

	// The entries of the Secret, as cosign's package kubernetes names them.
	secretPrivate  = "cosign.key"
	secretPublic   = "cosign.pub"
	secretPassword = "cosign.password"

	// clusterPublic is the file that the public key goes to.
	clusterPublic = "cosign.pub"
)

// InCluster reports whether reference names a Kubernetes Secret.
func InCluster(reference string) bool { return strings.HasPrefix(reference, clusterScheme) }

// GenerateInCluster makes a key pair, keeps it with its password in the Secret that reference (k8s://NAMESPACE/NAME)
// names, and writes the public key to cosign.pub. The Secret is immutable. One that is there already stays as it is, and
// so does a file in the way unless a person says that it may go: CodeKeyInTheWay.
func (c *Client) GenerateInCluster(ctx context.Context, dir Directory, reference string) (*Files, error) {
	cl, err := c.cluster(reference)
	if err != nil {
		return nil, err
	}
	switch _, err := cl.secrets.Get(ctx, cl.name, metav1.GetOptions{}); {
	case err == nil:
		return nil, cl.exists(nil)
	case !k8serrors.IsNotFound(err):
		return nil, cl.explain(ctx, "get", err)
	}
	pair, err := c.Generate(ctx)
	if err != nil {
		return nil, err
	}
	replace, err := c.clear(ctx, dir, false, clusterPublic)
	if err != nil {
		return nil, err
	}
	_, err = cl.secrets.Create(ctx, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: cl.name, Namespace: cl.namespace},
		Data: map[string][]byte{
			secretPrivate: pair.Private, secretPublic: pair.PublicPEM, secretPassword: []byte(pair.password.Reveal()),
		},
		Immutable: ptr.To(true),
	}, metav1.CreateOptions{})
	switch {
	case k8serrors.IsAlreadyExists(err):
		return nil, cl.exists(err)
	case err != nil:
		return nil, cl.explain(ctx, "create", err)
	}
	files := &Files{Public: clusterPublic, PublicKey: pair.Public}
	if err := write(dir, clusterPublic, pair.PublicPEM, publicMode, replace); err != nil {
		return nil, fmt.Errorf("the Secret is made, and %w (cosign public-key --key %s writes the public key again)", err, reference)
	}
	return files, nil
}

// secret reads the Secret that reference names.
func (c *Client) secret(ctx context.Context, reference string) (*corev1.Secret, error) {
	cl, err := c.cluster(reference)
	if err != nil {
		return nil, err
	}
	s, err := cl.secrets.Get(ctx, cl.name, metav1.GetOptions{})
	if err != nil {
		return nil, cl.explain(ctx, "get", err)
	}
	if len(s.Data) == 0 {
		return nil, &actions.Error{
			Code: actions.CodeKeyUnreadable,
			What: "loading key: " + reference,
			Why:  "the Secret is there and empty",
			Next: "make the pair again under another name: cosign generate-key-pair k8s://NAMESPACE/NAME",
		}
	}
	return s, nil
}

// place is one Secret in a cluster.
type place struct {
	reference, namespace, name string
	cluster                    *cluster.Cluster
	secrets                    typedcorev1.SecretInterface
}

func (c *Client) cluster(reference string) (*place, error) {
	namespace, name, ok := strings.Cut(strings.TrimPrefix(reference, clusterScheme), "/")
	if !ok || namespace == "" || name == "" || strings.Contains(name, "/") {
		return nil, &actions.Error{
			Code: actions.CodeUsage,
			What: "kubernetes specification should be in the format k8s://<namespace>/<secret>",
			Why:  "it is " + reference,
			Next: "name the namespace and the Secret, such as k8s://student/cosign",
		}
	}
	found, err := cluster.Open(cluster.Options{Kubeconfig: c.opts.Kubeconfig, Context: c.opts.Context, Observer: c.opts.Observer, Clock: c.opts.Clock})
	if err != nil {
		return nil, noCluster(err)
	}
	client, err := typedcorev1.NewForConfig(found.Config)
	if err != nil {
		return nil, noCluster(err)
	}
	return &place{reference, namespace, name, found, client.Secrets(namespace)}, nil
}

func noCluster(err error) error {
	e := &actions.Error{Code: actions.CodeUsage, What: "there is no cluster to ask for k8s:// keys", Why: err.Error(), Err: err}
	var known *actions.Error
	if errors.As(err, &known) {
		e.Next = known.Next
	}
	return e
}

func (p *place) exists(err error) error {
	return &actions.Error{
		Code: actions.CodeKeyInTheWay,
		What: fmt.Sprintf("there is a Secret %s in namespace %s already", p.name, p.namespace),
		Why:  "it may hold a key that signatures need, and cosign makes such a Secret immutable",
		Next: "nothing was changed: choose another name, or delete it yourself (oc delete secret " + p.name + " -n " + p.namespace + ")",
		Err:  err,
	}
}

// explain says why the cluster did not do it.
func (p *place) explain(ctx context.Context, verb string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	e := &actions.Error{What: fmt.Sprintf("cannot %s %s", verb, p.reference), Why: err.Error(), Err: err}
	switch {
	case k8serrors.IsForbidden(err):
		e.Code = actions.CodeForbidden
		e.Next = fmt.Sprintf("ask for the right to %s secrets there (oc auth can-i %s secrets -n %s): every use of a k8s:// key needs `get`, "+
			"verifying, too", verb, verb, p.namespace)
	case k8serrors.IsUnauthorized(err):
		e.Code, e.Next = actions.CodeUnauthorized, "log in to the cluster again (oc login)"
	case k8serrors.IsNotFound(err) && verb == "get":
		e.Code = actions.CodeKeyUnreadable
		e.Next = "check namespace and name (oc get secrets -n " + p.namespace + "), or make it: cosign generate-key-pair " + p.reference
	case k8serrors.IsNotFound(err):
		e.Code, e.Next = actions.CodeKeyUnreadable, "make the namespace first: oc new-project "+p.namespace
	default:
		return p.cluster.Explain(ctx, err)
	}
	return e
}
