package explain

import (
	"regexp"

	"github.com/sigwalk/sigwalk/actions"
)

// generalMessages are those of connections, command lines and files, which every program has.
func generalMessages() []message {
	m := regexp.MustCompile
	return []message{
		// connections
		{
			m(`x509: certificate has expired or is not yet valid`), actions.CodeTLSExpired,
			"The server's certificate is outside its time, or this computer's clock is wrong.",
			"date -u first; then ask whoever runs the server to renew its certificate",
			"",
		},
		{
			m(`x509: certificate is (?:valid for (.*?), not ([^\s"\\]+)|not valid for any names)`), actions.CodeTLSName,
			"The server's certificate is for another name than the one it was called by ($1).",
			"use a name that the certificate carries, or ask for a certificate with this one",
			"",
		},
		{
			m(`x509: certificate signed by unknown authority|x509: certificate is not trusted|tls: failed to verify certificate`), actions.CodeTLS,
			"This computer does not know the authority behind the server's certificate. (Older cosigns say the same of the signer's certificate: then the trust root is the wrong one.)",
			"add the authority to the system, or name it with SSL_CERT_FILE; for a signature, cosign initialize",
			"sigstore/cosign#2659, #2588",
		},
		{
			m(`tls: first record does not look like a TLS handshake|wrong version number`), actions.CodeTLSMissing,
			"The server speaks plain HTTP where https:// was asked for.",
			"correct the address or the port",
			"",
		},
		{
			m(`malformed HTTP response \\?"\\+x15|Client sent an HTTP request to an HTTPS server`), actions.CodeTLS,
			"The server speaks TLS where http:// was asked for.",
			"correct the address: https://",
			"",
		},
		{
			m(`http: server gave HTTP response to HTTPS client`), actions.CodeTLS,
			"The server speaks plain HTTP.",
			"cosign --allow-http-registry, skopeo --src-tls-verify=false or --dest-tls-verify=false; only for a registry on this computer",
			"",
		},
		{
			m(`lookup (\S+?)(?: on \S+?)?: (?:no such host|server misbehaving|Temporary failure)`), actions.CodeUnreachable,
			"The name $1 does not resolve.",
			"getent hosts $1; look for typing errors, and whether it is a name of the inside of a cluster or of a VPN",
			"",
		},
		{
			m(`no such host|server misbehaving`), actions.CodeUnreachable,
			"The name does not resolve.",
			"check the address for typing errors, and whether it works outside the cluster",
			"",
		},
		{
			m(`proxyconnect tcp: (.*)`), actions.CodeUnreachable,
			"The proxy cannot be reached: $1.",
			"look at HTTPS_PROXY and HTTP_PROXY; NO_PROXY=HOST leaves a host out",
			"",
		},
		{
			m(`dial tcp (\S+): connect: connection refused`), actions.CodeUnreachable,
			"Nothing listens at $1, so that it cannot be reached: the server is down, or the address is wrong.",
			"curl -v URL; for the sandbox, sigwalk sandbox status",
			"",
		},
		{
			m(`connect: network is unreachable`), actions.CodeUnreachable,
			"This computer has no network to that address.",
			"where there is none, verify a pack: sigwalk pack IMAGE, then sigwalk verify --pack FILE",
			"",
		},
		{
			m(`connect: connection refused|no route to host|i/o timeout|context deadline exceeded|[Cc]onnection reset by peer|: EOF\\?"*$`), actions.CodeUnreachable,
			"The server cannot be reached, or breaks the connection off.",
			"curl -v URL",
			"podman-container-tools/skopeo#2162, sigstore/cosign#4026",
		},
		// answers
		{
			m(`invalid character '<' looking for beginning of value`), actions.CodeNotAsked,
			"What answers is a page for people where data was wanted: a login page, a proxy, or another service.",
			"curl -i URL shows what answers",
			"",
		},
		{
			m(`unexpected end of JSON input|unexpected EOF`), actions.CodeNotAsked,
			"What was read ends in the middle: an answer was cut off on its way, or a file was not written to its end.",
			"try again; for a file, fetch it again and compare its checksum",
			"",
		},
		{
			m(`invalid character '(.)' looking for beginning of value`), actions.CodeNotAsked,
			"JSON was wanted, and what was read begins with $1: the wrong file, or another service.",
			"head -c 200 FILE, or curl -i URL, shows what it is",
			"",
		},
		// command lines
		{
			m(`unknown (?:shorthand )?flag: (.*)`), actions.CodeUsage,
			"This program, or this version of it, has no flag $1. cosign 3 has left out some of cosign 2, and has some of its own.",
			"COMMAND --help lists its flags, cosign version says which it is",
			"",
		},
		{
			m(`unknown command "([^"]*)" for "([^"]*)"`), actions.CodeUsage,
			"$2 has no command $1.",
			"$2 --help lists them",
			"",
		},
		{
			m(`requires (?:at least |exactly )?(\d+) arg\(s\), (?:only )?received (\d+)|accepts (?:at most |between )?.* arg\(s\), received`), actions.CodeUsage,
			"The command line has too many or too few words: a variable in it may be empty, or hold a space.",
			"echo each variable that it names, and write \"$$IMAGE\" with its quotation marks",
			"",
		},
		// files
		{
			m(`no space left on device`), actions.CodeStateUnwritable,
			"The disk is full.",
			"df -h; free some space, or write elsewhere",
			"",
		},
		{
			m(`(?:open|stat) (\S+?): (no such file or directory|permission denied|is a directory)`), actions.CodeUsage,
			"A file that the command names cannot be read: $1 ($2).",
			"ls -l $1; the path counts from the directory in which the command ran",
			"",
		},
		// what says least
		{
			m(`no matching signatures`), actions.CodeNoMatch,
			"Signatures are there, and none verified; this output does not say why.",
			"sigwalk verify IMAGE --explain with the same flags",
			"sigstore/cosign#2588, #3525, #3798",
		},
		{
			m(`no matching attestations`), actions.CodeNoMatch,
			"There is no attestation of this image, or none by who was asked for.",
			"sigwalk tree IMAGE lists the attestations and who made them",
			"",
		},
		// warnings, which may not be why it failed
		{
			m(`could not find cached root\.json`), actions.CodeNoTrustRoot,
			"There is no trust root: cosign was not initialised, or an initialisation that failed took away the one that was there.",
			"cosign initialize --mirror URL --root URL/root.json",
			"",
		},
		{
			m(`Fetching initial root from URL without providing its checksum`), actions.CodeRootChecksum,
			"This is a warning and no error: the first root was believed as it came, whoever sent it.",
			"get the checksum from whoever runs the deployment, and give it with --root-checksum",
			"",
		},
	}
}
