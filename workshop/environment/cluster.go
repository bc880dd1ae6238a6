package environment

// KubeContext is the variable that names a context of the kubeconfig, for k8s:// keys in a lesson that works on a cluster.
const KubeContext = "SIGWALK_KUBE_CONTEXT"
