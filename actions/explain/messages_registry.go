package explain

import (
	"regexp"

	"github.com/sigwalk/sigwalk/actions"
)

// registryMessages are those of registries and of what speaks with them: cosign, crane, skopeo, podman, oras.
func registryMessages() []message {
	m := regexp.MustCompile
	return []message{
		{
			m(`parsing config file \((.*?)\): (.*)`), actions.CodeCredentialStore,
			"The file with the logins, $1, cannot be read: $2.",
			"correct it or move it away, and log in again: cosign login REGISTRY -u USER",
			"",
		},
		{
			m(`exec: \\?"(docker-credential-[\w-]+)\\?": executable file not found`), actions.CodeCredentialStore,
			"The logins are kept by $1, which is not installed here.",
			"install it, or take credsStore and credHelpers out of config.json (DOCKER_CONFIG, ~/.docker)",
			"",
		},
		{
			m(`basic credential not found`), actions.CodeUnauthorized,
			"The registry wants to know who you are, and no login for it is kept, or a wrong one.",
			"oras login REGISTRY -u USER; the name must be the one that the image has",
			"",
		},
		{
			m(`TAG_IMMUTABLE|tag is immutable|immutable tag`), actions.CodeImmutableTag,
			"The registry refuses to move the signature's tag.",
			"exclude sha256-*.sig from the rule, or sign with --new-bundle-format",
			"",
		},
		{
			m(`MANIFEST_INVALID|manifest invalid`), actions.CodeForbidden,
			"The registry refused the signature's manifest: some do so where the right to overwrite a tag is missing.",
			"ask for the right to overwrite tags, or sign with --new-bundle-format",
			"sigstore/cosign#3758",
		},
		{
			m(`(?i)UNAUTHORIZED: User cannot be authenticated|invalid username[/ ]password|incorrect username or password`), actions.CodeWrongPassword,
			"The registry refused the credentials, or there are none for it: other tools' logins may be kept elsewhere.",
			"cosign login REGISTRY -u USER",
			"Smana/runlore#377",
		},
		{
			m(`DENIED|denied: |: denied"?$|403:? Forbidden|insufficient_scope|don't have the needed permissions|does not have permission`), actions.CodeForbidden,
			"The registry does not let you do this, whoever you are there: a signature is written beside the image, and needs the same right.",
			"ask for write access, or put the signature elsewhere with COSIGN_REPOSITORY",
			"sigstore/cosign#337, #1441",
		},
		{
			m(`(?i)UNAUTHORIZED: |: unauthorized"?$|401:? Unauthorized`), actions.CodeUnauthorized,
			"The registry wants to know who you are: no login for it is kept, or a wrong one, which cosign login and crane auth login do not notice. (Docker Hub says so, too, when the repository does not exist: a superfluous word on the command line is taken for an image.)",
			"cosign login REGISTRY -u USER",
			"sigstore/cosign#3173",
		},
		{
			m(`(?i)TOOMANYREQUESTS|429:? Too Many Requests`), actions.CodeThrottled,
			"The registry limits how often it may be called.",
			"wait a minute, or log in",
			"",
		},
		{
			m(`(?i)NAME_UNKNOWN|: name unknown|repository name not known`), actions.CodeImageNotFound,
			"The registry has no such repository: the name is misspelt, or nothing was pushed there yet. Some say so where you may not see it.",
			"crane catalog REGISTRY, where the registry lets you; else log in",
			"",
		},
		{
			m(`failed to (?:fetch the content of|resolve) .*: not found`), actions.CodeTagNotFound,
			"The registry has no such tag or digest.",
			"oras repo tags REPOSITORY",
			"",
		},
		{
			m(`(?:received unexpected HTTP status:|unexpected status code|response status code) (5\d\d)|(?:^|[ :])UNKNOWN: unknown error|: unknown: unknown error`), actions.CodeServer,
			"The registry, or what stands in front of it, failed.",
			"try again; if it stays, whoever runs the registry should look at its log",
			"",
		},
		{
			m(`No Supply Chain Security Related Artifacts [Ff]ound`), actions.CodeNoSignatures,
			"Nothing is attached where this cosign looks: the image is not signed, or by cosign 3, whose bundles cosign 2 lists with --experimental-oci11 alone.",
			"sigwalk tree IMAGE looks everywhere",
			"",
		},
		// skopeo and podman
		{
			m(`A signature was required, but no signature exists`), actions.CodeNoSignatures,
			"policy.json wants a signature, and none was found: for Sigstore signatures, reading them must be switched on for the registry.",
			"set use-sigstore-attachments: true for the registry in /etc/containers/registries.d",
			"podman-container-tools/skopeo#2061",
		},
		{
			m(`Source image rejected: (.*?)[."]*$`), actions.CodeNoMatch,
			"policy.json does not accept the image: $1.",
			"look at /etc/containers/policy.json for the registry's rule",
			"podman-container-tools/skopeo#660",
		},
		{
			m(`Can not copy signatures|Pushing signatures for OCI images is not supported|Cannot write signatures`), actions.CodeUsage,
			"The destination cannot keep the signatures.",
			"skopeo copy --remove-signatures, and copy the tags with cosign copy; or switch on use-sigstore-attachments for the destination",
			"podman-container-tools/skopeo#660",
		},
		{
			m(`Would invalidate signatures`), actions.CodeDigestMismatch,
			"Copying would change the digest, and so the signatures would be for something else.",
			"skopeo copy --preserve-digests --all",
			"",
		},
		{
			m(`unknown transport \\?"([^"\\]*)`), actions.CodeUsage,
			"skopeo and podman want to know what kind of place a name is in; $1 was taken for that.",
			"write docker://REGISTRY/REPOSITORY:TAG, oci:DIR:TAG or docker-archive:FILE",
			"",
		},
		{
			m(`Error loading trust policy: (.*?)"?$`), actions.CodeUsage,
			"The policy that says which images to accept cannot be read: $1.",
			"skopeo --policy FILE, or write /etc/containers/policy.json",
			"",
		},
		// names and media types
		{
			m(`could not parse reference|invalid reference format|: invalid reference: `), actions.CodeReference,
			"This is no name of an image: it is written REGISTRY/REPOSITORY:TAG or REGISTRY/REPOSITORY@sha256:DIGEST.",
			"look at the name, in which a variable may be empty: echo $$IMAGE",
			"",
		},
		{
			m(`(?i)unsupported (?:manifest )?media ?type|no FSLayers in manifest|unsupported docker v1`), actions.CodeNotAnImage,
			"What is there is not of a kind that the program reads: an image of the first schema, or no image.",
			"crane manifest IMAGE shows its mediaType; an old image has to be built or converted anew",
			"",
		},
	}
}
