package explain

import "github.com/sigwalk/sigwalk/actions"

// registry is what registries refuse.
func registry() map[actions.Code]text {
	return map[actions.Code]text{
		actions.CodeReference: {
			"This is no image reference.",
			"A reference is written REGISTRY/NAME:TAG or REGISTRY/NAME@sha256:HEX; capital letters, spaces and https:// do not belong in it.",
			"Correct the reference; `crane manifest REFERENCE` shows whether it works.",
		},
		actions.CodeImageNotFound: {
			"The registry has no such repository or digest.",
			"It was never pushed there, was deleted, or the name is misspelt. Some registries say the same when you have no right to see it.",
			"Look at what is there with `crane ls REPOSITORY`.",
		},
		actions.CodeTagNotFound: {
			"The repository has no such tag.",
			"The tag was never pushed, was deleted, or is misspelt. cosign ends with 11 here.",
			"Look at the tags with `crane ls REPOSITORY`.",
		},
		actions.CodeNotAnImage: {
			"What is there is neither an image nor an index of images.",
			"The reference names something else, such as a signature or a chart.",
			"Look at it with `crane manifest REFERENCE`.",
		},
		actions.CodeWrongPassword: {
			"The registry refused user name and password.",
			"One of them is wrong, or the account needs a robot or token in place of the password.",
			"Log in again with `cosign login REGISTRY -u USER`.",
		},
		actions.CodeUnauthorized: {
			"The registry wants to know who you are.",
			"No credentials were sent: they are missing from config.json, or stand there under another name of the registry.",
			"Log in with `cosign login REGISTRY -u USER`; docker's and podman's logins may be kept elsewhere (DOCKER_CONFIG).",
		},
		actions.CodeForbidden: {
			"You are known, and have no right to do this.",
			"Reading is often allowed where writing is not, and a signature is written beside the image.",
			"Ask for write access to the repository, or put the signature elsewhere with COSIGN_REPOSITORY.",
		},
		actions.CodeNoOrganization: {
			"The registry has no such organisation or project.",
			"Most registries do not make one when something is pushed.",
			"Create it first, or correct the first part of the name.",
		},
		actions.CodeImmutableTag: {
			"The registry refuses to move a tag.",
			"Tags are immutable there, and every further signature of cosign 2 moves the tag sha256-....sig.",
			"Exclude sha256-*.sig from the rule, or sign with Sigstore bundles, which need no tag: cosign 3, or --new-bundle-format.",
		},
		actions.CodeManifestTooLarge: {
			"A manifest is larger than what is accepted.",
			"Each signature takes about 4 KiB of the manifest of its tag; some registries refuse more than 4 MiB, and what is read is bounded so that nobody can fill the memory.",
			"Remove signatures that nobody needs (`cosign clean`), or sign with Sigstore bundles.",
		},
		actions.CodeLayout: {
			"This is no OCI image layout that can be read.",
			"The path is wrong, the copy was cut or damaged, or the archive is of another kind, such as one that `docker save` of old wrote. An archive that leads out of itself or grows without end is refused, too.",
			"Write one with `skopeo copy docker://IMAGE oci:DIR:TAG`, `cosign save --dir DIR IMAGE` or `sigwalk pack IMAGE`, and compare the checksum of the file.",
		},
		actions.CodePack: {
			"This is no pack, or not the one that was written.",
			"Its own checksums do not fit: it was cut, damaged or changed, or it is an archive of another kind. The checksums find damage; who changes a pack on purpose can change them, too.",
			"Ask for it again, and compare the sha256 of the file that `sigwalk pack` printed. An OCI archive of another tool is verified as `oci-archive:FILE`.",
		},
		actions.CodeFileInTheWay: {
			"A file is there that would be overwritten.",
			"Nothing is replaced without a yes.",
			"Name another file, or say --force.",
		},
		actions.CodeImageInTheWay: {
			"Another image, or other signatures, are at the destination.",
			"Copying would replace what a tag names.",
			"Look at it with `cosign tree IMAGE`. With -f the image is replaced, and what is attached there stays beside what comes.",
		},
		actions.CodeNetworkRefused: {
			"A network call was refused.",
			"A pack is verified without any network, so that what it shows holds on a machine that has none.",
			"Bring what it wanted along: give --key a file in place of a URL, and sign with a log entry that travels with the signature.",
		},
		actions.CodeDigestMismatch: {
			"What arrived is not what was named.",
			"A digest names exactly these bytes; others came. The transfer was cut or changed on its way.",
			"Try again; if it stays, do not use what arrived, and tell whoever runs the registry or the proxy.",
		},
		actions.CodeCredentialStore: {
			"The file or helper that keeps credentials cannot be used.",
			"config.json is no JSON, or names a credential helper (credsStore, credHelpers) that is not installed.",
			"Correct config.json below DOCKER_CONFIG, or install docker-credential-NAME.",
		},
		actions.CodeSignatureLost: {
			"Others overwrote the signature faster than it could be put back.",
			"A signature tag is read, changed and written without a lock: of two signers at once, one wins.",
			"Sign again; `sigwalk recover IMAGE` brings back what the log remembers; Sigstore bundles do not have the problem.",
		},
	}
}
