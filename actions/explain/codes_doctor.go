package explain

import "github.com/sigwalk/sigwalk/actions"

// doctor is what is wrong with a deployment, as sigwalk doctor finds it.
func doctor() map[actions.Code]text {
	return map[actions.Code]text{
		actions.CodeNoAnswer: {
			"A server takes a request and does not answer in time.",
			"It is overloaded or hangs, or what stands between (a proxy, a firewall) swallows the answer.",
			"Look at its log and load; `sigwalk doctor --timeout 60s` waits longer.",
		},
		actions.CodeAccessRefused: {
			"Something in front of a service wants a login that the service itself does not want.",
			"Sigstore's services answer anybody. A proxy, a gateway or a network policy in front of one answers 401, 403 or 407 in its place.",
			"Have it let the address through, or leave it out for this host with NO_PROXY.",
		},
		actions.CodeNameUnknown: {
			"The name of a server is not known.",
			"It is misspelt, or only the name server of another network (a VPN, the inside of a cluster) knows it.",
			"Try `getent hosts NAME`; join that network, or use the address of the cluster's route in place of one that ends in .svc.",
		},
		actions.CodeTLSAuthority: {
			"A server's certificate is from an authority that this computer does not know.",
			"Private deployments have an authority of their own, often that of the cluster's router; or somebody stands in between.",
			"Get the authority's certificate from whoever runs the deployment, compare its SHA-256 with them by another way, and name the file in SIGWALK_CA_FILE (sigwalk) and SSL_CERT_FILE (cosign).",
		},
		actions.CodeTLSName: {
			"A server's certificate is for another name than the one that it is called by.",
			"The address is an alias or a number, or the route ends at another server.",
			"Use the name that the certificate carries, or ask for a certificate with this one.",
		},
		actions.CodeTLSExpired: {
			"A server's certificate is outside its time.",
			"Nobody renewed it.",
			"Ask whoever runs the server to renew it.",
		},
		actions.CodeTLSMissing: {
			"A server speaks plain HTTP where https:// is configured.",
			"The port is that of another listener, or what ends TLS in front of it is missing.",
			"Correct the port, or have TLS put in front of it.",
		},
		actions.CodeIssuerMissing: {
			"The identity provider answers, and has no such issuer.",
			"The path is misspelt, or the realm was not made yet. With Keycloak an issuer ends in /realms/ and the name of the realm.",
			"Open ISSUER/.well-known/openid-configuration; correct --oidc-issuer, or make the realm.",
		},
		actions.CodeIssuerDiffers: {
			"The identity provider calls itself by another name than the configured one.",
			"Names of issuers are compared to the last character: http and https, a slash at the end, and the host all count.",
			"Use the name in its discovery document everywhere, in Fulcio's configuration too; or correct the provider's host name.",
		},
		actions.CodeClientMissing: {
			"The identity provider does not know the client, or wants a secret of it.",
			"It was never made, has another ID, or is confidential: cosign and people have no secret.",
			"Make a public client with that ID; in Keycloak with Client authentication off.",
		},
		actions.CodeLoopbackMissing: {
			"The client may not send the browser back to this computer.",
			"cosign listens at http://localhost and a port that is free at the time; it must be on the client's list of redirect URIs.",
			"Add http://localhost/* to the client's redirect URIs.",
		},
		actions.CodeRedirectMissing: {
			"The client may not show the code to the person.",
			"On a machine without a browser the code is copied from the page; the redirect URI for that is missing from the client's list.",
			"Add urn:ietf:wg:oauth:2.0:oob to the client's redirect URIs.",
		},
		actions.CodeDeviceOff: {
			"The client may not sign in a device.",
			"The device authorization grant is switched off for it, or at the provider.",
			"Switch it on; in Keycloak: Clients, the client, OAuth 2.0 Device Authorization Grant.",
		},
		actions.CodePasswordOff: {
			"The client may not sign in with a password.",
			"The password grant, by which a technical user gets its token, is switched off for it.",
			"Switch it on; in Keycloak: Clients, the client, Direct access grants.",
		},
		actions.CodeUserRefused: {
			"The identity provider does not let the user in.",
			"Name or password is wrong, the account is disabled, or something must be done at a first login.",
			"Check OIDC_USER and OIDC_PASSWORD; `sigwalk technical-user` makes such a user.",
		},
		actions.CodeAudienceMapper: {
			"Access tokens of the client are not for the client.",
			"A plain Keycloak writes its own audience (account) into access tokens; Fulcio takes only tokens that are for its client.",
			"Add an audience mapper to the client (Clients, the client, Client scopes, dedicated scope, Add mapper, Audience), or send the identity token in place of the access token.",
		},
		actions.CodeEmail: {
			"The token names nobody whom a certificate can be for.",
			"Where Fulcio certifies e-mail addresses, the token must have one that the provider has verified.",
			"Give the user an address and mark it as verified; in Keycloak: Users, the user, Email verified.",
		},
		actions.CodeTUFExpired: {
			"The trust root's metadata has expired.",
			"TUF signs for a limited time, so that an old state cannot be shown for ever; nobody signed anew.",
			"Have whoever runs the deployment sign it anew, then run `cosign initialize`. When this computer's clock is wrong, set that first.",
		},
		actions.CodeRootRotated: {
			"The pinned root was replaced by a newer one, in order.",
			"Keys of a trust root are changed by a new root that the old one signs; the address serves the newest.",
			"Begin with the pinned root, which the mirror keeps as 1.root.json; or pin the newer one once its checksum was confirmed.",
		},
		actions.CodeTrustRootStale: {
			"The trust root that is kept here is not the deployment's of today.",
			"Keys were changed, the deployment was set up anew, or it is another deployment's.",
			"Run `cosign initialize --mirror URL --root URL/root.json` again.",
		},
		actions.CodeStampAuthority: {
			"The trust root does not hold the timestamp authority.",
			"Its key was replaced without the trust root, or the addresses are of two deployments.",
			"Have its certificates published by TUF, then run `cosign initialize`.",
		},
		actions.CodeFulcioIssuer: {
			"Fulcio does not trust the issuer.",
			"It is missing from Fulcio's configuration, or is written there in another way: names are compared to the last character.",
			"Add it to Fulcio's OIDC issuers; on a cluster in the Securesign's spec.fulcio.config.OIDCIssuers.",
		},
		actions.CodeFulcioClient: {
			"Fulcio wants tokens that are for another client.",
			"Its configuration names one client for each issuer, and that is the audience a token must have.",
			"Sign in as that client (COSIGN_OIDC_CLIENT_ID), or correct the ClientID in Fulcio's configuration.",
		},
		actions.CodeFulcioAuthority: {
			"The trust root does not hold Fulcio's certificate authority.",
			"The authority was replaced without the trust root, or the addresses are of two deployments.",
			"Have its certificate published by TUF, then run `cosign initialize`.",
		},
		actions.CodeCTLog: {
			"The trust root does not hold the key of the certificate transparency log.",
			"The log was set up anew, or its key was replaced, without the trust root.",
			"Have its key published by TUF, then run `cosign initialize`.",
		},
		actions.CodeRekorKey: {
			"The trust root does not hold the key of the transparency log.",
			"The log was set up anew, or the addresses are of two deployments.",
			"Have its key published by TUF, then run `cosign initialize`.",
		},
		actions.CodeCheckpoint: {
			"What the transparency log signs of itself does not verify.",
			"A checkpoint is the log's signature over its size and root hash; this one is by another key, or was changed.",
			"Check that Rekor and the trust root are of one deployment; if they are, sign nothing until whoever runs it has explained it.",
		},
		actions.CodeLogForked: {
			"The transparency log shows another history than it did before.",
			"A log may only grow. It was set up anew, restored from a backup, or shows different histories to different people.",
			"Tell whoever runs it, with the report; where it was set up anew on purpose, forget the checkpoint that is kept in the directory doctor below --dir.",
		},
		actions.CodeLogStill: {
			"The transparency log took an entry, and did not grow.",
			"What answers is a cache or a copy, or its sequencer stands still.",
			"Look at Rekor and at Trillian's log signer behind it.",
		},
		actions.CodeSearchIndex: {
			"The transparency log cannot be searched.",
			"Rekor's search index is a part of its own, with a store of its own, and is switched off or fails.",
			"Have it enabled; signing and verifying do without, and finding signatures by image or person does not.",
		},
		actions.CodePullDenied: {
			"The registry does not let you read the image.",
			"Whoever is logged in, or nobody, has no right to pull from the repository.",
			"Log in as somebody who has it: `cosign login REGISTRY -u USER`.",
		},
		actions.CodePushDenied: {
			"The registry does not let you write to the repository.",
			"A signature is pushed beside the image and needs the same right as the image did.",
			"Have the right given to you, or keep signatures elsewhere with COSIGN_REPOSITORY.",
		},
		actions.CodeReferrers: {
			"The registry fails when it is asked what refers to an image.",
			"Sigstore bundles are found that way. A registry without this interface says 404, and clients use a tag instead; this one says something else.",
			"Ask whoever runs the registry; until then keep to signature tags (cosign 2, or --new-bundle-format=false).",
		},
		actions.CodeManifestLimit: {
			"The image has nearly as many signatures as its registry takes.",
			"All signatures of a signature tag are in one manifest, and registries limit its size, often to 4 MiB.",
			"Remove old ones, keep new ones as bundles (cosign 3), or use a registry with a higher limit.",
		},
		actions.CodeDiskLow: {
			"There is little room left on the disk of the state directory.",
			"The sandbox, trust roots, packs and progress lie there.",
			"Free some space, or name another directory with --dir.",
		},
		actions.CodeCosignUnusable: {
			"The cosign on the PATH does not run.",
			"It is for another kind of computer, damaged, or not cosign.",
			"Install it anew, or take it off the PATH: `sigwalk cosign` has one built in.",
		},
		actions.CodeCosignOld: {
			"The cosign on the PATH is too old.",
			"Before version 2 it knows neither today's trust roots nor today's flags.",
			"Install version 2 or 3, or use the built-in one: `sigwalk cosign`.",
		},
	}
}
