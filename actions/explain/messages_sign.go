package explain

import (
	"regexp"

	"github.com/sigwalk/sigwalk/actions"
)

// signMessages are those of signing: tokens, Fulcio, the logs, keys.
func signMessages() []message {
	m := regexp.MustCompile
	return []message{
		// tokens
		{
			m(`invalid header field value for \\?"Authorization`), actions.CodeTokenMalformed,
			"The identity token has a line break or another character in it that no token has.",
			"tr -d '\\n' < FILE takes the line break out; give the file itself with --identity-token FILE",
			"",
		},
		{
			m(`getting id token: open .*?: (no such file or directory|file name too long)`), actions.CodeTokenMalformed,
			"What was given as an identity token does not look like one, and was taken for the name of a file: it is cut, or empty, or the file is not there.",
			"sigwalk token FILE reads it; a token has three parts with dots between them",
			"",
		},
		{
			m(`error obtaining token: expired_token`), actions.CodeSignInTimeout,
			"Nobody finished the sign-in in time: without a token, and without a browser that it could open, cosign shows an address and waits.",
			"open the address that it prints, or give a token with --identity-token",
			"",
		},
		{
			m(`unable to get subject from identity token`), actions.CodeTokenMalformed,
			"What was given as an identity token cannot be read as one, or names nobody.",
			"echo $${#SIGSTORE_ID_TOKEN} says how long it is; sigwalk token reads it",
			"",
		},
		{
			m(`compact JWS format must have three parts`), actions.CodeTokenMalformed,
			"What was given as an identity token is none: a token has three parts with dots between them.",
			"echo $${#SIGSTORE_ID_TOKEN} says how long it is; sigwalk token reads it",
			"",
		},
		{
			m(`There was an error processing the identity token`), actions.CodeTokenRefused,
			"Fulcio refused the token: issuer unknown to it, another audience, no verified e-mail address, or expired. Its answer does not say which.",
			"sigwalk token FILE says which, and what to change; GET FULCIO/api/v2/configuration lists the issuers",
			"sigstore/cosign#3160, #4348, sigstore/fulcio#1769",
		},
		{
			m(`There was an error processing the credentials for this request`), actions.CodeTokenRefused,
			"Fulcio could not check the token: it does not know the issuer, or its configuration for it is wrong.",
			"look at GET FULCIO/api/v2/configuration",
			"sigstore/cosign#2485",
		},
		{
			m(`The signature supplied in the request could not be verified`), actions.CodeTokenRefused,
			"Fulcio wants the proof of the key over another claim of the token than the client signed: e-mail address or subject.",
			"use a newer client",
			"sigstore/sigstore-go#282",
		},
		{
			m(`Error entering certificate in CTL`), actions.CodeServer,
			"Fulcio could not log the certificate: its certificate transparency log is not configured, or is down.",
			"whoever runs Fulcio must set --ct-log-url",
			"sigstore/fulcio#1427",
		},
		{
			m(`(?i)token (?:is|has) expired`), actions.CodeTokenExpired,
			"The identity token was fetched too long ago, or a clock is wrong.",
			"fetch a new token and use it at once; compare the clocks",
			"",
		},
		{
			m(`invalid_grant`), actions.CodeSignInRefused,
			"The identity provider refused code or password: it was used before, cut, or has expired.",
			"start the sign-in again, and paste the whole code at once",
			"",
		},
		{
			m(`Invalid parameter: redirect_uri|redirect_uri_mismatch`), actions.CodeClientRefused,
			"The identity provider's client does not know the address to return to.",
			"add http://localhost/* and urn:ietf:wg:oauth:2.0:oob to the client's redirect URIs",
			"",
		},
		{
			m(`unauthorized_client|Client not allowed for direct access grants`), actions.CodeClientRefused,
			"The identity provider does not let the client use this grant.",
			"enable direct access grants for the client, or sign in in the browser",
			"",
		},
		{
			m(`createLogEntryConflict|an equivalent entry already exists`), actions.CodeLogRefused,
			"The log holds this very entry already.",
			"nothing is lost: the signature is logged",
			"",
		},
		// services
		{
			m(`(?:signingCert returned|Fulcio returned) (40[137]\b[^:]*)`), actions.CodeAccessRefused,
			"Something in front of Fulcio answered $1: Fulcio itself answers anybody.",
			"look at the proxy or the gateway in front of it; NO_PROXY leaves it out for this host",
			"",
		},
		{
			m(`(?:signingCert returned|Fulcio returned) (404|2\d\d)\b`), actions.CodeNotAsked,
			"What answers at the address is no Fulcio ($1): another service, a login page, or a path too many.",
			"curl -i URL/api/v2/configuration must answer with JSON; correct --fulcio-url",
			"",
		},
		{
			m(`(?:signingCert returned|Fulcio returned) 429\b`), actions.CodeThrottled,
			"Fulcio, or what stands in front of it, limits how often it may be called.",
			"wait a minute; sign fewer images at once",
			"",
		},
		{
			m(`(?:signingCert returned|Fulcio returned) (5\d\d\b[^:]*)`), actions.CodeServer,
			"Fulcio failed, or what stands in front of it: $1.",
			"try again; if it stays, whoever runs Fulcio should look at its log",
			"",
		},
		{
			m(`(?:Post|POST) \\?"?(\S+?)/api/v1/log/entries\S* giving up after \d+ attempt`), actions.CodeLogUnavailable,
			"The transparency log at $1 could not be asked: it is down, fails (5xx) or limits how often it may be called (429).",
			"curl -i $1/api/v1/log",
			"",
		},
		{
			m(`\[POST /api/v1/log/entries\]\[404\]|createLogEntry default`), actions.CodeNotAsked,
			"What answers at the address of the transparency log is no Rekor.",
			"curl -i URL/api/v1/log must answer with JSON; correct --rekor-url",
			"",
		},
		{
			m(`is not supported by the (?:TextConsumer|JSONConsumer)`), actions.CodeNotAsked,
			"What answers at the address of the transparency log does not speak as Rekor does: a login page or a proxy, say.",
			"curl -i URL/api/v1/log must answer with JSON; correct --rekor-url",
			"",
		},
		{
			m(`(createLogEntryBadRequest|searchLogQueryBadRequest) (.*)`), actions.CodeLogRefused,
			"The transparency log refused what it was sent: $2.",
			"check that signature, key and file belong together",
			"",
		},
		{
			m(`request to timestamp authority failed with status code (\d+)`), actions.CodeServer,
			"The timestamp authority answered with $1.",
			"check --timestamp-server-url: it ends in /api/v1/timestamp; if that is right, whoever runs it should look at its log",
			"",
		},
		{
			m(`asn1: structure error: tags don't match .* response`), actions.CodeNotAsked,
			"What answers at the address of the timestamp authority sends no time stamp.",
			"check --timestamp-server-url: it ends in /api/v1/timestamp",
			"",
		},
		// keys
		{
			m(`decrypt: encrypted: decryption failed|reading key: decrypt`), actions.CodeWrongPassword,
			"The password of the private key is wrong.",
			"check COSIGN_PASSWORD",
			"",
		},
		{
			m(`(?:loading public key|reading key|loading private key): open .*: no such file or directory`), actions.CodeKeyUnreadable,
			"The file with the key is not there.",
			"ls in the directory in which the command ran; cosign generate-key-pair makes cosign.key and cosign.pub",
			"",
		},
		{
			m(`pem to public key: (?:PEM decoding failed|unknown Public key PEM file type: (.*?)\. Are you)`), actions.CodeKeyUnreadable,
			"The file given with --key holds no public key.",
			"verify with cosign.pub, and not with cosign.key: cosign public-key --key cosign.key prints it",
			"",
		},
		{
			m(`unsupported pem type: (.*)`), actions.CodeKeyUnreadable,
			"The file given with --key holds no private key of cosign ($1).",
			"sign with cosign.key, and not with cosign.pub; cosign import-key-pair takes keys of openssl",
			"",
		},
		// questions and addresses
		{
			m(`user declined the prompt|user declined`), actions.CodeDeclined,
			"A question was answered with no, or nobody was there to answer it: in a pipe cosign asks nobody.",
			"give -y (cosign sign --yes), or run it on a terminal",
			"",
		},
		{
			m(`cannot specify service URLs and use signing config`), actions.CodeUsage,
			"cosign 3 finds the services in the signing configuration that comes with the trust root, and variables such as COSIGN_FULCIO_URL name others.",
			"unset COSIGN_FULCIO_URL COSIGN_REKOR_URL COSIGN_OIDC_ISSUER COSIGN_OIDC_CLIENT_ID COSIGN_TIMESTAMP_SERVER_URL",
			"",
		},
	}
}
