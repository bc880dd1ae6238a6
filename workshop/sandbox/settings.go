package sandbox

// The people and things that every sandbox has. The names are those of the workshop page.
const (
	// Organization is the organisation that students push to.
	Organization = "l3-students"
	// RegistryUser may push everywhere in the destination registry.
	RegistryUser = "quayadmin"
	// ClientID is the public OpenID Connect client that signing tools use.
	ClientID = "trusted-artifact-signer"

	// StudentUser, AdminUser and PipelineUser can sign in at the identity provider, all with the same password.
	StudentUser  = "user1@demo.redhat.com"
	AdminUser    = "admin@demo.redhat.com"
	PipelineUser = "pipeline-auth@demo.redhat.com"

	demoImage = "l3-rhads-demoimage:latest"
)

// Settings say how to use a running sandbox. Addresses are URLs without a slash at the end unless said otherwise.
type Settings struct {
	// ID tells this sandbox from every other, one that is made in the same directory after a reset included.
	ID              string `json:"id"`
	Fulcio          string `json:"fulcio"`
	Rekor           string `json:"rekor"`
	CTLog           string `json:"ctLog"`
	TUFMirror       string `json:"tufMirror"`
	TUFRoot         string `json:"tufRoot"`         // URL of root.json
	TUFRootChecksum string `json:"tufRootChecksum"` // SHA-256 of what is there, in hex
	Timestamp       string `json:"timestamp"`       // RFC 3161, with its path
	OIDCIssuer      string `json:"oidcIssuer"`
	OIDCClientID    string `json:"oidcClientID"`
	IdentityAPI     string `json:"identityAPI"`       // host:port of Dex's own API (gRPC)
	IdentitySecret  string `json:"identityAPISecret"` // for it, as a bearer token
	Registry        string `json:"registry"`          // host:port, the destination
	RegistryUser    string `json:"registryUser"`
	RegistryPass    string `json:"registryPassword"`
	SourceImage     string `json:"sourceImage"`
	Image           string `json:"image"` // where the lesson copies it to
	OIDCUser        string `json:"oidcUser"`
	OIDCPassword    string `json:"oidcPassword"` // of every user
	LogFile         string `json:"logFile"`
}
