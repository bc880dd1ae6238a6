package discovery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"

	k8serrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"

	"github.com/sigwalk/sigwalk/actions/cluster"
)

// api reads objects of any kind as JSON.
type api struct {
	cluster *cluster.Cluster
	client  rest.Interface
}

func newAPI(c *cluster.Cluster) (*api, error) {
	config := rest.CopyConfig(c.Config)
	config.NegotiatedSerializer = scheme.Codecs.WithoutConversion()
	client, err := rest.UnversionedRESTClientFor(config)
	if err != nil {
		return nil, c.Explain(context.Background(), err)
	}
	return &api{c, client}, nil
}

// errNotAnAPI is what an answer that is no object of Kubernetes fails with.
var errNotAnAPI = errors.New("its answer is no object of Kubernetes")

// read gets what lies at path into out.
func (a *api) read(ctx context.Context, path string, query url.Values, out any) error {
	request := a.client.Get().AbsPath(path).MaxRetries(1)
	for name, values := range query {
		for _, value := range values {
			request = request.Param(name, value)
		}
	}
	body, err := request.Do(ctx).Raw()
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, out); err != nil {
		return fmt.Errorf("%w: %w", errNotAnAPI, err)
	}
	return nil
}

// group returns the API group, or nil where the cluster does not have it.
func (a *api) group(ctx context.Context, name string) (*metav1.APIGroup, error) {
	var group metav1.APIGroup
	switch err := a.read(ctx, "/apis/"+name, nil, &group); {
	case k8serrors.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, err
	case group.PreferredVersion.Version == "":
		return nil, errNotAnAPI
	}
	return &group, nil
}

// plurals returns the resources of a version of a group by their kind.
func (a *api) plurals(ctx context.Context, groupVersion string) (map[string]string, error) {
	var list metav1.APIResourceList
	if err := a.read(ctx, "/apis/"+groupVersion, nil, &list); err != nil {
		return nil, err
	}
	plurals := map[string]string{}
	for _, r := range list.APIResources {
		if _, there := plurals[r.Kind]; !there {
			plurals[r.Kind] = r.Name
		}
	}
	return plurals, nil
}

// object gets one object.
func (a *api) object(ctx context.Context, path string) (*unstructured.Unstructured, error) {
	var content map[string]any
	if err := a.read(ctx, path, nil, &content); err != nil {
		return nil, err
	}
	if len(section(&unstructured.Unstructured{Object: content}, "metadata")) == 0 {
		return nil, errNotAnAPI
	}
	return &unstructured.Unstructured{Object: content}, nil
}

// page is how many objects are asked for at once.
const page = "500"

// list gets all objects at path.
func (a *api) list(ctx context.Context, path string) ([]unstructured.Unstructured, error) {
	var all []unstructured.Unstructured
	query := url.Values{"limit": {page}}
	for {
		var content struct {
			Kind     string           `json:"kind"`
			Metadata metav1.ListMeta  `json:"metadata"`
			Items    []map[string]any `json:"items"`
		}
		if err := a.read(ctx, path, query, &content); err != nil {
			return nil, err
		}
		if content.Kind == "" {
			return nil, errNotAnAPI
		}
		for _, item := range content.Items {
			all = append(all, unstructured.Unstructured{Object: item})
		}
		if content.Metadata.Continue == "" {
			return all, nil
		}
		query.Set("continue", content.Metadata.Continue)
	}
}

// resource is the path of a kind, in one namespace or, with an empty one, in all.
func resource(groupVersion, namespace, plural string) string {
	prefix := "/apis/" + groupVersion
	if groupVersion == "v1" {
		prefix = "/api/v1"
	}
	if namespace != "" {
		prefix += "/namespaces/" + url.PathEscape(namespace)
	}
	return prefix + "/" + plural
}

// name of an object, for a Source.
func nameOf(kind string, o *unstructured.Unstructured) string {
	if o.GetKind() != "" {
		kind = o.GetKind()
	}
	if o.GetNamespace() == "" {
		return kind + " " + o.GetName()
	}
	return kind + " " + o.GetNamespace() + "/" + o.GetName()
}

// text is a string in an object, empty when it is not there.
func text(o *unstructured.Unstructured, fields ...string) string {
	value, _, err := unstructured.NestedString(o.Object, fields...)
	if err != nil {
		return ""
	}
	return value
}

// section is a mapping in an object, nil when it is not there.
func section(o *unstructured.Unstructured, fields ...string) map[string]any {
	value, _, err := unstructured.NestedFieldNoCopy(o.Object, fields...)
	if err != nil {
		return nil
	}
	mapping, _ := value.(map[string]any)
	return mapping
}

// sequence is a list of mappings in an object, nil when it is not there.
func sequence(o *unstructured.Unstructured, fields ...string) []map[string]any {
	value, _, err := unstructured.NestedFieldNoCopy(o.Object, fields...)
	if err != nil {
		return nil
	}
	items, _ := value.([]any)
	var out []map[string]any
	for _, item := range items {
		if mapping, ok := item.(map[string]any); ok {
			out = append(out, mapping)
		}
	}
	return out
}

func word(mapping map[string]any, names ...string) string {
	for _, name := range names {
		if value, ok := mapping[name].(string); ok && value != "" {
			return value
		}
	}
	return ""
}
