package explain

import "github.com/sigwalk/sigwalk/actions"

// identity is what goes wrong while signing in, asking for a certificate, and logging.
func identity() map[actions.Code]text {
	return map[actions.Code]text{
		actions.CodeRootChecksum: {
			"The initial root is not the pinned one.",
			"Its SHA-256 differs from --root-checksum: the deployment has rotated it, the address is another deployment's, or somebody is in between.",
			"Ask whoever runs the deployment for the checksum, over another channel than the one that delivered the root.",
		},
		actions.CodeTrustRoot: {
			"The trust root cannot be used.",
			"TUF metadata is missing, expired, or not signed by the keys of the root before it.",
			"Run `cosign initialize --mirror URL --root URL/root.json` again; if it has expired, whoever runs the deployment must sign it anew.",
		},
		actions.CodeNoTrustRoot: {
			"There is no trust root.",
			"Nobody has said yet whose certificates and logs to believe.",
			"Run `cosign initialize --mirror URL --root URL/root.json`.",
		},
		actions.CodeTokenMalformed: {
			"This is no identity token, or only a part of one.",
			"A token has three parts joined by dots; a terminal or a text box often cuts it.",
			"Fetch it again, and pass it by a variable or a file in place of copying it.",
		},
		actions.CodeKeyUnreadable: {
			"There is no key there, or it is not one of the kind that is wanted.",
			"The file or secret is missing or damaged, holds another kind of key, or may not be read.",
			"Check the path. cosign generate-key-pair makes cosign.key, which signs, and cosign.pub, which verifies.",
		},
		actions.CodeKeyPassword: {
			"The password does not open the private key, or the two that were typed differ.",
			"A key is encrypted with the password that was chosen when it was made; COSIGN_PASSWORD may hold another.",
			"Type it again, or correct COSIGN_PASSWORD. A forgotten password cannot be recovered: make a new key pair.",
		},
		actions.CodeKeyInTheWay: {
			"A key is there already, and was not overwritten.",
			"What was signed with the old key could be signed with it no more.",
			"Name another place with --output-key-prefix, move the old key away, or answer y when you are asked.",
		},
		actions.CodeNotBuiltIn: {
			"The real tool can do this, and sigwalk's built-in one cannot.",
			"Only what lessons use is built in; access to keys in a cloud, for example, is not.",
			"Run the line that the message shows in a terminal with the real tool.",
		},
		actions.CodeTokenExpired: {
			"The identity token has expired.",
			"Tokens live for minutes. Or this computer's clock is wrong.",
			"Fetch a new one and use it at once.",
		},
		actions.CodeTokenAudience: {
			"The identity token is for somebody else.",
			"Its audience (aud) is not the client that Fulcio accepts: usually sigstore, or trusted-artifact-signer in a private deployment.",
			"Ask for a token for that client; in Keycloak, add an audience mapper to the client.",
		},
		actions.CodeTokenRefused: {
			"Fulcio refused the identity token.",
			"It does not know the issuer, the audience is another one, the e-mail address is missing or not verified, or the token has expired. Its log says which; its answer does not.",
			"Look at iss, aud, email and email_verified in the token, and compare with Fulcio's configuration (GET /api/v2/configuration).",
		},
		actions.CodeNoToken: {
			"There is no identity token, and no other way to sign in.",
			"Nothing was given with --identity-token or SIGSTORE_ID_TOKEN, and no CI system offers one here.",
			"Give a token, or sign in: `cosign sign` without one opens the browser.",
		},
		actions.CodeNotOffered: {
			"The identity provider does not offer what is needed.",
			"Its discovery document names no such endpoint or grant.",
			"Choose another way to sign in, or have it enabled for the client.",
		},
		actions.CodeSignInRefused: {
			"The identity provider refused the sign-in.",
			"The code was cut, has been used before, or has expired: it works once and for a minute.",
			"Ask for a new URL and paste the whole code at once.",
		},
		actions.CodeSignInCancelled: {
			"The sign-in was broken off at the provider's page.",
			"Somebody chose to cancel, or closed what asked for consent.",
			"Start again.",
		},
		actions.CodeSignInTimeout: {
			"Nobody logged in in time.",
			"The URL is good for some minutes only.",
			"Start again, and finish the login in the browser.",
		},
		actions.CodeUserConflict: {
			"A user to be made has the name or the address of somebody who is there.",
			"Two users cannot share either, and whoever is there was not changed: another pipeline may sign by that name.",
			"Choose another name or address with --username and --email, or have that user corrected at the identity provider.",
		},
		actions.CodeClientRefused: {
			"The identity provider does not let this client do that.",
			"The client's settings forbid the grant, or the address to return to is not on its list.",
			"Enable the grant, and add http://localhost/* or urn:ietf:wg:oauth:2.0:oob to the client's redirect URIs.",
		},
		actions.CodeLogUnavailable: {
			"The transparency log cannot be asked.",
			"It cannot be reached, or failed. Verifying needs it only for signatures that carry no log entry; signing always does.",
			"Check --rekor-url with `curl URL/api/v1/log`, or try again.",
		},
		actions.CodeLogRefused: {
			"The transparency log refused the entry.",
			"It could not verify the signature that it should record, or holds the very same entry already (409).",
			"Sign again; if it stays, check that --rekor-url is a Rekor log of this deployment.",
		},
		actions.CodeTimestamp: {
			"The time stamp is missing, or no authority of the trust root made it.",
			"It was made over something else, by an authority that the trust root does not know, or outside that authority's time.",
			"Check that the trust root is that of the deployment which signed (`cosign initialize`); or leave out --use-signed-timestamps where a log entry proves the time.",
		},
		actions.CodeSCT: {
			"The certificate is not proven to be in a certificate transparency log.",
			"It carries no signed certificate timestamp (SCT), or one by a log whose key the trust root does not hold.",
			"Run `cosign initialize` for the deployment that signed; one without a certificate transparency log needs --insecure-ignore-sct.",
		},
	}
}
